/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_log_reader.c - the records of a log, from its end, from a time on, and while it is written.
 */
#include <pthread.h>
#include <time.h>

#include "runtime/logs/log_reader.h"
#include "tests/unit/runtime/log_fixture.h"

enum { FILES = 4, RECORDS = 5000 }; /* of each file: more than one window */

static int add_line(const struct log_record *record, const char *json, size_t length, void *data, struct error *e)
{
	struct text *ret = data;

	(void)json;
	(void)length;
	(void)e;
	text_add_bytes(ret, record->line, record->length);
	text_add(ret, record->is_partial ? "+" : "\n");
	return 0;
}

/* Files 3 to 6, of lines "FILE.NUMBER", one each millisecond since 1970, of which every third one went to stderr. */
static void make_log(int folder)
{
	char json[512];

	for (int n = 0; n < FILES; n++) {
		autorelease(text) struct text all = { 0 };
		autofree char *name = text_format("%d", n + 3);
		struct error e = { 0 };

		for (int i = 0; i < RECORDS; i++) {
			autofree char *line = text_format("%d.%d", n + 3, i);
			struct log_head head;

			log_head_make(&head, i % 3 ? LOG_STDOUT : LOG_STDERR, ((int64_t)n * RECORDS + i) * 1000000);
			text_add_bytes(&all, json, log_record_write(json, &head, line, strlen(line), false));
		}
		cr_assert_eq(file_replace(folder, name, all.data, all.length, 0600, &e), 0, "%s", e.text);
	}
}

static void read_log(int folder, const struct log_question *question, struct text *ret)
{
	const struct log_hearer hearer = { .hear = add_line, .data = ret };
	struct error e = { 0 };

	text_clear(ret);
	text_add(ret, "");
	cr_assert_eq(log_read(folder, question, &hearer, &e), 0, "%s", e.text);
}

/* Lines from, to and count of what was heard. */
static void expect(const struct text *heard, const char *first, const char *last, size_t count)
{
	autofree char *end = text_format("\n%s\n", last);
	size_t lines = 0;

	for (size_t i = 0; i < heard->length; i++)
		lines += heard->data[i] == '\n';
	cr_expect_eq(lines, count, "%zu lines, not %zu", lines, count);
	if (!count)
		return;
	cr_expect(text_starts(heard->data, first), "it begins with %.10s, not %s", heard->data, first);
	cr_expect(count == 1 || text_ends(heard->data, end), "it ends with %s", heard->data + heard->length - 10);
}

Test(log_reader, everything_and_the_tail)
{
	SCRATCH();
	autorelease(text) struct text heard = { 0 };
	static const struct {
		int64_t tail;
		int stream;
		const char *first;
		size_t count;
	} cases[] = {
		{ -1, -1, "3.0\n", FILES * RECORDS },
		{ 0, -1, "", 0 },
		{ 1, -1, "6.4999\n", 1 },
		{ 2, -1, "6.4998\n", 2 },
		{ RECORDS, -1, "6.0\n", RECORDS },
		{ RECORDS + 1, -1, "5.4999\n", RECORDS + 1 },
		{ 3 * RECORDS + 5, -1, "3.4995\n", 3 * RECORDS + 5 },
		{ 1 << 30, -1, "3.0\n", FILES * RECORDS },
		{ 1, LOG_STDERR, "6.4998\n", 1 },
		{ -1, LOG_STDERR, "3.0\n", FILES * (RECORDS / 3 + 1) },
		{ RECORDS / 3 + 2, LOG_STDERR, "5.4998\n", RECORDS / 3 + 2 },
	};

	make_log(scratch);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		read_log(scratch, &(struct log_question){ .tail = cases[i].tail, .stream = cases[i].stream }, &heard);
		expect(&heard, cases[i].first, cases[i].stream == LOG_STDERR ? "6.4998" : "6.4999", cases[i].count);
	}
}

Test(log_reader, since_and_until)
{
	SCRATCH();
	autorelease(text) struct text heard = { 0 };

	make_log(scratch);
	for (int64_t at = 0; at < (int64_t)FILES * RECORDS; at += at < 3 || at % RECORDS > RECORDS - 3 ? 1 : 499) {
		autofree char *first = text_format("%jd.%jd\n", (intmax_t)(3 + at / RECORDS), (intmax_t)(at % RECORDS));
		autofree char *last = text_format("%jd.%jd", (intmax_t)(3 + (at + 6) / RECORDS), (intmax_t)((at + 6) % RECORDS));
		size_t left = (size_t)(FILES * RECORDS - at);
		char since[LOG_TIME], until[LOG_TIME];

		log_time_format(at * 1000000 - (at ? 1 : 0), since);
		log_time_format((at + 7) * 1000000, until);
		read_log(scratch, &(struct log_question){ .tail = -1, .stream = -1, .since = since }, &heard);
		expect(&heard, first, "6.4999", left);
		read_log(scratch, &(struct log_question){ .tail = -1, .stream = -1, .since = since, .until = until }, &heard);
		expect(&heard, first, left > 7 ? last : "6.4999", left > 7 ? 7 : left);
		read_log(scratch, &(struct log_question){ .tail = 3, .stream = -1, .since = since, .until = until }, &heard);
		expect(&heard, "", left > 7 ? last : "6.4999", left < 3 ? left : 3);
		read_log(scratch, &(struct log_question){ .tail = 1 << 30, .stream = -1, .since = since }, &heard);
		expect(&heard, first, "6.4999", left);
	}
}

