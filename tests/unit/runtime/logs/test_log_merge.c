/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_log_merge.c - several logs as one, in the order of time.
 */
#include "runtime/logs/log_merge.h"

#include "base/alloc.h"
#include "runtime/logs/log_reader.h"
#include "tests/unit/runtime/log_fixture.h"

enum { LOGS = 5, RECORDS = 4000 /* each: more than a window */ };

/* Who speaks, and where to: "a first\n", and "a fir+" where the line goes on. */
struct listener {
	char name;
	struct text *all;
	const char *stop; /* a line at which it fails; NULL: none */
};

static int note_line(const struct log_record *record, const char *json, size_t length, void *data, struct error *e)
{
	const struct listener *listener = data;

	(void)json;
	(void)length;
	text_addf(listener->all, "%c %.*s%c", listener->name, (int)record->length, record->line, record->is_partial ? '+' : '\n');
	return listener->stop && record->length == strlen(listener->stop) && memcmp(record->line, listener->stop, record->length) == 0
		       ? error_set(e, ERROR_INTERNAL, "enough")
		       : 0;
}

static void note_missed(uint64_t files, void *data)
{
	const struct listener *listener = data;

	text_addf(listener->all, "%c missed %d\n", listener->name, (int)files);
}

static void add(struct text *to, int64_t ms, enum log_stream stream, const char *line, bool is_partial)
{
	char json[512];
	struct log_head head;

	log_head_make(&head, stream, ms * 1000000);
	text_add_bytes(to, json, log_record_write(json, &head, line, strlen(line), is_partial));
}

/* A log NAME in the folder, of these files. */
static int make_log(int folder, const char *name, struct text *files, unsigned count)
{
	struct error e = { 0 };
	int log;

	cr_assert_eq(mkdirat(folder, name, 0700), 0);
	log = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(log, 0);
	for (unsigned i = 0; i < count; i++) {
		autofree char *number = text_format("%u", i + 1);

		if (files[i].length)
			cr_assert_eq(file_replace(log, number, files[i].data, files[i].length, 0600, &e), 0, "%s", e.text);
		text_release(&files[i]);
	}
	return log;
}

static int merge(const int *logs, size_t count, const struct log_question *question, struct listener *listeners, struct error *e)
{
	struct log_hearer hearers[LOGS];
	struct log_source sources[LOGS];

	for (size_t i = 0; i < count; i++) {
		listeners[i].name = (char)('a' + i);
		hearers[i] = (struct log_hearer){ .hear = note_line, .missed = note_missed, .data = &listeners[i] };
		sources[i] = (struct log_source){ logs[i], &hearers[i] };
	}
	return log_merge(sources, count, question, e);
}

static void expect(const int *logs, size_t count, const struct log_question *question, const char *expected)
{
	autorelease(text) struct text heard = { 0 };
	struct listener listeners[LOGS];
	struct error e = { 0 };

	for (size_t i = 0; i < count; i++)
		listeners[i] = (struct listener){ .all = &heard };
	cr_assert_eq(merge(logs, count, question, listeners, &e), 0, "%s", e.text);
	cr_expect_str_eq(heard.data ? heard.data : "", expected);
}

static const struct log_question everything = { .tail = -1, .stream = -1 };

Test(log_merge, by_time_and_of_the_same_time_by_place)
{
	SCRATCH();
	struct text a = { 0 }, b = { 0 };
	struct text none = { 0 };
	int logs[3];
	char since[LOG_TIME], until[LOG_TIME];

	add(&a, 1, LOG_STDOUT, "one", false);
	add(&a, 5, LOG_STDERR, "five", false);
	add(&a, 6, LOG_STDOUT, "six", false);
	add(&b, 2, LOG_STDOUT, "two", false);
	add(&b, 5, LOG_STDOUT, "also five", false);
	add(&b, 9, LOG_STDERR, "nine", false);
	logs[0] = make_log(scratch, "a", &a, 1);
	logs[1] = make_log(scratch, "b", &b, 1);
	logs[2] = make_log(scratch, "c", &none, 1);
	expect(logs, 3, &everything, "a one\nb two\na five\nb also five\na six\nb nine\n");
	expect(logs, 2, &(struct log_question){ .tail = 1, .stream = -1 }, "a six\nb nine\n");
	expect(logs, 2, &(struct log_question){ .tail = 0, .stream = -1 }, "");
	expect(logs, 2, &(struct log_question){ .tail = -1, .stream = LOG_STDERR }, "a five\nb nine\n");
	expect(logs + 1, 1, &everything, "a two\na also five\na nine\n");
	expect(logs, 0, &everything, "");
	log_time_format(2000000, since);
	log_time_format(6000000, until);
	expect(logs, 2, &(struct log_question){ .tail = -1, .stream = -1, .since = since, .until = until }, "b two\na five\nb also five\n");
}

