/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit_words.c - how a run of an app ended, in words.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/names.h"
#include "base/number.h"
#include "runtime/exits/exit_record.h"
#include "runtime/supervise/health_record.h"
#include "runtime/supervise/job_plan.h"

enum { CHECKS_SHOWN = 3, OUTPUT_SHOWN = 200, DISK_LEFT = 64 << 10 };

static void add(struct exit_reasons *ret, const char *field, char *text)
{
	struct exit_reason *reason = alloc_append(&ret->items, &ret->count, sizeof *reason);

	*reason = (struct exit_reason){ .text = text, .field = field };
}

void exit_reasons_release(struct exit_reasons *reasons)
{
	for (size_t i = 0; i < reasons->count; i++)
		free(reasons->items[i].text);
	free(reasons->items);
	*reasons = (struct exit_reasons){ 0 };
}

static void add_duration(int64_t ms, struct text *ret)
{
	int64_t seconds = ms / 1000;

	if (ms < 1000)
		text_addf(ret, "%jd ms", (intmax_t)ms);
	else if (seconds < 60)
		text_addf(ret, "%jd.%jds", (intmax_t)seconds, (intmax_t)(ms % 1000 / 100));
	else if (seconds < 3600)
		text_addf(ret, "%jdm %jds", (intmax_t)seconds / 60, (intmax_t)seconds % 60);
	else if (seconds < 86400)
		text_addf(ret, "%jdh %jdm", (intmax_t)seconds / 3600, (intmax_t)seconds / 60 % 60);
	else
		text_addf(ret, "%jd days", (intmax_t)seconds / 86400);
}

static bool was_killed(const struct exit_record *record)
{
	return text_equal(record->stopped_by, EXIT_BY_KILL);
}

static bool was_ill(const struct exit_record *record)
{
	return text_equal(record->stopped_by, "health");
}

char *exit_record_headline(const struct exit_record *record)
{
	struct text line = { 0 };

	if (record->failure.text) {
		text_add(&line, "could not be started");
		return text_take(&line);
	}
	if (text_equal(record->stopped_by, EXIT_BY_REBOOT)) {
		text_add(&line, "ended with the host: the host rebooted, or lost its power, and nobody saw how");
		return text_take(&line);
	}
	if (!record->started && !record->ran_ms && record->code < 0 && !record->signal) {
		text_add(&line, "began, and nobody saw its end: all of box's processes were killed, or its state folder was removed");
		return text_take(&line);
	}
	if (record->signal)
		text_addf(&line, "ended by %s", signal_name((int)record->signal));
	else if (record->code >= 0)
		text_addf(&line, "ended with exit code %jd", (intmax_t)record->code);
	else
		text_add(&line, "ended, and nobody saw how");
	text_add(&line, " after ");
	add_duration(record->ran_ms, &line);
	if (was_ill(record))
		text_add(&line, ": it was unhealthy, and box asked it to end");
	else if (was_killed(record))
		text_add(&line, ": sent by " EXIT_BY_KILL);
	else if (record->stopped_by)
		text_addf(&line, ": asked to end by %s", record->stopped_by);
	else if (record->oom_kills)
		text_add(&line, ": out of memory");
	return text_take(&line);
}

static void explain_memory(const struct exit_record *record, struct exit_reasons *ret)
{
	struct text line = { 0 };
	char limit[32], peak[32];

	if (record->oom_kills <= 0)
		return;
	text_add(&line, "out of memory: ");
	if (record->memory_max > 0)
		text_addf(&line, "the limit is %s (resources.limits.memory)", size_format((uint64_t)record->memory_max, limit));
	else
		text_add(&line, "the host has none left");
	if (record->memory_peak > 0)
		text_addf(&line, ", the peak was %s", size_format((uint64_t)record->memory_peak, peak));
	if (record->victim)
		text_addf(&line, "; the kernel killed %s", record->victim);
	else
		text_addf(&line, "; the kernel killed %jd process%s", (intmax_t)record->oom_kills, record->oom_kills == 1 ? "" : "es");
	add(ret, record->memory_max > 0 ? "resources.limits.memory" : NULL, text_take(&line));
}

