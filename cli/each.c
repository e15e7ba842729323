/* SPDX-License-Identifier: Apache-2.0 */
/*
 * each.c - a verb on several containers at once.
 *
 * A process for each, because everything below may wait. It puts its result into memory that it shares with its parent, which alone speaks.
 */
#include "cli/each.h"

#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "base/process.h"
#include "base/text.h"
#include "cli/audit.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "runtime/box.h"

enum { AT_ONCE = 32, PART = 1024 /* of the names, whose results are kept until they are reported */ };

struct result {
	bool is_over, has_failed;
	struct error e;
};

/* The work, and what came of it. */
struct work {
	const struct call *call;
	char *const *names;
	size_t count;
	const struct each *each;
	struct result *results; /* shared */
};

bool each_is_told(const struct call *call, const char *name)
{
	return !box_is_oci(call->places, name);
}

int each_tell(const char *name, struct error *e)
{
	autorelease(text) struct text line = { 0 };

	text_addf(&line, "%s\n", name);
	return report_text(&line, e);
}

static void act_on(const struct work *work, size_t i)
{
	struct result *result = &work->results[i];
	int done = work->each->act(work->call, work->names[i], work->each->data, &result->e);

	result->has_failed = done < 0 || (done == 0 && work->each->tells && each_tell(work->names[i], &result->e));
	result->is_over = true;
}

/* What is no name fails at once, here; and where no process can be made it is done here, too. */
static bool begin(const struct work *work, size_t i)
{
	struct error e = { 0 };
	pid_t pid;

	if (name_check(work->names[i], &e)) {
		act_on(work, i);
		return false;
	}
	pid = process_clone_bound(/* ret_pidfd= */ NULL, &e);
	if (pid == 0) {
		act_on(work, i);
		_exit(0);
	}
	if (pid < 0)
		act_on(work, i);
	return pid > 0;
}

static void run_all(const struct work *work)
{
	size_t running = 0;

	for (size_t i = 0; i < work->count; i++) {
		if (running == AT_ONCE && waitpid(-1, NULL, 0) > 0)
			running--;
		running += begin(work, i);
	}
	for (; running && waitpid(-1, NULL, 0) > 0; running--)
		continue;
}

/* The exit code. */
static int report_all(const struct work *work)
{
	int status = 0;

	for (size_t i = 0; i < work->count; i++) {
		struct result *result = &work->results[i];

		if (!result->is_over) {
			result->has_failed = true;
			error_set(&result->e, ERROR_INTERNAL, "%s %s: its process was ended", work->call->command->name,
				  work->names[i]);
		}
		if (result->has_failed)
			status = report_failure(&result->e);
	}
	return status;
}

/* Not one process for each of a hundred thousand words, nor memory for their errors. */
static int act_on_part(const struct work *work)
{
	memset(work->results, 0, work->count * sizeof *work->results);
	if (work->count == 1)
		act_on(work, 0);
	else
		run_all(work);
	return report_all(work);
}

int each_at_once(const struct call *call, const struct list *names, const struct each *each)
{
	size_t size = PART * sizeof(struct result);
	struct result *results = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct error e = { 0 };
	int status = 0, failed;

	if (results == MAP_FAILED) {
		error_sys(&e, "share memory for results");
		return report_failure(&e);
	}
	for (size_t i = 0; i < names->count; i++)
		audit_container(call->audit, names->items[i]);
	for (size_t at = 0; at < names->count; at += PART) {
		size_t count = names->count - at < PART ? names->count - at : PART;
		const struct work work = { call, names->items + at, count, each, results };

		failed = act_on_part(&work);
		status = failed ? failed : status;
	}
	(void)munmap(results, size); /* our own mapping */
	return status;
}
