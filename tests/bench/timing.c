/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timing.c - wall time, CPU time and memory of whole commands, compared in one run.
 *
 *     timing ROUNDS GAP_MS -- NAME COMMAND… -- NAME COMMAND…
 *
 * Commands take turns (A B B A …), so that a load that comes and goes hits all of them. Each measured run comes after
 * an unmeasured one of its own kind: at once (GAP_MS 0, "hot"), or after the machine has rested that long ("spaced").
 * CPU time and memory are those of the command and of all its children that it waited for (wait4). Prints one line per command:
 *
 *     NAME wall-median-us wall-min-us cpu-median-us cpu-min-us peak-KiB
 *
 * A command that fails ends the measurement: a fast error is no result.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_COMMANDS = 8, MOST_ROUNDS = 100000 };

struct command {
	const char *name;
	char **argv;
	int64_t *wall_us;
	int64_t *cpu_us;
	long peak_kib;
};

static int64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t micros(const struct timeval *t)
{
	return (int64_t)t->tv_sec * 1000000 + t->tv_usec;
}

static _Noreturn void become(char **argv)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		_exit(125);
	if (argv[0])
		execvp(argv[0], argv);
	_exit(127);
}

/* Runs it once; the figures go to *wall, *cpu. */
static int run_once(struct command *command, int64_t *wall, int64_t *cpu)
{
	int64_t start = now_us();
	struct rusage usage;
	pid_t pid = fork();
	int status;

	if (pid == 0)
		become(command->argv);
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid) {
		perror("timing: run");
		return -1;
	}
	*wall = now_us() - start;
	*cpu = micros(&usage.ru_utime) + micros(&usage.ru_stime);
	if (usage.ru_maxrss > command->peak_kib)
		command->peak_kib = usage.ru_maxrss;
	if (status) {
		fprintf(stderr, "timing: %s failed (wait status %#x)\n", command->name, (unsigned)status);
		return -1;
	}
	return 0;
}

static int measure(struct command *command, int round, int gap_ms)
{
	int64_t wall, cpu;

	/* What a run leaves to the kernel (namespaces, cgroups) is still being cleared when the next begins:
	 * each pays for its own kind. */
	if (run_once(command, &wall, &cpu))
		return -1;
	if (gap_ms)
		(void)usleep((useconds_t)gap_ms * 1000); /* a signal only shortens it */
	return run_once(command, &command->wall_us[round], &command->cpu_us[round]);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void print_result(struct command *command, size_t rounds)
{
	qsort(command->wall_us, rounds, sizeof(*command->wall_us), by_value);
	qsort(command->cpu_us, rounds, sizeof(*command->cpu_us), by_value);
	printf("%s %jd %jd %jd %jd %ld\n", command->name, (intmax_t)command->wall_us[rounds / 2], (intmax_t)command->wall_us[0],
	       (intmax_t)command->cpu_us[rounds / 2], (intmax_t)command->cpu_us[0], command->peak_kib);
}

/* Cuts argv at each "--": a name and a command behind it. */
static int read_commands(char **argv, int rounds, struct command *commands)
{
	int count = 0;

	for (; *argv; argv++) {
		if (strcmp(*argv, "--") != 0)
			continue;
		if (count == MOST_COMMANDS || !argv[1] || !argv[2] || strcmp(argv[2], "--") == 0)
			return -1;
		*argv = NULL;
		commands[count].name = argv[1];
		commands[count].argv = argv + 2;
		commands[count].wall_us = calloc((size_t)rounds, sizeof(int64_t));
		commands[count].cpu_us = calloc((size_t)rounds, sizeof(int64_t));
		if (!commands[count].wall_us || !commands[count].cpu_us)
			return -1;
		argv++;
		count++;
	}
	return count;
}

int main(int argc, char **argv)
{
	static struct command commands[MOST_COMMANDS];
	long rounds = argc > 3 ? strtol(argv[1], NULL, 10) : 0;
	long gap_ms = argc > 3 ? strtol(argv[2], NULL, 10) : -1;
	int count = rounds > 0 && rounds <= MOST_ROUNDS ? read_commands(argv + 3, (int)rounds, commands) : -1;

	if (count < 1 || gap_ms < 0 || gap_ms > 10000) {
		fprintf(stderr, "usage: timing ROUNDS GAP_MS -- NAME COMMAND... [-- NAME COMMAND...]\n");
		return 2;
	}
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < count; i++)
			if (measure(&commands[round % 2 ? count - 1 - i : i], round, (int)gap_ms))
				return 1;
	for (int i = 0; i < count; i++)
		print_result(&commands[i], (size_t)rounds);
	return 0;
}