static void explain_pids(const struct exit_record *record, struct exit_reasons *ret)
{
	intmax_t refused = (intmax_t)record->pids_refused;

	if (refused > 0)
		add(ret, "resources.limits.pids",
		    text_format("the limit of %jd processes (resources.limits.pids) was reached: %jd new process%s refused",
				(intmax_t)record->pids_max, refused, refused == 1 ? " was" : "es were"));
}

static void explain_network(const struct exit_record *record, struct exit_reasons *ret)
{
	if (record->sought_network && record->code != 0)
		add(ret, "network_mode",
		    alloc_copy("the program tried to reach a network and has none: \"network_mode\": \"private\" gives it one with a way out, "
			       "\"networks\": [\"NAME\"] one with others"));
}

/* What programs say in their last lines where the kernel refused something that the file, or the lack of ids, takes away. */
static void explain_complaints(const struct exit_record *record, struct exit_reasons *ret)
{
	static const char read_only[] = "it says that it cannot write: with \"read_only\" only /tmp, /run and writable volumes can be; "
					"\"tmpfs\": [\"/FOLDER\"] adds a folder, a volume one that lasts";
	static const char no_space[] = "it says that a file system is full: box system df shows what takes the space, box prune makes some";
	static const char no_id[] = "it says that it cannot become a user, or give a file to one: that id does not exist inside; an ordinary "
				    "user without subordinate ids has root's alone (box doctor says how to get them)";
	static const char no_port[] = "it says that it may not listen there: on the host's network, ports below "
				      "net.ipv4.ip_unprivileged_port_start (1024) are for the host's root, and root inside is another user";
	static const struct {
		const char *act, *why; /* both stand in one line */
		const char *field, *text;
	} complaints[] = {
		{ "", "Read-only file system", "read_only", read_only },
		{ "", "No space left on device", NULL, no_space },
		{ "", "ENOSPC", NULL, no_space },
		{ "", "Disk quota exceeded", NULL, no_space },
		{ "bind", "Permission denied", "network_mode", no_port },
		{ "chown", "Invalid argument", NULL, no_id },
		{ "changing ownership", "Invalid argument", NULL, no_id },
		{ "setgid", "Invalid argument", NULL, no_id },
		{ "setresgid", "Invalid argument", NULL, no_id },
		{ "switching to", "invalid argument", NULL, no_id },
	};

	for (size_t i = 0; record->code > 0 && !record->stopped_by && i < sizeof complaints / sizeof *complaints; i++)
		for (size_t k = 0; k < record->lines.count; k++) {
			const char *line = record->lines.items[k];

			if (!strstr(line, complaints[i].act) || !strstr(line, complaints[i].why))
				continue;
			add(ret, complaints[i].field, alloc_copy(complaints[i].text));
			return;
		}
}

/* What is left is less than a program writes at a time. */
static void explain_disk_limit(const struct exit_record *record, struct exit_reasons *ret)
{
	char limit[32], used[32];

	if (record->disk_max <= 0 || record->disk_used + DISK_LEFT < record->disk_max)
		return;
	add(ret, "resources.limits.disk",
	    text_format("its writable layer is full: the limit is %s (resources.limits.disk), %s are used",
			size_format((uint64_t)record->disk_max, limit), size_format((uint64_t)record->disk_used, used)));
}

/* A circumstance, which may be the cause: whoever ends for it seldom says so in its code. */
static void explain_disk(const struct exit_record *record, struct exit_reasons *ret)
{
	for (size_t i = 0; i < record->full.count; i++)
		add(ret, NULL, text_format("the disk was full at its end (ENOSPC): %s", record->full.items[i]));
}

static void explain_failure(const struct exit_record *record, struct exit_reasons *ret)
{
	if (record->failure.text)
		add(ret, record->failure.field, alloc_copy(record->failure.text));
	if (record->failure.hint)
		add(ret, NULL, text_format("hint: %s", record->failure.hint));
}

