/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logs.c - what an app in the background wrote.
 */
#include "runtime/apps/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/apps/apps.h"
#include "runtime/logs/log_merge.h"
#include "runtime/state/state.h"
#include "runtime/supervise/app_settings.h"

struct following {
	const struct places *places;
	const char *name;
	int definition;
	const struct log_hearer *hearer;
};

static int hear(const struct log_record *record, const char *json, size_t length, void *data, struct error *e)
{
	const struct following *f = data;

	return f->hearer->hear(record, json, length, f->hearer->data, e);
}

static void missed(uint64_t files, void *data)
{
	const struct following *f = data;

	f->hearer->missed(files, f->hearer->data);
}

/* While it is wanted it may be started, and while there is a state folder it is being ended. A definition that was removed wants
 * nothing. */
static bool goes_on(void *data)
{
	const struct following *f = data;

	(void)f->hearer->goes_on(f->hearer->data);
	return wanted_read(f->definition) || state_exists(f->places, f->name);
}

static int refuse_journal(const char *name, const struct log_question *question, struct error *e)
{
	error_set(e, ERROR_UNSUPPORTED, "read the log of %s: its driver is journald", name);
	return error_hint(e, "journalctl %sCONTAINER_NAME=%s", question->follow ? "-f " : "", name);
}

/* Opens its folder, and that of its log: *ret_log is -1 where it has written nothing yet. */
static int open_log(const struct places *places, const char *name, const struct log_question *question, int *ret_definition, int *ret_log,
		    struct error *e)
{
	struct app_settings settings = { 0 };
	autoclose int definition = apps_open(places, name, &settings, e), folder = -1;
	bool is_journal = definition >= 0 && strcmp(settings.log_driver, "journald") == 0;

	app_settings_release(&settings);
	if (definition < 0)
		return -1;
	if (is_journal)
		return refuse_journal(name, question, e);
	folder = openat(definition, "log", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0 && errno != ENOENT)
		return error_sys(e, "open the log of %s", name);
	*ret_definition = take_fd(&definition);
	*ret_log = take_fd(&folder);
	return 0;
}

int logs_read(const struct places *places, const char *name, const struct log_question *question, const struct log_hearer *hearer,
	      struct error *e)
{
	struct following following = { places, name, -1, hearer };
	const struct log_hearer between = { .hear = hear, .goes_on = goes_on, .missed = missed, .data = &following };
	autoclose int definition = -1, folder = -1;

	if (open_log(places, name, question, &definition, &folder, e))
		return -1;
	following.definition = definition;
	return folder >= 0 && log_read(folder, question, &between, e) ? error_in(e, "read the log of %s", name) : 0;
}

static int open_all(const struct places *places, const struct list *names, const struct log_question *question,
		    const struct log_hearer *hearers, struct log_source *sources, size_t *count, struct error *e)
{
	for (size_t i = 0; i < names->count; i++) {
		autoclose int definition = -1;
		int folder = -1;

		if (open_log(places, names->items[i], question, &definition, &folder, e))
			return -1;
		if (folder >= 0)
			sources[(*count)++] = (struct log_source){ folder, &hearers[i] };
	}
	return 0;
}

int logs_read_all(const struct places *places, const struct list *names, const struct log_question *question,
		  const struct log_hearer *hearers, struct error *e)
{
	struct log_source *sources = alloc_zeroed(names->count, sizeof *sources);
	size_t count = 0;
	int result;

	(void)process_most_files(); /* two of each are open */
	result = open_all(places, names, question, hearers, sources, &count, e) || log_merge(sources, count, question, e) ? -1 : 0;
	for (size_t i = 0; i < count; i++)
		close(sources[i].folder);
	free(sources);
	return result;
}
