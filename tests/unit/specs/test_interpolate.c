/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_interpolate.c - ${VARIABLES}: each form, each way to be wrong, and only in values.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "specs/interpolate.h"
#include "specs/problems.h"

static void variables(void)
{
	cr_assert_eq(setenv("BOX_T_SET", "value", 1), 0);
	cr_assert_eq(setenv("BOX_T_EMPTY", "", 1), 0);
	cr_assert_eq(setenv("BOX_T_NESTED", "${BOX_T_SET}", 1), 0);
	cr_assert_eq(unsetenv("BOX_T_NONE"), 0);
}

TestSuite(interpolate, .init = variables);

Test(interpolate, forms)
{
	static const char *const cases[][2] = {
		{ "plain", "plain" },
		{ "", "" },
		{ "${BOX_T_SET}", "value" },
		{ "a${BOX_T_SET}b${BOX_T_SET}", "avaluebvalue" },
		{ "${BOX_T_SET:-x}", "value" },
		{ "${BOX_T_NONE:-x}", "x" },
		{ "${BOX_T_NONE:-}", "" },
		{ "${BOX_T_EMPTY}", "" },
		{ "${BOX_T_EMPTY:-x}", "x" },
		{ "${BOX_T_NONE:-a b:c$}", "a b:c$" },
		{ "${BOX_T_NONE:-${BOX_T_SET}}!", "value!" },
		{ "${BOX_T_NONE:-a${BOX_T_EMPTY:-${BOX_T_NONE:-b}}c}", "abc" },
		{ "${BOX_T_SET:-${BOX_T_NONE}}", "value" },
		{ "${BOX_T_NONE:-$${x$$}", "${x$" },
		{ "${BOX_T_SET:?needed}", "value" },
		{ "$$", "$" },
		{ "$${BOX_T_SET}", "${BOX_T_SET}" },
		{ "$$$$", "$$" },
		{ "$BOX_T_SET $1 $", "$BOX_T_SET $1 $" },
		{ "${BOX_T_NESTED}", "${BOX_T_SET}" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text out = { 0 };
		struct error e = { 0 };

		cr_expect_eq(interpolate_text(cases[i][0], &out, &e), 0, "%s: %s", cases[i][0], e.text);
		cr_expect_str_eq(out.data ? out.data : "", cases[i][1], "%s became %s", cases[i][0], out.data);
		text_release(&out);
	}
}

Test(interpolate, errors)
{
	static const char *const cases[][2] = {
		{ "${BOX_T_NONE}", "variable BOX_T_NONE is not set" },
		{ "${BOX_T_NONE:?give one}", "variable BOX_T_NONE is not set: give one" },
		{ "${BOX_T_EMPTY:?}", "variable BOX_T_EMPTY is empty" },
		{ "${BOX_T_NONE:-${BOX_T_NONE}}", "variable BOX_T_NONE is not set" },
		{ "${A:-${B:-c}", "\"${\" without \"}\" in \"${A:-${B:-c}\"" },
		{ "${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-x}}}}}}}}}", "more than 8 defaults in each other: \"x\"" },
		{ "${BOX_T_SET", "\"${\" without \"}\" in \"${BOX_T_SET\"" },
		{ "${}", "expected ${NAME}, ${NAME:-default} or ${NAME:?message}, found \"${}\"" },
		{ "${1A}", "expected ${NAME}, ${NAME:-default} or ${NAME:?message}, found \"${1A}\"" },
		{ "${A-b}", "expected ${NAME}, ${NAME:-default} or ${NAME:?message}, found \"${A-b}\"" },
		{ "${BOX_T_NONE:+x}", "expected ${NAME}, ${NAME:-default} or ${NAME:?message}, found \"${BOX_T_NONE:+x}\"" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text out = { 0 };
		struct error e = { 0 };

		cr_expect_eq(interpolate_text(cases[i][0], &out, &e), -1, "%s", cases[i][0]);
		cr_expect_str_eq(e.text, cases[i][1]);
		text_release(&out);
	}
}

static void count(void *closure, struct error *e)
{
	struct text *fields = closure;

	text_addf(fields, "%s;", e->field);
}

Test(interpolate, values_only_and_every_error)
{
	json_t *root = json_loads("{\"${BOX_T_NONE}\": 1, \"a\": [\"${BOX_T_SET}\", {\"b\": \"${BOX_T_NONE}\"}], "
				  "\"x-own\": \"${BOX_T_NONE}\", \"c\": \"${\"}", 0, NULL);
	struct text fields = { 0 };
	struct error e = { 0 };
	struct problems all = { .e = &e, .tell = count, .closure = &fields };

	cr_assert_eq(interpolate_json(root, NULL, &all), 0);
	cr_expect_str_eq(fields.data, "a[1].b;c;");
	cr_expect_str_eq(json_string_value(json_array_get(json_object_get(root, "a"), 0)), "value");
	text_release(&fields);
	json_decref(root);
}

Test(interpolate, a_value_that_is_no_utf8)
{
	json_t *root = json_loads("{\"a\": \"${BOX_T_BYTES}\"}", 0, NULL);
	struct error e = { 0 };
	struct problems first = { .e = &e };

	cr_assert_eq(setenv("BOX_T_BYTES", "\xff", 1), 0);
	cr_assert_eq(interpolate_json(root, NULL, &first), -1);
	cr_expect_str_eq(e.text, "a variable's value is not UTF-8");
	cr_expect_str_eq(e.field, "a");
	json_decref(root);
}

Test(interpolate, escape_is_the_inverse)
{
	static const char *const cases[] = { "", "$", "$$", "$$$", "${A}", "$${A}", "a$b", "$1${", "x${BOX_T_SET}$$y" };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *value = json_pack("[s]", cases[i]);
		struct text back = { 0 };
		struct error e = { 0 };

		interpolate_escape(value);
		cr_expect_eq(interpolate_text(json_string_value(json_array_get(value, 0)), &back, &e), 0, "%s: %s", cases[i], e.text);
		cr_expect_str_eq(back.data ? back.data : "", cases[i]);
		text_release(&back);
		json_decref(value);
	}
}