/* Signals that a program brings upon itself; and the one that everybody else sends who has lost patience. */
static void explain_signal(const struct exit_record *record, struct exit_reasons *ret)
{
	static const int own_faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP };
	int number = (int)record->signal;

	for (size_t i = 0; i < sizeof own_faults / sizeof *own_faults; i++)
		if (number == own_faults[i])
			add(ret, NULL, text_format("%s is the program's own doing: it crashed%s", signal_name(number),
						   record->core ? ", and left a core" : ""));
	if (record->code > 128 && signal_name((int)record->code - 128)[0] == 'S')
		add(ret, NULL, text_format("code %jd is how a shell, or box's init, says that a child of it was ended by %s",
					   (intmax_t)record->code, signal_name((int)record->code - 128)));
	if (number == SIGKILL && !record->oom_kills && !record->stopped_by)
		add(ret, NULL, alloc_copy("somebody sent SIGKILL: neither box nor the kernel for want of memory"));
	else if (number == SIGKILL && record->stopped_by && !was_killed(record))
		add(ret, "stop_grace_period",
		    alloc_copy("it was killed: it had not ended by its stop_signal within stop_grace_period, or, as process 1 without a "
			       "handler, cannot hear that signal (\"init\": true helps)"));
}

static void explain_timeout(const struct exit_record *record, struct exit_reasons *ret)
{
	if (text_equal(record->stopped_by, JOB_TIMEOUT))
		add(ret, "schedule.timeout", alloc_copy("this run took longer than its schedule allows (schedule.timeout), and is not tried again "
							"before its next time"));
}

static char *check_words(const struct exit_check *check)
{
	struct text line = { 0 };
	size_t length = check->output ? strlen(check->output) : 0;

	if (check->code == HEALTH_TOO_LATE)
		text_add(&line, "no answer after ");
	else
		text_addf(&line, "%s (code %jd) after ", check->code ? "failed" : "passed", (intmax_t)check->code);
	add_duration(check->lasted_ms, &line);
	while (length && check->output[length - 1] == '\n')
		length--;
	if (length) {
		text_add(&line, ": ");
		text_add_escaped(&line, check->output, length < OUTPUT_SHOWN ? length : OUTPUT_SHOWN);
	}
	return text_take(&line);
}

static void explain_health(const struct exit_record *record, struct exit_reasons *ret)
{
	intmax_t streak = (intmax_t)record->health.streak;

	if (!record->health.status || strcmp(record->health.status, "healthy") == 0)
		return;
	if (streak)
		add(ret, was_ill(record) ? "healthcheck" : NULL, text_format("it was %s: %jd check%s failed in a row", record->health.status,
									    streak, streak == 1 ? "" : "s"));
	else
		add(ret, NULL, text_format("its health check had not passed yet (%s)", record->health.status));
	for (size_t i = 0; i < record->health.check_count && i < CHECKS_SHOWN; i++) {
		autofree char *words = check_words(&record->health.checks[i]);

		add(ret, NULL, text_format("check at %.19sZ %s", record->health.checks[i].began, words));
	}
}

static void explain_refused(const struct exit_record *record, struct exit_reasons *ret)
{
	struct text line = { 0 };

	if (!record->refused.count)
		return;
	text_add(&line, "system calls that its seccomp profile refused:");
	for (size_t i = 0; i < record->refused.count; i++) {
		const char *item = record->refused.items[i];
		int length = (int)strcspn(item, "=");

		text_addf(&line, "%s %.*s (%s)", i ? "," : "", length, item, item[length] ? item + length + 1 : "?");
	}
	add(ret, "security.seccomp", text_take(&line));
}

void exit_record_reasons(const struct exit_record *record, struct exit_reasons *ret)
{
	explain_failure(record, ret);
	explain_timeout(record, ret);
	explain_memory(record, ret);
	explain_pids(record, ret);
	explain_network(record, ret);
	explain_disk_limit(record, ret);
	explain_disk(record, ret);
	explain_complaints(record, ret);
	explain_signal(record, ret);
	explain_health(record, ret);
	explain_refused(record, ret);
}
