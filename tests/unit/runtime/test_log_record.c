/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_log_record.c - a line of whatever bytes becomes JSON, and the same bytes again.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/supervise/log_record.h"

enum { ROOM = 1 << 16, WHEN_S = 1796000000 };

static size_t make(char *to, const char *line, size_t length, bool is_partial)
{
	struct log_head head;

	log_head_make(&head, LOG_STDERR, WHEN_S * (int64_t)1000000000 + 1002003);
	return log_record_write(to, &head, line, length, is_partial);
}

#define HEAD "{\"time\":\"2026-11-30T00:53:20.001002003Z\",\"stream\":\"stderr\",\"line\":\""

struct example {
	char line[80];
	size_t length;
	bool is_partial;
	char json[160];
};

ParameterizedTestParameters(log_record, forms)
{
	static struct example examples[] = {
		{ "hello", 5, false, "hello\"}\n" },
		{ "", 0, false, "\"}\n" },
		{ "more", 4, true, "more\",\"partial\":true}\n" },
		{ "say \"\\\" \t\r\x1b[0m and go on with a longer text", 43, false,
		  "say \\\"\\\\\\\" \\t\\r\\u001b[0m and go on with a longer text\"}\n" },
		{ "zero \0 byte, and \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 26, false,
		  "zero \\u0000 byte, and \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"}\n" },
		{ "a\xff", 2, false, "a\xef\xbf\xbd\",\"bytes\":\"Yf8=\"}\n" },
		{ "\xed\xa0\x80", 3, false, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\",\"bytes\":\"7aCA\"}\n" },
		{ "\xc3", 1, true, "\xef\xbf\xbd\",\"bytes\":\"ww==\",\"partial\":true}\n" },
		{ "\",\"stream\":\"stdout", 18, false, "\\\",\\\"stream\\\":\\\"stdout\"}\n" },
	};

	return cr_make_param_array(struct example, examples, sizeof examples / sizeof *examples);
}

ParameterizedTest(struct example *example, log_record, forms)
{
	char json[1024], buffer[1024], expected[512];
	size_t length = make(json, example->line, example->length, example->is_partial);
	struct log_record record;

	(void)snprintf(expected, sizeof expected, "%s%s", HEAD, example->json);
	cr_expect_eq(length, strlen(expected));
	json[length] = '\0';
	cr_expect_str_eq(json, expected);
	cr_assert_eq(log_record_read(json, length, buffer, &record), 0);
	cr_expect_eq(record.length, example->length);
	cr_expect_arr_eq(record.line, example->line, example->length);
	cr_expect_eq(record.stream, LOG_STDERR);
	cr_expect_eq(record.is_partial, example->is_partial);
	cr_expect(memcmp(record.time, "2026-11-30T00:53:20.001002003Z", LOG_TIME) == 0);
	cr_expect_eq(log_record_read(json, length, NULL, &record), 0);
	cr_expect_eq(record.length, example->length, "measured %zu", record.length);
}

/* Whatever the bytes are: they come back, and the record stays within what was said. */
Test(log_record, random_bytes_come_back)
{
	static char line[ROOM], json[ROOM], buffer[ROOM];
	static const char *const alphabets[] = { "ab\"\\\n\x1b\xc3\xa4\xff\x80", "plain text only", "\x01", "\xff", "\xe2\x82\xac" };

	srandom(7);
	for (size_t round = 0; round < 4000; round++) {
		const char *alphabet = alphabets[round % (sizeof alphabets / sizeof *alphabets)];
		size_t length = (size_t)random() % (round % 100 ? 200 : log_record_fits(ROOM)), written;
		struct log_record record;

		for (size_t i = 0; i < length; i++)
			line[i] = round % 7 ? alphabet[(size_t)random() % strlen(alphabet)] : (char)random();
		written = make(json, line, length, round % 3 == 0);
		cr_assert_leq(written, log_record_room(length));
		cr_assert_leq(log_record_room(length), (size_t)ROOM);
		cr_assert(memchr(json, '\n', written) == json + written - 1, "a newline inside");
		cr_assert_eq(log_record_read(json, written, buffer, &record), 0, "round %zu", round);
		cr_assert_eq(record.length, length);
		cr_assert(memcmp(buffer, line, length) == 0, "round %zu", round);
		cr_assert_eq(record.is_partial, round % 3 == 0);
	}
}

/* The longest line that is said to fit does, even if each of its bytes takes the most. */
Test(log_record, the_worst_line_fits)
{
	static char line[ROOM], json[ROOM];

	for (size_t room = 4096 - LOG_LOSS; room <= ROOM; room *= 2) {
		size_t length = log_record_fits(room);

		memset(line, 1, length);
		line[length - 1] = (char)0xff;
		cr_expect_leq(log_record_room(length), room);
		cr_expect_gt(log_record_room(length + 8), room, "more would fit in %zu", room);
		cr_expect_leq(make(json, line, length, true), log_record_room(length));
	}
}

Test(log_record, loss)
{
	char json[LOG_LOSS + 1], buffer[LOG_LOSS];
	struct log_record record;
	size_t length = log_record_loss(json, 0, 4711, "No space left on device");

	json[length] = '\0';
	cr_expect_str_eq(json, "{\"time\":\"1970-01-01T00:00:00.000000000Z\",\"stream\":\"box\","
			       "\"line\":\"4711 bytes of output are lost: No space left on device\",\"lost\":4711}\n");
	cr_assert_eq(log_record_read(json, length, buffer, &record), 0);
	cr_expect_eq(record.stream, LOG_BOX);
	cr_expect_eq(record.lost, 4711u);
}

/* What a full disk or a power failure leaves is no record, at whatever byte it is cut, and whatever byte is another. */
Test(log_record, broken_ones_are_refused)
{
	char json[256], cut[256], buffer[256];
	size_t length = make(json, "a\xff\x1b\"b", 5, true) - 1;
	struct log_record record;

	cr_assert_eq(log_record_read(json, length, buffer, &record), 0);
	for (size_t i = 0; i < length; i++)
		cr_expect_eq(log_record_read(json, i, buffer, &record), -1, "cut at %zu", i);
	for (size_t i = 0; i < length; i++) {
		memcpy(cut, json, length);
		cut[i] = 0;
		if (log_record_read(cut, length, buffer, &record) == 0)
			cr_expect(i >= 9 && i < length - 10, "byte %zu is nothing", i); /* inside a text */
		cr_expect_leq(record.length, length);
	}
}
