/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timing.c - wall time, CPU time and memory of whole commands, compared in one run.
 *
 *     timing ROUNDS GAP_MS AT_ONCE -- NAME COMMAND… [++ COMMAND…]… -- NAME COMMAND…
 *
 * Commands take turns (A B B A …), so that a load that comes and goes hits all of them. Each measured run comes after
 * an unmeasured one of its own kind: at once (GAP_MS 0, "hot"), or after the machine has rested that long ("spaced").
 * A run is one command, or several one after another (++), or AT_ONCE of one command side by side; "@" in a word becomes
 * the number of the one among these. CPU time is that of all processes: what a command leaves behind (a container that it
 * created) comes to this process at its end, and is counted. Wall time ends with the last command. Prints one line per name:
 *
 *     NAME wall-median-us wall-min-us wall-max-us cpu-median-us cpu-min-us cpu-max-us peak-KiB
 *
 * A command that fails ends the measurement: a fast error is no result.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_COMMANDS = 8, MOST_STEPS = 8, MOST_AT_ONCE = 1000, MOST_ROUNDS = 100000 };

struct command {
	const char *name;
	char **steps[MOST_STEPS];
	int step_count;
	int64_t *wall_us;
	int64_t *cpu_us;
	long peak_kib;
};

/* How every command is run. */
struct plan {
	long rounds, gap_ms, at_once;
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

/* The words with "@" replaced. The process that does it ends in execve. */
static void number_words(char **argv, int number)
{
	for (; *argv; argv++) {
		char *at = strchr(*argv, '@'), *word = NULL;

		if (at && asprintf(&word, "%.*s%d%s", (int)(at - *argv), *argv, number, at + 1) > 0)
			*argv = word;
	}
}

static _Noreturn void become(char **argv, int number)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		_exit(125);
	number_words(argv, number);
	if (argv[0])
		execvp(argv[0], argv);
	_exit(127);
}

static pid_t start(char **argv, int number)
{
	pid_t pid = fork();

	if (pid == 0)
		become(argv, number);
	if (pid < 0)
		perror("timing: fork");
	return pid;
}

/* Waits for pid, or for whichever ends next (-1); its figures are added. The pid, or -1: nobody is left. */
static pid_t reap(struct command *command, pid_t pid, int64_t *cpu, int *ret_status)
{
	struct rusage usage;

	pid = wait4(pid, ret_status, 0, &usage);
	if (pid < 0)
		return -1;
	*cpu += micros(&usage.ru_utime) + micros(&usage.ru_stime);
	if (usage.ru_maxrss > command->peak_kib)
		command->peak_kib = usage.ru_maxrss;
	return pid;
}

/* One step, at_once times side by side. */
static int run_step(struct command *command, char **argv, int at_once, int64_t *cpu)
{
	pid_t pids[MOST_AT_ONCE];
	int failed = 0, status;

	for (int i = 0; i < at_once; i++)
		if ((pids[i] = start(argv, i)) < 0)
			return -1;
	for (int i = 0; i < at_once; i++) {
		if (reap(command, pids[i], cpu, &status) == pids[i] && status == 0)
			continue;
		fprintf(stderr, "timing: %s failed (wait status %#x)\n", command->name, (unsigned)status);
		failed = -1;
	}
	return failed;
}

/* Runs it once; the figures go to *wall, *cpu. */
static int run_once(struct command *command, int at_once, int64_t *wall, int64_t *cpu)
{
	int64_t begun = now_us();
	int status;

	*cpu = 0;
	for (int i = 0; i < command->step_count; i++)
		if (run_step(command, command->steps[i], at_once, cpu))
			return -1;
	*wall = now_us() - begun;
	while (reap(command, -1, cpu, &status) > 0)
		continue;
	return 0;
}

static int measure(struct command *command, int round, const struct plan *plan)
{
	int64_t wall, cpu;

	/* What a run leaves to the kernel (namespaces, cgroups) is still being cleared when the next begins:
	 * each pays for its own kind. */
	if (run_once(command, (int)plan->at_once, &wall, &cpu))
		return -1;
	if (plan->gap_ms)
		(void)usleep((useconds_t)plan->gap_ms * 1000); /* a signal only shortens it */
	return run_once(command, (int)plan->at_once, &command->wall_us[round], &command->cpu_us[round]);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void print_figure(int64_t *figures, size_t count)
{
	qsort(figures, count, sizeof *figures, by_value);
	printf(" %jd %jd %jd", (intmax_t)figures[count / 2], (intmax_t)figures[0], (intmax_t)figures[count - 1]);
}

static void print_result(struct command *command, size_t rounds)
{
	printf("%s", command->name);
	print_figure(command->wall_us, rounds);
	print_figure(command->cpu_us, rounds);
	printf(" %ld\n", command->peak_kib);
}

/* Adds a step that begins with the word behind a separator. False where there is none, or no room for it. */
static bool add_step(struct command *command, char **word)
{
	if (command->step_count == MOST_STEPS || !word[0] || strcmp(word[0], "--") == 0 || strcmp(word[0], "++") == 0)
		return false;
	command->steps[command->step_count++] = word;
	return true;
}

/* Cuts argv at each "--": a name and a command behind it; and at each "++": one more command. The count, or -1. */
static int read_commands(char **argv, long rounds, struct command *commands)
{
	int count = 0;

	for (; *argv; argv++) {
		bool is_new = strcmp(*argv, "--") == 0;

		if (!is_new && strcmp(*argv, "++") != 0)
			continue;
		*argv = NULL;
		if (is_new) {
			if (count == MOST_COMMANDS || !argv[1])
				return -1;
			commands[count].name = *++argv;
			commands[count].wall_us = calloc((size_t)rounds, sizeof(int64_t));
			commands[count].cpu_us = calloc((size_t)rounds, sizeof(int64_t));
			if (!commands[count].wall_us || !commands[count].cpu_us)
				return -1;
			count++;
		}
		if (!count || !add_step(&commands[count - 1], argv + 1))
			return -1;
	}
	return count;
}

static bool read_plan(int argc, char **argv, struct plan *ret)
{
	if (argc < 5)
		return false;
	*ret = (struct plan){ strtol(argv[1], NULL, 10), strtol(argv[2], NULL, 10), strtol(argv[3], NULL, 10) };
	return ret->rounds > 0 && ret->rounds <= MOST_ROUNDS && ret->gap_ms >= 0 && ret->gap_ms <= 10000 && ret->at_once > 0 &&
	       ret->at_once <= MOST_AT_ONCE;
}

int main(int argc, char **argv)
{
	static struct command commands[MOST_COMMANDS];
	struct plan plan = { 0 };
	int count = read_plan(argc, argv, &plan) ? read_commands(argv + 4, plan.rounds, commands) : -1;

	if (count < 1) {
		fprintf(stderr, "usage: timing ROUNDS GAP_MS AT_ONCE -- NAME COMMAND... [++ COMMAND...] [-- NAME COMMAND...]\n");
		return 2;
	}
	if (prctl(PR_SET_CHILD_SUBREAPER, 1)) {
		perror("timing: become the parent of what is left behind");
		return 1;
	}
	for (int round = 0; round < plan.rounds; round++)
		for (int i = 0; i < count; i++)
			if (measure(&commands[round % 2 ? count - 1 - i : i], round, &plan))
				return 1;
	for (int i = 0; i < count; i++)
		print_result(&commands[i], (size_t)plan.rounds);
	return 0;
}
