/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_json.c - relaxed JSON, lines of values, and the table engine on a table of its own.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "specs/field.h"
#include "specs/locate.h"
#include "specs/relax.h"

Test(relax, comments_and_trailing_commas_become_space)
{
	static const char *const cases[][2] = {
		{ "{} // end", "{}       " },
		{ "[1, /* two */ 2,]", "[1,           2 ]" },
		{ "{\"a\": \"// no\", \"b\": \"/* no */\",}", "{\"a\": \"// no\", \"b\": \"/* no */\" }" },
		{ "[1, // c\n]", "[1      \n]" },
		{ "[1,,]", "[1, ]" },
		{ "[\"\\\"//\"]", "[\"\\\"//\"]" },
		{ "{\"a\":1/*\n\n*/,\n/* x */}", "{\"a\":1  \n\n   \n       }" },
	};
	struct error e = { 0 };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[64];

		memcpy(text, cases[i][0], strlen(cases[i][0]) + 1);
		cr_assert_eq(relax(text, strlen(text), "f", &e), 0, "%s", e.text);
		cr_expect_str_eq(text, cases[i][1], "of %s: %s", cases[i][0], text);
	}
}

Test(relax, a_comment_without_end_is_an_error_with_its_line)
{
	char text[] = "{\n\n/* never";
	struct error e = { 0 };

	cr_assert_eq(relax(text, strlen(text), "app.json", &e), -1);
	cr_assert_str_eq(e.text, "app.json:3: a comment begins here and does not end");
}

static const char document[] = "{\n\"a\": {\n\"b\": [1,\n{\"c\": 2},\n[3,\n4]]},\n\"k.ey\":\n{\"x\": \"}\\\"]\",\n\"\\u0079\": 1}}";

