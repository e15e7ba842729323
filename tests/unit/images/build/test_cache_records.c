/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cache_records.c - lines of a shared cache: whose are taken, and what is none.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/sha256.h"
#include "images/build/cache_records.h"
#include "tests/unit/base/scratch.h"

#define ONE   "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define TWO   "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define LAYER "sha256:abababababababababababababababababababababababababababababababab"

static const struct cache_secret none, secret = { "Jefe", 4 }, other = { "jefe", 4 };

/* The layer that records have for the key; "" where the step changed nothing; NULL: no hit. To be freed. */
static char *find(const char *records, const char *key, const struct cache_secret *sealed_with)
{
	char *diff_id = NULL;

	if (!cache_records_find(records, key, sealed_with, &diff_id))
		return NULL;
	return diff_id ? diff_id : alloc_copy("");
}

static void expect(const char *records, const char *key, const struct cache_secret *sealed_with, const char *expected)
{
	autofree char *found = find(records, key, sealed_with);

	cr_expect(text_equal(found, expected), "found %s, expected %s", found ? found : "nothing", expected ? expected : "nothing");
}

Test(cache_records, a_line_is_found_by_its_key_alone)
{
	autorelease(text) struct text records = { 0 };

	cache_records_add(ONE, LAYER, &none, &records);
	cache_records_add(TWO, NULL, &none, &records);
	cr_expect_str_eq(records.data, "1111111111111111111111111111111111111111111111111111111111111111 " LAYER
				       "\n2222222222222222222222222222222222222222222222222222222222222222 none\n");
	expect(records.data, ONE, &none, LAYER);
	expect(records.data, TWO, &none, "");
	expect(records.data, LAYER, &none, NULL);
	expect("", ONE, &none, NULL);
}

Test(cache_records, sealed_lines_are_their_owners_alone)
{
	autorelease(text) struct text records = { 0 };

	cache_records_add(ONE, LAYER, &secret, &records);
	cache_records_add(TWO, NULL, &secret, &records);
	expect(records.data, ONE, &secret, LAYER);
	expect(records.data, TWO, &secret, "");
	expect(records.data, ONE, &other, NULL);
	expect(records.data, ONE, &none, NULL);
	cr_expect_null(strstr(records.data, "Jefe"));
	cr_expect_null(strstr(records.data, "1111111111"), "the key can be read");
}

Test(cache_records, a_sealed_line_cannot_be_changed)
{
	autorelease(text) struct text records = { 0 };

	cache_records_add(ONE, LAYER, &secret, &records);
	for (size_t i = 0; i + 1 < records.length; i++) {
		char before = records.data[i];

		records.data[i] = before == '1' ? '2' : '1';
		expect(records.data, ONE, &secret, NULL);
		records.data[i] = before;
	}
	records.data[records.length - 2] = '\0'; /* cut */
	expect(records.data, ONE, &secret, NULL);
}

Test(cache_records, what_is_no_line_is_no_hit)
{
	static const char *const wrong[] = {
		"1111111111111111111111111111111111111111111111111111111111111111\n",
		"1111111111111111111111111111111111111111111111111111111111111111 \n",
		"1111111111111111111111111111111111111111111111111111111111111111 sha256:12\n",
		"1111111111111111111111111111111111111111111111111111111111111111 " LAYER " \n",
		"1111111111111111111111111111111111111111111111111111111111111111 " LAYER " x\n",
		"1111111111111111111111111111111111111111111111111111111111111111\t" LAYER "\n",
		" 1111111111111111111111111111111111111111111111111111111111111111 " LAYER "\n",
		"1111111111111111111111111111111111111111111111111111111111111111 ../../x\n",
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		expect(wrong[i], ONE, &none, NULL);
}

/* RFC 4231, test case 2, as the first word of a line is made: the message is the key's text. */
Test(cache_records, it_is_hmac_sha256)
{
	autorelease(text) struct text records = { 0 };

	cache_records_add("what do ya want for nothing?", NULL, &secret, &records);
	cr_expect(text_starts(records.data, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843 none "), "%s", records.data);
}