Test(log_reader, an_empty_folder_and_damage)
{
	SCRATCH();
	autorelease(text) struct text heard = { 0 }, junk = { 0 };
	struct error e = { 0 };

	for (int64_t tail = -1; tail < 2; tail++) {
		read_log(scratch, &(struct log_question){ .tail = tail, .stream = -1 }, &heard);
		cr_expect_eq(heard.length, 0u);
	}
	/* Between two records: half a mebibyte of zeros, and a line that is no record. */
	put("1", "");
	text_add(&junk, "{\"time\":\"1970-01-01T00:00:00.000000000Z\",\"stream\":\"stdout\",\"line\":\"a\"}\n");
	for (int i = 0; i < 512 << 10; i++)
		text_add_bytes(&junk, "", 1);
	text_add(&junk, "{}\n{\"time\":\"1970-01-01T00:00:00.000000000Z\",\"stream\":\"stdout\",\"line\":\"b\"}\n{\"time\"");
	cr_assert_eq(file_replace(scratch, "1", junk.data, junk.length, 0600, &e), 0);
	for (int64_t tail = -1; tail < 4; tail += 3) {
		read_log(scratch, &(struct log_question){ .tail = tail, .stream = -1 }, &heard);
		cr_expect_str_eq(heard.data, "a\nb\n", "tail %jd", (intmax_t)tail);
	}
}

/* A reader beside a writer that rotates all the time. */
struct follower {
	int folder;
	bool is_last;
	struct text heard;
	uint64_t missed;
};

static bool goes_on(void *data)
{
	struct follower *f = data;

	return !__atomic_load_n(&f->is_last, __ATOMIC_SEQ_CST);
}

static int hear(const struct log_record *record, const char *json, size_t length, void *data, struct error *e)
{
	return add_line(record, json, length, &((struct follower *)data)->heard, e);
}

static void count_missed(uint64_t files, void *data)
{
	((struct follower *)data)->missed += files;
}

static void *follow(void *data)
{
	struct follower *f = data;
	const struct log_hearer hearer = { .hear = hear, .goes_on = goes_on, .missed = count_missed, .data = f };
	struct error e = { 0 };

	cr_expect_eq(log_read(f->folder, &(struct log_question){ .tail = -1, .stream = -1, .follow = true }, &hearer, &e), 0, "%s", e.text);
	return NULL;
}

Test(log_reader, follows_over_rotation, .timeout = 60)
{
	SCRATCH();
	struct fixture f = fixture_make(scratch);
	struct follower follower = { .folder = scratch };
	autorelease(text) struct text all = { 0 };
	pthread_t thread;
	struct log log;

	f.setup.max_size = 20000;
	fixture_open(&f, &log);
	cr_assert_eq(pthread_create(&thread, NULL, follow, &follower), 0);
	for (int i = 0; i < 30000; i++) {
		size_t before = all.length;

		text_addf(&all, "%d %.*s\n", i, i % 60, "................................................................");
		fixture_write(&f, LOG_STDOUT, all.data + before, all.length - before);
		if (i % 11 == 0)
			fixture_take(&f, &log);
	}
	fixture_take(&f, &log);
	__atomic_store_n(&follower.is_last, true, __ATOMIC_SEQ_CST);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	cr_expect_eq(follower.missed, 0u);
	cr_expect(follower.heard.length == all.length && memcmp(follower.heard.data, all.data, all.length) == 0, "%zu bytes of %zu",
		  follower.heard.length, all.length);
	text_release(&follower.heard);
	log_release(&log);
}

/* Whoever begins behind is told that something is missing. */
Test(log_reader, files_that_are_gone)
{
	SCRATCH();
	struct follower follower = { .folder = scratch };
	const struct log_hearer hearer = { .hear = hear, .missed = count_missed, .data = &follower };
	struct error e = { 0 };

	make_log(scratch);
	cr_assert_eq(unlinkat(scratch, "4", 0), 0);
	cr_assert_eq(unlinkat(scratch, "5", 0), 0);
	cr_expect_eq(log_read(scratch, &(struct log_question){ .tail = -1, .stream = -1 }, &hearer, &e), 0);
	cr_expect_eq(follower.missed, 2u);
	expect(&follower.heard, "3.0\n", "6.4999", (size_t)2 * RECORDS);
	text_release(&follower.heard);
}
