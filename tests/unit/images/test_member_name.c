/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_member_name.c - names of members in their one form, and what whiteouts hide.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "images/unpack/budget.h"
#include "images/unpack/member_name.h"

Test(member_name, every_spelling_of_a_name_is_one)
{
	static const char *const cases[][2] = {
		{ "a", "a" },         { "/a", "a" },    { "./a", "a" },   { "a/", "a" },    { "a//b", "a/b" },
		{ ".", "" },          { "./", "" },     { "/", "" },      { "", "" },       { "//././/", "" },
		{ "a/./b/.", "a/b" }, { "...", "..." }, { "..a", "..a" }, { "a..", "a.." }, { "a\\..\\b", "a\\..\\b" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct error e = { 0 };
		autofree char *name = member_name_clean(cases[i][0], budget_default_limits(), &e);

		cr_assert_not_null(name, "%s: %s", cases[i][0], e.text);
		cr_expect_str_eq(name, cases[i][1]);
	}
}

Test(member_name, dot_dot_is_refused_wherever_it_stands)
{
	static const char *const cases[] = { "..",  "../a",   "a/..",           "a/../b",
					     "/..", "./../a", "a/b/../../../c", "a//..//b" };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct error e = { 0 };

		cr_expect_null(member_name_clean(cases[i], budget_default_limits(), &e), "%s was taken", cases[i]);
		cr_expect_eq(e.kind, ERROR_IMAGE);
	}
}

/* count times part. */
static char *repeat(const char *part, size_t count)
{
	struct text text = { 0 };

	for (size_t i = 0; i < count; i++)
		text_add(&text, part);
	return text_take(&text);
}

static bool is_taken(const char *part, size_t count)
{
	struct error e = { 0 };
	autofree char *raw = repeat(part, count);
	autofree char *name = member_name_clean(raw, budget_default_limits(), &e);

	return name != NULL;
}

Test(member_name, limits_hold_to_the_byte)
{
	cr_expect(is_taken("n", 255));
	cr_expect_not(is_taken("n", 256));
	cr_expect(is_taken("d/", 512));
	cr_expect_not(is_taken("d/", 513));
	cr_expect(is_taken("./", 2048));
	cr_expect_not(is_taken("./", 2049));
}

Test(member_name, base_is_the_last_part)
{
	cr_expect_str_eq(member_name_base("a/b/c"), "c");
	cr_expect_str_eq(member_name_base("a"), "a");
	cr_expect_str_eq(member_name_base(""), "");
}

Test(whiteout, names_and_the_opaque_mark)
{
	struct error e = { 0 };
	const char *target = NULL;

	cr_expect_eq(whiteout_parse("a", &target, &e), WHITEOUT_NONE);
	cr_expect_eq(whiteout_parse(".wh", &target, &e), WHITEOUT_NONE);
	cr_expect_eq(whiteout_parse("a.wh.b", &target, &e), WHITEOUT_NONE);
	cr_expect_eq(whiteout_parse(".wh..wh..opq", &target, &e), WHITEOUT_OPAQUE);
	cr_expect_null(target);
	cr_assert_eq(whiteout_parse(".wh.a", &target, &e), WHITEOUT_NAME);
	cr_expect_str_eq(target, "a");
	cr_assert_eq(whiteout_parse(".wh.....", &target, &e), WHITEOUT_NAME);
	cr_expect_str_eq(target, "....");
	cr_assert_eq(whiteout_parse(".wh..hidden", &target, &e), WHITEOUT_NAME);
	cr_expect_str_eq(target, ".hidden");
}

Test(whiteout, of_nothing_that_can_exist_is_refused)
{
	static const char *const bad[] = { ".wh.",      ".wh..",        ".wh...",        ".wh..wh.",
					   ".wh..wh.x", ".wh..wh.plnk", ".wh..wh..opqx", ".wh..wh..wh..opq" };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct error e = { 0 };
		const char *target = NULL;

		cr_expect_eq(whiteout_parse(bad[i], &target, &e), -1, "%s was taken", bad[i]);
		cr_expect_eq(e.kind, ERROR_IMAGE);
		cr_expect_null(target);
	}
}