Test(log_merge, a_line_stays_in_one_piece)
{
	SCRATCH();
	struct text a = { 0 }, b = { 0 };
	int logs[2];

	add(&a, 1, LOG_STDOUT, "be", true);
	add(&a, 3, LOG_STDERR, "between", false);
	add(&a, 5, LOG_STDOUT, "gin", false);
	add(&a, 7, LOG_STDOUT, "no end", true);
	add(&b, 2, LOG_STDOUT, "two", false);
	add(&b, 8, LOG_STDOUT, "eight", false);
	logs[0] = make_log(scratch, "a", &a, 1);
	logs[1] = make_log(scratch, "b", &b, 1);
	expect(logs, 2, &everything, "a be+a between\na gin\nb two\na no end+b eight\n");
}

Test(log_merge, many_windows_damage_and_files_that_are_gone)
{
	SCRATCH();
	autorelease(text) struct text heard = { 0 };
	struct listener listeners[LOGS];
	struct error e = { 0 };
	int logs[LOGS];
	size_t at = 0;

	for (int n = 0; n < LOGS; n++) {
		struct text files[3] = { { 0 }, { 0 }, { 0 } };
		autofree char *name = text_format("%d", n), *garbage = alloc_zeroed(1, 300000);

		for (int i = 0; i < RECORDS; i++) {
			autofree char *line = text_format("%06d", i * LOGS + n);

			add(&files[i < RECORDS / 2 ? 0 : 2], i * LOGS + n, LOG_STDOUT, line, false);
		}
		memset(garbage, 'x', 300000);
		garbage[299999] = '\n';
		text_add_bytes(&files[0], garbage, 300000); /* more than the largest window */
		logs[n] = make_log(scratch, name, files, 3);
		listeners[n] = (struct listener){ .all = &heard };
	}
	cr_assert_eq(merge(logs, LOGS, &everything, listeners, &e), 0, "%s", e.text);
	for (int i = 0; i < LOGS * RECORDS; i++) {
		autofree char *expected = text_format("%c %06d\n", 'a' + i % LOGS, i);
		autofree char *missed = text_format("%c missed 1\n", 'a' + i % LOGS);

		if (i / LOGS == RECORDS / 2) {
			cr_assert(text_starts(heard.data + at, missed), "%.20s, not %s", heard.data + at, missed);
			at += strlen(missed);
		}
		cr_assert(text_starts(heard.data + at, expected), "%.20s, not %s", heard.data + at, expected);
		at += strlen(expected);
	}
	cr_expect_eq(at, heard.length);
}

Test(log_merge, who_has_heard_enough_ends_it)
{
	SCRATCH();
	autorelease(text) struct text heard = { 0 };
	struct text a = { 0 }, b = { 0 };
	struct listener listeners[2] = { { .all = &heard }, { .all = &heard, .stop = "two" } };
	struct error e = { 0 };
	int logs[2];

	add(&a, 1, LOG_STDOUT, "one", false);
	add(&a, 3, LOG_STDOUT, "three", false);
	add(&b, 2, LOG_STDOUT, "two", false);
	logs[0] = make_log(scratch, "a", &a, 1);
	logs[1] = make_log(scratch, "b", &b, 1);
	cr_expect_eq(merge(logs, 2, &everything, listeners, &e), -1);
	cr_expect_str_eq(e.text, "enough");
	cr_expect_str_eq(heard.data, "a one\nb two\n");
}
