/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit_record.c - how a run of an app ended: the file.
 */
#include "runtime/exits/exit_record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "base/reserve.h"
#include "runtime/supervise/health_record.h"
#include "specs/field.h"

#define EXITS "exits"
#define RESERVE "next" /* in there: room for one */

enum { RECORD_LIMIT = 1 << 20, RESERVED = 32 << 10 };

#define AT(member) offsetof(struct exit_check, member)
static const struct field check_fields[] = {
	{ "began", FIELD_TEXT, AT(began), .help = "when it began" },
	{ "lasted_ms", FIELD_INTEGER, AT(lasted_ms), .max = INT64_MAX, .help = "how long it took" },
	{ "code", FIELD_INTEGER, AT(code), .min = -1, .max = 255, .help = "0: good; -1: it was too late" },
	{ "output", FIELD_TEXT, AT(output), .help = "what it wrote" },
	{ 0 },
};
#undef AT

#define AT(member) (offsetof(struct exit_record, failure.member) - offsetof(struct exit_record, failure))
static const struct field failure_fields[] = {
	{ "text", FIELD_TEXT, AT(text), .help = "why it could not be started" },
	{ "hint", FIELD_TEXT, AT(hint), .help = "what to do about it" },
	{ "field", FIELD_TEXT, AT(field), .help = "the field of app.json" },
	{ 0 },
};
#undef AT

#define AT(member) (offsetof(struct exit_record, health.member) - offsetof(struct exit_record, health))
static const struct field health_fields[] = {
	{ "status", FIELD_TEXT, AT(status), .help = "starting, healthy or unhealthy" },
	{ "streak", FIELD_INTEGER, AT(streak), .max = INT64_MAX, .help = "failures in a row" },
	{ "checks", FIELD_OBJECT_LIST, AT(checks), .sub = check_fields, .size = sizeof(struct exit_check), .count_offset = AT(check_count),
	  .help = "the last ones" },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct exit_record, member)
static const struct field record_fields[] = {
	{ "number", FIELD_INTEGER, AT(number), .flags = FIELD_OPEN, .min = 1, .max = INT64_MAX, .help = "of the run" },
	{ "name", FIELD_TEXT, AT(name), .help = "the app" },
	{ "image", FIELD_TEXT, AT(image), .help = "what it was made from" },
	{ "spec_file", FIELD_TEXT, AT(spec_file), .help = "the file that describes it" },
	{ "started", FIELD_TEXT, AT(started), .help = "when it started" },
	{ "ended", FIELD_TEXT, AT(ended), .help = "when it ended" },
	{ "ran_ms", FIELD_INTEGER, AT(ran_ms), .max = INT64_MAX, .help = "how long it ran" },
	{ "code", FIELD_INTEGER, AT(code), .min = -1, .max = 255, .help = "exit code" },
	{ "signal", FIELD_INTEGER, AT(signal), .max = 64, .help = "signal that ended it" },
	{ "core", FIELD_BOOL, AT(core), .help = "a core was dumped" },
	{ "stopped_by", FIELD_TEXT, AT(stopped_by), .help = "who asked for the end" },
	{ "oom_kills", FIELD_INTEGER, AT(oom_kills), .max = INT64_MAX, .help = "processes killed for want of memory" },
	{ "memory_max", FIELD_INTEGER, AT(memory_max), .max = INT64_MAX, .help = "its limit of memory" },
	{ "memory_peak", FIELD_INTEGER, AT(memory_peak), .max = INT64_MAX, .help = "the most that it used" },
	{ "victim", FIELD_TEXT, AT(victim), .help = "the process that the kernel killed" },
	{ "pids_max", FIELD_INTEGER, AT(pids_max), .max = INT64_MAX, .help = "its limit of processes" },
	{ "pids_refused", FIELD_INTEGER, AT(pids_refused), .max = INT64_MAX, .help = "processes that this limit refused" },
	{ "sought_network", FIELD_BOOL, AT(sought_network), .help = "it tried to reach a network and has none" },
	{ "failure", FIELD_OBJECT, AT(failure), .sub = failure_fields, .help = "why it could not be started" },
	{ "health", FIELD_OBJECT, AT(health), .sub = health_fields, .help = "its health at the end" },
	{ "refused", FIELD_MAP, AT(refused), .help = "refused system calls and how often" },
	{ "disk_max", FIELD_INTEGER, AT(disk_max), .max = INT64_MAX, .help = "the limit of its writable layer" },
	{ "disk_used", FIELD_INTEGER, AT(disk_used), .max = INT64_MAX, .help = "what was in it" },
	{ "full", FIELD_TEXT_LIST, AT(full), .flags = FIELD_SPARSE, .help = "what of it lay on a full file system" },
	{ "lines", FIELD_TEXT_LIST, AT(lines), .help = "the last lines that it wrote" },
	{ 0 },
};
#undef AT

