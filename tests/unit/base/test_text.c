/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_text.c - growable text, lists, environment lists, and the escaping of hostile words.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

Test(text, grows_and_stays_ended)
{
	autorelease(text) struct text t = { 0 };

	for (int i = 0; i < 1000; i++)
		text_addf(&t, "%03d,", i);
	cr_assert_eq(t.length, 4000);
	cr_expect_eq(strlen(t.data), 4000);
	cr_expect_eq(strncmp(t.data + 3996, "999,", 4), 0);
	text_clear(&t);
	cr_expect_str_eq(t.data, "");
	text_add(&t, "a");
	text_add_char(&t, 'b');
	text_add_bytes(&t, "c\0d", 3);
	cr_expect_eq(t.length, 5);
	cr_expect_eq(memcmp(t.data, "abc\0d", 6), 0);
}

Test(text, take_never_gives_null)
{
	struct text t = { 0 };
	autofree char *nothing = text_take(&t);
	autofree char *taken = NULL;

	cr_assert_not_null(nothing);
	cr_expect_str_eq(nothing, "");
	text_add(&t, "x");
	taken = text_take(&t);
	cr_expect_str_eq(taken, "x");
	cr_expect_null(t.data);
	cr_expect_eq(t.length, 0);
	text_release(&t);
	text_release(&t);
}

Test(text, release_keeps_errno)
{
	struct text t = { 0 };
	struct list l = { 0 };

	text_add(&t, "x");
	list_add(&l, "x");
	errno = 77;
	text_release(&t);
	list_release(&l);
	cr_expect_eq(errno, 77);
}

static void expect_escaped(const char *bytes, size_t length, const char *expected)
{
	autorelease(text) struct text t = { 0 };

	text_add_escaped(&t, bytes, length);
	cr_expect_str_eq(t.data ? t.data : "", expected);
}

Test(text, escaping_leaves_words_alone)
{
	expect_escaped("plain ~ text", 12, "plain ~ text");
	expect_escaped("größe 漢字 🎁", strlen("größe 漢字 🎁"), "größe 漢字 🎁");
	expect_escaped("", 0, "");
}

Test(text, escaping_disarms_terminal_control)
{
	expect_escaped("a\n\tb", 4, "a\\n\\tb");
	expect_escaped("\033[2J", 4, "\\x1b[2J");
	expect_escaped("\0", 1, "\\x00");
	expect_escaped("\x7f", 1, "\\x7f");
	expect_escaped("\r", 1, "\\x0d");
	/* U+009B is ESC [ in one character; U+202E turns the direction of writing. */
	expect_escaped("\xc2\x9b", 2, "\\xc2\\x9b");
	expect_escaped("\xe2\x80\xae", 3, "\\xe2\\x80\\xae");
}

Test(text, escaping_takes_no_broken_utf8)
{
	expect_escaped("\xff", 1, "\\xff");
	expect_escaped("\xc3", 1, "\\xc3");
	expect_escaped("\xe6\xbc", 2, "\\xe6\\xbc");
	expect_escaped("\xc0\xaf", 2, "\\xc0\\xaf");         /* "/" in two bytes */
	expect_escaped("\xed\xa0\x80", 3, "\\xed\\xa0\\x80"); /* half a surrogate pair */
	expect_escaped("\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80");
	expect_escaped("\xc3(", 2, "\\xc3(");
}

Test(list, serves_as_argv)
{
	autorelease(list) struct list l = { 0 };
	autorelease(list) struct list copy = { 0 };

	cr_expect_null(l.items);
	list_add(&l, "a");
	list_addf(&l, "%d", 7);
	list_take(&l, strdup("c"));
	cr_assert_eq(l.count, 3);
	cr_expect_str_eq(l.items[1], "7");
	cr_expect_null(l.items[3]);
	cr_expect(list_has(&l, "c"));
	cr_expect_not(list_has(&l, "d"));
	list_add(&copy, "old");
	list_copy(&copy, &l);
	cr_assert_eq(copy.count, 3);
	cr_expect_str_eq(copy.items[0], "a");
	cr_expect_neq(copy.items[0], l.items[0]);
	list_release(&l);
	cr_expect_eq(l.count, 0);
	list_release(&l);
}

Test(list, environment)
{
	autorelease(list) struct list l = { 0 };

	list_add(&l, "PATHS=no");
	list_env_set(&l, "PATH", "/bin");
	list_env_set(&l, "EMPTY", "");
	cr_expect_str_eq(list_env_get(&l, "PATH"), "/bin");
	cr_expect_str_eq(list_env_get(&l, "EMPTY"), "");
	cr_expect_null(list_env_get(&l, "PAT"));
	list_env_set(&l, "PATH", "/usr/bin=x");
	cr_expect_str_eq(list_env_get(&l, "PATH"), "/usr/bin=x");
	cr_expect_eq(l.count, 3);
}

Test(text, comparisons)
{
	cr_expect(text_starts("abc", "ab"));
	cr_expect(text_starts("abc", ""));
	cr_expect_not(text_starts("ab", "abc"));
	cr_expect(text_ends("x.tar.gz", ".gz"));
	cr_expect_not(text_ends("gz", ".gz"));
	cr_expect(text_equal(NULL, NULL));
	cr_expect_not(text_equal(NULL, ""));
	cr_expect(text_equal("a", "a"));
}

Test(text, distance_counts_edits)
{
	cr_assert_eq(text_distance("memory", "memory"), 0u);
	cr_assert_eq(text_distance("memroy", "memory"), 2u);
	cr_assert_eq(text_distance("Comand", "command"), 1u);
	cr_assert_eq(text_distance("", "abc"), 3u);
	cr_assert_eq(text_distance("a name that is much longer than any name that a person would ever type in full", "a"), 60u);
}

Test(text, an_environment_entry_is_put_by_its_key)
{
	struct list list = { 0 };

	cr_assert(list_env_put(&list, "A=1"));
	cr_assert(list_env_put(&list, "A=2=3"));
	cr_assert(list_env_put(&list, "B="));
	cr_assert_not(list_env_put(&list, "A"));
	cr_assert_not(list_env_put(&list, "=x"));
	cr_assert_not(list_env_put(&list, ""));
	cr_assert_eq(list.count, 2u);
	cr_assert_str_eq(list_env_get(&list, "A"), "2=3");
	cr_assert_str_eq(list_env_get(&list, "B"), "");
	list_release(&list);
}
