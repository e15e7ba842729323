/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_override.c - JSON Merge Patch, by the examples of RFC 7386 that concern objects, and the choice of an override.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "base/error.h"
#include "specs/override.h"
#include "specs/problems.h"

static const char *const patches[][3] = {
	{ "{'a':'b'}", "{'a':'c'}", "{'a':'c'}" },
	{ "{'a':'b'}", "{'b':'c'}", "{'a':'b','b':'c'}" },
	{ "{'a':'b'}", "{'a':null}", "{}" },
	{ "{'a':'b','b':'c'}", "{'a':null}", "{'b':'c'}" },
	{ "{'a':['b']}", "{'a':'c'}", "{'a':'c'}" },
	{ "{'a':'c'}", "{'a':['b']}", "{'a':['b']}" },
	{ "{'a':{'b':'c'}}", "{'a':{'b':'d','c':null}}", "{'a':{'b':'d'}}" },
	{ "{'a':[{'b':'c'}]}", "{'a':[1]}", "{'a':[1]}" },
	{ "{'e':null}", "{'a':1}", "{'e':null,'a':1}" },
	{ "{'a':'foo'}", "{'a':{'b':{'c':null}}}", "{'a':{'b':{}}}" },
	{ "{}", "{'a':{'bb':{'ccc':null}}}", "{'a':{'bb':{}}}" },
};

/* JSON with ' for ". */
static json_t *parse(const char *quoted)
{
	char text[256];
	size_t length = strlen(quoted);
	json_t *value;

	memcpy(text, quoted, length + 1);
	for (char *at = text; *at; at++)
		if (*at == '\'')
			*at = '"';
	value = json_loads(text, 0, NULL);
	cr_assert_not_null(value, "%s", quoted);
	return value;
}

Test(override, rfc_7386)
{
	for (size_t i = 0; i < sizeof patches / sizeof *patches; i++) {
		json_t *target = parse(patches[i][0]), *patch = parse(patches[i][1]), *expected = parse(patches[i][2]);
		char *words;

		merge_patch(target, patch);
		words = json_dumps(target, 0);
		cr_expect(json_equal(target, expected), "%s with %s became %s", patches[i][0], patches[i][1], words);
		free(words);
		json_decref(target);
		json_decref(patch);
		json_decref(expected);
	}
}

Test(override, chosen_by_name)
{
	json_t *root = parse("{'a':1,'overrides':{'dev':{'a':2,'overrides':{'dev':null}},'ci':{'a':3}}}");
	struct error e = { 0 };
	struct problems first = { .e = &e };

	cr_assert_eq(override_apply(root, "dev", &first), 0, "%s", e.text);
	cr_expect_eq(json_integer_value(json_object_get(root, "a")), 2);
	cr_expect_null(json_object_get(root, "overrides"), "they are no field of the app");
	json_decref(root);
}

Test(override, none_chosen)
{
	json_t *root = parse("{'a':1,'overrides':{'dev':{'a':2}}}");
	struct error e = { 0 };
	struct problems first = { .e = &e };

	cr_assert_eq(override_apply(root, NULL, &first), 0, "%s", e.text);
	cr_expect_eq(json_integer_value(json_object_get(root, "a")), 1);
	cr_expect_null(json_object_get(root, "overrides"));
	json_decref(root);
}

Test(override, unknown_name)
{
	json_t *root = parse("{'overrides':{'dev':{},'ci':{}}}");
	struct error e = { 0 };
	struct problems first = { .e = &e };

	cr_assert_eq(override_apply(root, "prod", &first), -1);
	cr_expect_str_eq(e.field, "overrides");
	cr_expect_str_eq(e.text, "there is no override \"prod\"; known: dev, ci");
	json_decref(root);
}