void exit_record_release(struct exit_record *record)
{
	int saved = errno;

	field_release(record_fields, record);
	errno = saved;
}

char *exit_record_time(int64_t ms)
{
	char words[CLOCK_TEXT];

	clock_print(ms / 1000, ms % 1000 * 1000000, /* digits= */ 3, words);
	return alloc_copy(words);
}

void exit_record_fail(struct exit_record *record, const struct error *failure)
{
	record->failure.text = alloc_copy(failure->text);
	record->failure.hint = alloc_copy(*failure->hint ? failure->hint : NULL);
	record->failure.field = alloc_copy(*failure->field ? failure->field : NULL);
}

void exit_record_add_health(struct exit_record *record, const struct health_record *health)
{
	if (health->status == HEALTH_UNCHECKED)
		return;
	record->health.status = alloc_copy(health_word(health->status));
	record->health.streak = health->streak;
	for (uint32_t i = 0; i < health_record_kept(health); i++) {
		const struct health_result *result = health_record_result(health, i);
		size_t length = result->length < HEALTH_OUTPUT ? result->length : HEALTH_OUTPUT;
		struct exit_check *check = alloc_append(&record->health.checks, &record->health.check_count, sizeof *check);

		*check = (struct exit_check){ .began = exit_record_time(result->began_ms), .lasted_ms = result->lasted_ms,
					      .code = result->code, .output = alloc_copy_bytes(result->output, length) };
	}
}

void exit_record_dump(const struct exit_record *record, struct text *ret)
{
	field_dump(record_fields, record, ret);
}

void exit_record_dump_line(const struct exit_record *record, struct text *ret)
{
	field_dump_line(record_fields, record, ret);
}

int exit_record_parse(const char *json, size_t length, struct exit_record *ret, struct error *e)
{
	struct exit_record record = { 0 };

	if (field_decode_text(json, length, "the record of an end", record_fields, &record, e)) {
		exit_record_release(&record);
		return -1;
	}
	*ret = record;
	return 0;
}

void exit_record_dump_health(const struct exit_record *record, struct text *ret)
{
	field_dump(health_fields, &record->health, ret);
}

/* The number of "12.json", 0 for every other name. */
static int64_t number_of(const char *file)
{
	autofree char *name = alloc_copy(file);
	char *dot = strchr(name, '.');
	int64_t number = 0;

	if (!dot || strcmp(dot, ".json") != 0)
		return 0;
	*dot = '\0';
	return number_parse(name, 1, INT64_MAX, &number) ? 0 : number;
}

static int by_number(const void *a, const void *b)
{
	int64_t one = *(const int64_t *)a, two = *(const int64_t *)b;

	return one < two ? -1 : one > two;
}

/* Those that there are, lowest first. The caller frees *ret. */
static size_t list_numbers(int definition, int64_t **ret)
{
	autoclosedir DIR *folder = folder_open(definition, EXITS, O_NOFOLLOW);
	struct dirent *entry;
	size_t count = 0;

	*ret = NULL;
	while (folder && (entry = readdir(folder))) {
		int64_t number = number_of(entry->d_name);

		if (number)
			*(int64_t *)alloc_append(ret, &count, sizeof **ret) = number;
	}
	if (count)
		qsort(*ret, count, sizeof **ret, by_number);
	return count;
}