Test(locate, every_value_has_its_line)
{
	static const struct {
		const char *path;
		int line;
	} cases[] = {
		{ "a", 2 }, { "a.b", 3 }, { "a.b[0]", 3 }, { "a.b[1]", 4 }, { "a.b[1].c", 4 }, { "a.b[2]", 5 }, { "a.b[2][1]", 6 },
		{ "k.ey", 7 }, { "k.ey.x", 8 }, { "k.ey.y", 9 }, { "a.none", 2 }, { "none", 1 }, { "a.b[9]", 3 }, { "", 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect_eq(locate_line(document, strlen(document), cases[i].path), cases[i].line, "%s is on %d", cases[i].path,
			     locate_line(document, strlen(document), cases[i].path));
	cr_expect_eq(locate_exact(document, strlen(document), "a.none"), 0);
	cr_expect_eq(locate_exact(document, strlen(document), "a.b[1].c"), 4);
}

struct sample {
	char *text;
	bool flag;
	int64_t number, size, duration, cpus;
	int choice;
	struct list list, map;
	struct sample_item {
		char *name;
	} *items;
	size_t item_count;
};

static const char *const choices[] = { "one", "two", NULL };
static const struct field item_fields[] = {
	{ "name", FIELD_TEXT, offsetof(struct sample_item, name), .flags = FIELD_REQUIRED, .help = "h" },
	{ 0 },
};
#define AT(member) offsetof(struct sample, member)
static const struct field sample_fields[] = {
	{ "text", FIELD_TEXT, AT(text), .help = "h" },
	{ "flag", FIELD_BOOL, AT(flag), .help = "h" },
	{ "number", FIELD_INTEGER, AT(number), .min = -5, .max = 5, .help = "h" },
	{ "size", FIELD_SIZE, AT(size), .help = "h" },
	{ "duration", FIELD_DURATION, AT(duration), .help = "h" },
	{ "cpus", FIELD_CPUS, AT(cpus), .help = "h" },
	{ "choice", FIELD_ENUM, AT(choice), .names = choices, .help = "h" },
	{ "list", FIELD_TEXT_LIST, AT(list), .help = "h" },
	{ "map", FIELD_MAP, AT(map), .help = "h" },
	{ "items", FIELD_OBJECT_LIST, AT(items), .sub = item_fields, .size = sizeof(struct sample_item), .count_offset = AT(item_count),
	  .help = "h" },
	{ 0 },
};

Test(field, decode_and_dump_are_each_others_inverse)
{
	static const char json[] = "{\"text\": \"a\\nb\", \"flag\": true, \"number\": -3, \"size\": \"2k\", \"duration\": \"90s\", \"cpus\": 1.25,"
				   "\"choice\": \"two\", \"list\": [\"x\", \"\"], \"map\": {\"K\": \"v=w\", \"N\": 5, \"B\": true},"
				   "\"items\": [{\"name\": \"i\"}], \"x-more\": [1]}";
	struct sample sample = { 0 }, again = { 0 };
	struct text first = { 0 }, second = { 0 };
	struct error e = { 0 };

	cr_assert_eq(field_decode_text(json, strlen(json), "f", sample_fields, &sample, &e), 0, "%s", e.text);
	cr_assert_eq(sample.size, 2048);
	cr_assert_eq(sample.duration, 90000000);
	cr_assert_eq(sample.cpus, 1250000);
	cr_assert_eq(sample.choice, 1);
	cr_assert_str_eq(list_env_get(&sample.map, "K"), "v=w");
	cr_assert_str_eq(list_env_get(&sample.map, "B"), "true");
	cr_assert_eq(sample.item_count, 1u);
	field_dump(sample_fields, &sample, &first);
	cr_assert_eq(field_decode_text(first.data, first.length, "f", sample_fields, &again, &e), 0, "%s", e.text);
	field_dump(sample_fields, &again, &second);
	cr_assert_str_eq(first.data, second.data);
	field_release(sample_fields, &sample);
	field_release(sample_fields, &again);
	cr_assert_null(sample.text);
	cr_assert_eq(sample.item_count, 0u);
	text_release(&first);
	text_release(&second);
}

Test(field, errors_have_file_line_field_expected_and_found)
{
	static const char *const cases[][2] = {
		{ "{\n\"number\": 6}", "f:2: number: expected a whole number from -5 to 5, found 6" },
		{ "{\"flag\":\n 1}", "f:1: flag: expected true or false, found 1" },
		{ "{\"choice\": \"three\"}", "f:1: choice: expected \"one\" or \"two\", found \"three\"" },
		{ "{\"items\": [{\"name\": \"a\"},\n{}]}", "f:2: items[1]: missing required field \"name\"" },
		{ "{\"nmber\": 1}", "f:1: nmber: unknown field \"nmber\": did you mean \"number\"?" },
		{ "{\"list\": [\"a\",\n2]}", "f:2: list[1]: expected a text, found 2" },
		{ "{\"text\": 1", "f:1: not JSON, column 10: '}' expected near end of file" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sample sample = { 0 };
		struct error e = { 0 };

		cr_expect_eq(field_decode_text(cases[i][0], strlen(cases[i][0]), "f", sample_fields, &sample, &e), -1);
		cr_expect_str_eq(e.text, cases[i][1]);
		field_release(sample_fields, &sample);
	}
}

Test(field, bytes_that_are_no_utf8)
{
	struct sample sample = { .cpus = 1000000 };
	struct text json = { 0 };
	struct error e = { 0 };

	list_add(&sample.list, "caf\xe9 \xf0\x9f\x98\x80 \xc3\xa4\xff");
	field_dump(sample_fields, &sample, &json);
	field_release(sample_fields, &sample);
	cr_assert_eq(field_decode_text(json.data, json.length, "f", sample_fields, &sample, &e), 0, "%s", e.text);
	cr_expect_str_eq(sample.list.items[0], "caf\xef\xbf\xbd \xf0\x9f\x98\x80 \xc3\xa4\xef\xbf\xbd");
	field_release(sample_fields, &sample);
	text_release(&json);
}

Test(field, numbers_as_texts)
{
	static const struct {
		const char *json;
		int64_t cpus;
	} cases[] = {
		{ "{\"cpus\": \"1.5\"}", 1500000 },   { "{\"cpus\": \"2\"}", 2000000 },	    { "{\"cpus\": 0.1}", 100000 },
		{ "{\"cpus\": \"0.01\"}", 10000 },	   { "{\"cpus\": \"1.2.3\"}", -1 },	    { "{\"cpus\": \".5\"}", -1 },
		{ "{\"cpus\": \"1.\"}", -1 },	   { "{\"cpus\": \"1e3\"}", -1 },	    { "{\"cpus\": \"0.0000001\"}", -1 },
		{ "{\"cpus\": 0.009}", -1 },		   { "{\"cpus\": -1}", -1 },		    { "{\"cpus\": 1e300}", -1 },
		{ "{\"cpus\": \"\"}", -1 },		   { "{\"cpus\": \"nan\"}", -1 },	    { "{\"cpus\": true}", -1 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sample sample = { 0 };
		struct error e = { 0 };
		int result = field_decode_text(cases[i].json, strlen(cases[i].json), "f", sample_fields, &sample, &e);

		cr_expect_eq(result, cases[i].cpus < 0 ? -1 : 0, "%s: %s", cases[i].json, e.text);
		cr_expect_eq(sample.cpus, cases[i].cpus < 0 ? 0 : cases[i].cpus, "%s", cases[i].json);
	}
}

Test(field, depth)
{
	struct sample sample = { 0 };
	struct text json = { 0 };
	struct error e = { 0 };

	text_add(&json, "{\"x-a\": ");
	for (int i = 0; i < 100000; i++)
		text_add_char(&json, '[');
	cr_expect_eq(field_decode_text(json.data, json.length, "f", sample_fields, &sample, &e), -1);
	cr_expect_str_eq(e.text, "f: nested deeper than 64 levels");
	text_release(&json);
}

Test(field, nearest)
{
	static const char *const cases[][2] = {
		{ "{\"Number\": 1}", "number" }, { "{\"durations\": 1}", "duration" }, { "{\"siez\": 1}", "size" }, { "{\"cpu\": 1}", "cpus" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sample sample = { 0 };
		struct error e = { 0 };
		char *expected = text_format("did you mean \"%s\"?", cases[i][1]);

		cr_expect_eq(field_decode_text(cases[i][0], strlen(cases[i][0]), "f", sample_fields, &sample, &e), -1);
		cr_expect(text_ends(e.text, expected), "%s", e.text);
		free(expected);
	}
}
