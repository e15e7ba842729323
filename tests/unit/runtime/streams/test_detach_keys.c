/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_detach_keys.c - the keys that end box attach: words, and what of the typed bytes is passed on.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/error.h"
#include "runtime/streams/detach_keys.h"

static struct detach_keys keys_of(const char *words)
{
	struct detach_keys keys;
	struct error e = { 0 };

	cr_assert_eq(detach_keys_parse(words, &keys, &e), 0, "%s", e.text);
	return keys;
}

/* Typed in two pieces, cut everywhere: what comes out must not depend on that. */
static void expect(const char *words, const char *typed, const char *passed, bool is_complete)
{
	for (size_t cut = 0; cut <= strlen(typed); cut++) {
		struct detach_keys keys = keys_of(words);
		char bytes[DETACH_KEYS_MOST + 64], out[128];
		const size_t parts[] = { cut, strlen(typed) - cut };
		size_t length = 0, at = 0;

		for (int i = 0; i < 2; i++) {
			size_t taken;

			memcpy(bytes + DETACH_KEYS_MOST, typed + at, parts[i]);
			taken = detach_keys_take(&keys, bytes, bytes + DETACH_KEYS_MOST, parts[i]); /* in place, as flow.c has it */
			memcpy(out + length, bytes, taken);
			length += taken;
			at += parts[i];
		}
		cr_expect(length == strlen(passed) && memcmp(out, passed, length) == 0, "%s: \"%s\" cut at %zu: \"%.*s\"", words, typed, cut,
			  (int)length, out);
		cr_expect_eq(keys.is_complete, is_complete, "%s: \"%s\" cut at %zu", words, typed, cut);
	}
}

Test(detach_keys, take)
{
	expect("ctrl-p,ctrl-q", "hello", "hello", false);
	expect("ctrl-p,ctrl-q", "he\x10\x11llo", "he", true);
	expect("ctrl-p,ctrl-q", "\x10x\x10\x10\x10\x11", "\x10x\x10\x10", true);
	expect("ctrl-p,ctrl-q", "a\x10", "a", false); /* held: the next key decides */
	expect("a,a,b", "aaab", "a", true);
	expect("a,b,a,c", "ababac", "ab", true);
	expect("x", "yx", "y", true);
	expect("", "\x10\x11", "\x10\x11", false);
}

Test(detach_keys, words)
{
	struct detach_keys keys = keys_of("ctrl-a,ctrl-@,ctrl-_,%,ctrl-[");
	const char *const wrong[] = { "ctrl-", "ctrl-A", "ctrl-1", "ab", ",", "a,", "ctrl-p,,q", "\xc3\xa4",
				      "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q" };

	cr_assert_eq(keys.count, 5);
	cr_assert_arr_eq(keys.keys, "\x01\x00\x1f%\x1b", 5);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct error e = { 0 };

		cr_expect_eq(detach_keys_parse(wrong[i], &keys, &e), -1, "\"%s\" is taken", wrong[i]);
		cr_expect_eq(e.kind, ERROR_USAGE);
	}
}