void exit_record_numbers(int definition, struct list *ret)
{
	autofree int64_t *numbers = NULL;
	size_t count = list_numbers(definition, &numbers);

	for (size_t i = 0; i < count; i++)
		list_addf(ret, "%jd", (intmax_t)numbers[i]);
}

static int open_exits(int definition, struct error *e)
{
	int folder;

	if (mkdirat(definition, EXITS, 0700) && errno != EEXIST)
		return error_sys(e, "make the folder of exit records");
	folder = openat(definition, EXITS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return folder < 0 ? error_sys(e, "open the folder of exit records") : folder;
}

int exit_record_reserve(int definition, struct error *e)
{
	autoclose int folder = open_exits(definition, e);

	return folder < 0 ? -1 : reserve_make(folder, RESERVE, RESERVED, e);
}

/* The file of another name becomes this one: it has an inode and, perhaps, enough blocks. */
static bool take_over(int folder, const char *other, const char *name, const struct text *json)
{
	struct error ignored = { 0 };

	return reserve_overwrite(folder, other, json->data, json->length, &ignored) == 0 && renameat(folder, other, folder, name) == 0;
}

/* On a full disk: the reserve, or else the oldest record, gives its place, if need be to a record without the older ones of its lines. */
static bool write_full(int folder, const char *name, const struct exit_record *record, int64_t oldest)
{
	autofree char *old = text_format("%jd.json", (intmax_t)oldest);
	struct exit_record shorter = *record; /* borrows everything */

	for (;; shorter.lines.items++, shorter.lines.count--) {
		autorelease(text) struct text json = { 0 };

		exit_record_dump(&shorter, &json);
		if (take_over(folder, RESERVE, name, &json) || (oldest && take_over(folder, old, name, &json)))
			return true;
		if (!shorter.lines.count)
			return false;
	}
}

static int write_file(int folder, const char *name, const struct exit_record *record, int64_t oldest, struct error *e)
{
	autorelease(text) struct text json = { 0 };
	struct error ignored = { 0 };

	exit_record_dump(record, &json);
	if (file_replace(folder, name, json.data, json.length, 0600, e) == 0) {
		(void)reserve_make(folder, RESERVE, RESERVED, &ignored); /* where it was taken; the next record tries again */
		return 0;
	}
	if ((e->sys != ENOSPC && e->sys != EDQUOT) || !write_full(folder, name, record, oldest))
		return -1;
	error_clear(e);
	return 0;
}

int exit_record_write(int definition, const struct exit_record *record, struct error *e)
{
	autoclose int folder = open_exits(definition, e);
	autofree char *name = text_format("%jd.json", (intmax_t)record->number);
	autofree int64_t *numbers = NULL;
	size_t count;

	if (folder < 0)
		return -1;
	count = list_numbers(definition, &numbers);
	if (write_file(folder, name, record, count ? numbers[0] : 0, e))
		return error_in(e, "keep how %s ended", record->name);
	free(take_ptr(&numbers));
	count = list_numbers(definition, &numbers);
	for (size_t i = 0; i + EXITS_KEPT < count; i++) {
		autofree char *old = text_format("%jd.json", (intmax_t)numbers[i]);

		(void)unlinkat(folder, old, 0); /* what cannot be removed now goes with the next one */
	}
	return 0;
}

int exit_record_read(int definition, int64_t number, struct exit_record *ret, struct error *e)
{
	autorelease(text) struct text json = { 0 };
	autofree int64_t *numbers = NULL;
	size_t count = list_numbers(definition, &numbers);
	autofree char *name = NULL;

	if (!count)
		return error_set(e, ERROR_MISSING, "no run of it has ended yet");
	name = text_format(EXITS "/%jd.json", (intmax_t)(number ? number : numbers[count - 1]));
	if (file_read(definition, name, RECORD_LIMIT, &json, e)) {
		if (e->sys != ENOENT)
			return -1;
		error_set(e, ERROR_MISSING, "run %jd has no record", (intmax_t)number);
		return error_hint(e, "those of runs %jd to %jd are kept", (intmax_t)numbers[0], (intmax_t)numbers[count - 1]);
	}
	return exit_record_parse(json.data ? json.data : "", json.length, ret, e) ? error_in(e, "read %s", name) : 0;
}
