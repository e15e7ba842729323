/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_json_text.c - JSON built by hand is JSON, whatever bytes come.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json_text.h"
#include "base/text.h"

Test(json_text, arrays)
{
	autorelease(text) struct text out = { 0 };
	autorelease(list) struct list list = { 0 };

	json_add_array(&out, &list);
	list_add(&list, "a");
	list_add(&list, "\"b\"");
	json_add_array(&out, &list);
	cr_expect_str_eq(out.data, "[][\"a\",\"\\\"b\\\"\"]");
}

Test(json_text, strings)
{
	static const struct {
		const char *value, *json;
	} cases[] = {
		{ "", "\"\"" },
		{ "plain", "\"plain\"" },
		{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
		{ "\n\t\x1b\x7f", "\"\\u000a\\u0009\\u001b\\u007f\"" },
		{ "b\xc3\xa4r \xf0\x9f\x90\xb3", "\"b\xc3\xa4r \xf0\x9f\x90\xb3\"" },
		{ "\xff", "\"\xef\xbf\xbd\"" },                         /* no letter begins so */
		{ "a\xc3", "\"a\xef\xbf\xbd\"" },                       /* cut */
		{ "\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },         /* "/", longer than needed */
		{ "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" }, /* half a pair */
		{ "\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" }, /* above U+10FFFF */
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text out = { 0 };

		json_add_text(&out, cases[i].value);
		cr_expect_str_eq(out.data, cases[i].json, "case %zu: %s", i, out.data);
		text_release(&out);
	}
}

/* CSI as one character, DEL, and what turns the direction of text; letters of two, three and four bytes stay. */
Test(json_text, a_terminal_is_not_steered)
{
	static const char json[] = "{\"a\":\"\xc2\x9b""31m\x7f\xe2\x80\xae\xe2\x81\xa6 \xc3\xa9\xe2\x82\xac\xf0\x9f\x93\xa6\"}\n";
	autorelease(text) struct text out = { 0 };

	json_add_shown(&out, json, strlen(json));
	cr_expect_str_eq(out.data, "{\"a\":\"\\u009b31m\\u007f\\u202e\\u2066 \xc3\xa9\xe2\x82\xac\xf0\x9f\x93\xa6\"}\n", "%s", out.data);
}

Test(json_text, members_are_parted_by_commas)
{
	struct text out = { 0 };

	text_add_char(&out, '{');
	json_add_nonzero(&out, "none", 0);
	json_add_number(&out, "a", 0);
	json_add_nonzero(&out, "b\"", UINT64_MAX);
	json_add_key(&out, "c");
	text_add(&out, "{");
	json_add_number(&out, "d", 1);
	text_add(&out, "}}");
	cr_expect_str_eq(out.data, "{\"a\":0,\"b\\\"\":18446744073709551615,\"c\":{\"d\":1}}");
	text_release(&out);
}
