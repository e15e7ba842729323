/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_words.c - filters, points in time, and how a host's id is called inside.
 */
#include <criterion/criterion.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/processes.h"
#include "cli/words.h"

Test(words, moments_are_dates_seconds_or_so_long_ago)
{
	static const struct {
		const char *words;
		int64_t seconds;
	} rows[] = {
		{ "1700000000", 1700000000 },
		{ "2023-11-14T22:13:20Z", 1700000000 },
		{ "2023-11-14T22:13:20", 1700000000 },
		{ "2023-11-14T22:13:20.75Z", 1700000000 },
		{ "2023-11-14T23:13:20+01:00", 1700000000 },
		{ "2023-11-14 22:13:20", 1700000000 },
		{ "2023-11-14", 1699920000 },
	};
	struct error e = { 0 };
	int64_t got = 0, now = time(NULL);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		cr_assert_eq(moment_parse("since", rows[i].words, &got, &e), 0, "%s: %s", rows[i].words, e.text);
		cr_expect_eq(got, rows[i].seconds, "%s", rows[i].words);
	}
	cr_assert_eq(moment_parse("since", "1h30m", &got, &e), 0);
	cr_expect(now - got >= 5399 && now - got <= 5460);
}

Test(words, other_moments_are_refused)
{
	static const char *const rows[] = { "", "yesterday", "-5", "2023-13-01", "2023-11-14T22:13:20+1:00", "2023-11-14T22:13:20+aa:00", "10x" };
	int64_t got = 7;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct error e = { 0 };

		cr_expect_eq(moment_parse("since", rows[i], &got, &e), -1, "%s", rows[i]);
		cr_expect(strstr(e.text, "option --since"), "%s", e.text);
	}
	cr_expect_eq(got, 7);
}

static bool has(const void *object, const char *key, const char *value)
{
	(void)key;
	return strchr(object, *value);
}

Test(words, one_of_each_key_has_to_fit)
{
	static const char *const keys[] = { "a", "b", NULL };
	static const struct {
		const char *filters[3];
		bool fits;
	} rows[] = {
		{ { NULL }, true }, { { "a=x", NULL }, true }, { { "a=z", NULL }, false }, { { "a=z", "a=x", NULL }, true },
		{ { "a=x", "b=z", NULL }, false }, { { "a=x", "b=y", NULL }, true },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct list filters = { 0 };
		struct error e = { 0 };

		for (size_t k = 0; rows[i].filters[k]; k++)
			list_add(&filters, rows[i].filters[k]);
		cr_expect_eq(filters_check(&filters, keys, &e), 0, "%s", e.text);
		cr_expect_eq(filters_fit(&filters, keys, has, "xy"), rows[i].fits, "row %zu", i);
		list_release(&filters);
	}
}

Test(words, an_unknown_filter_names_those_that_there_are)
{
	static const char *const keys[] = { "a", "b", NULL };
	struct list filters = { 0 };
	struct error e = { 0 };

	list_add(&filters, "c=1");
	cr_expect_eq(filters_check(&filters, keys, &e), -1);
	cr_expect_str_eq(e.text, "option --filter c=1: expected a= or b= with a value");
	list_release(&filters);
}

Test(processes, ids_are_called_as_inside)
{
	static const char map[] = "         0 1879113728      65536\n     70000       5000          1\n";

	cr_expect_eq(process_id_inside(map, 1879113728), 0);
	cr_expect_eq(process_id_inside(map, 1879113728 + 65535), 65535);
	cr_expect_eq(process_id_inside(map, 5000), 70000);
	cr_expect_eq(process_id_inside(map, 0), -1);
	cr_expect_eq(process_id_inside("", 0), -1);
}
