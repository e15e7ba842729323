/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_field.c - the table engine's kinds that app.json does not use.
 */
#include <criterion/criterion.h>
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "specs/field.h"
#include "specs/field_json.h"
#include "specs/limits.h"

struct port {
	char *name;
	int64_t number, speed;
};

struct thing {
	uint64_t wide, flags;
	struct list groups;
	struct port *ports;
	size_t port_count;
	int64_t weight;
};

static const char *const colours[] = { "red", "green", "blue", NULL };

static const struct field port_fields[] = {
	{ "number", FIELD_INTEGER, offsetof(struct port, number), .flags = FIELD_NULLS | FIELD_REQUIRED },
	{ "speed", FIELD_INTEGER, offsetof(struct port, speed), .flags = FIELD_UNSET },
	{ 0 },
};

static const struct field thing_fields[] = {
	{ "wide", FIELD_UNSIGNED, offsetof(struct thing, wide), .flags = FIELD_NULLS },
	{ "flags", FIELD_FLAGS, offsetof(struct thing, flags), .names = colours },
	{ "groups", FIELD_NUMBER_LIST, offsetof(struct thing, groups), .max = UINT32_MAX },
	{ "ports", FIELD_OBJECT_MAP, offsetof(struct thing, ports), .sub = port_fields, .size = sizeof(struct port),
	  .count_offset = offsetof(struct thing, port_count) },
	{ "weight", FIELD_INTEGER, offsetof(struct thing, weight), .flags = FIELD_UNSET },
	{ 0 },
};

static int decode(const char *json, struct thing *ret, struct error *e)
{
	json_t *value = field_parse_wide(json, strlen(json), "x.json", e);
	int result;

	if (!value)
		return -1;
	*ret = (struct thing){ 0 };
	field_init(thing_fields, ret);
	result = field_decode(thing_fields, value, ret, e);
	json_decref(value);
	return result;
}

static void round_trip(const char *json)
{
	struct text dumped = { 0 };
	struct thing thing;
	struct error e = { 0 };

	cr_assert_eq(decode(json, &thing, &e), 0, "%s: %s", e.field, e.text);
	field_dump(thing_fields, &thing, &dumped);
	field_release(thing_fields, &thing);
	cr_assert_eq(decode(dumped.data, &thing, &e), 0, "%s: %s", e.field, e.text);
	text_release(&dumped);
	cr_expect_eq(thing.wide, UINT64_MAX);
	cr_expect_eq(thing.flags, 5u);
	cr_assert_eq(thing.groups.count, 2u);
	cr_expect_str_eq(thing.groups.items[1], "4294967295");
	cr_assert_eq(thing.port_count, 2u);
	cr_expect_str_eq(thing.ports[0].name, "eth0");
	cr_expect_eq(thing.ports[0].number, 80);
	cr_expect_eq(thing.ports[0].speed, LIMIT_UNSET);
	cr_expect_eq(thing.ports[1].speed, 9);
	cr_expect_eq(thing.weight, LIMIT_UNSET);
	field_release(thing_fields, &thing);
	cr_expect_null(thing.ports);
	field_release(thing_fields, &thing); /* twice is harmless */
}

Test(field, kinds)
{
	round_trip("{\"wide\": 18446744073709551615, \"flags\": [\"blue\", \"red\"], \"groups\": [0, 4294967295],"
		   "\"ports\": {\"eth0\": {\"number\": 80}, \"eth1\": {\"number\": 1, \"speed\": 9}}}");
	round_trip("{\"wide\": \"18446744073709551615\", \"flags\": [\"blue\", \"red\"], \"groups\": [0, 4294967295],"
		   "\"ports\": {\"eth0\": {\"number\": 80, \"speed\": null}, \"eth1\": {\"number\": 1, \"speed\": 9}}, \"weight\": null}");
}

Test(field, wide_numbers)
{
	static const struct {
		const char *json;
		uint64_t wide;
	} cases[] = {
		{ "{\"wide\":9223372036854775807}", INT64_MAX },
		{ "{\"wide\":9223372036854775808}", UINT64_C(1) << 63 },
		{ "{ \"wide\" : 18446744073709551614 }", UINT64_MAX - 1 },
		{ "{\"x-\\\"\\\\\": \"18446744073709551616 \\\" 99999999999999999999\", \"wide\": 18446744073709551615}", UINT64_MAX },
		{ "{\"wide\": 0}", 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct thing thing;
		struct error e = { 0 };

		cr_assert_eq(decode(cases[i].json, &thing, &e), 0, "%s: %s", cases[i].json, e.text);
		cr_expect_eq(thing.wide, cases[i].wide, "%s", cases[i].json);
	}
}

Test(field, wrong_values)
{
	static const char *const cases[][3] = {
		{ "{\"wide\": 18446744073709551616}", "wide", "expected a whole number from 0 to 18446744073709551615, found \"1844674407370955" },
		{ "{\"wide\": -1}", "wide", "found -1" },
		{ "{\"wide\": \"\"}", "wide", "found \"\"" },
		{ "{\"wide\": \"+1\"}", "wide", "found \"+1\"" },
		{ "{\"wide\": 1.5}", "wide", "found 1.5" },
		{ "{\"weight\": 18446744073709551615}", "weight", "expected a whole number, found" },
		{ "{\"wide\": 018446744073709551615}", "", "not JSON" },
		{ "{\"wide\": 18446744073709551615.5e999}", "", "not JSON" },
		{ "{\"weight\": -18446744073709551615}", "", "too big negative integer" },
		{ "{\"wide\": 18446744073709551615", "", "not JSON" },
		{ "{\"flags\": [\"red\", \"pink\"]}", "flags[1]", "expected \"red\", \"green\" or \"blue\", found \"pink\"" },
		{ "{\"flags\": \"red\"}", "flags", "expected an array of texts" },
		{ "{\"groups\": [1, -1]}", "groups[1]", "expected a whole number from 0 to 4294967295, found -1" },
		{ "{\"groups\": 1}", "groups", "expected an array of whole numbers, found 1" },
		{ "{\"ports\": []}", "ports", "expected an object of objects, found []" },
		{ "{\"ports\": {\"a\": 1}}", "ports.a", "expected an object, found 1" },
		{ "{\"ports\": {\"a\": {\"speed\": 1}}}", "ports.a", "missing required field \"number\"" },
		{ "{\"ports\": {\"a\": {\"number\": null}}}", "ports.a", "missing required field \"number\"" },
		{ "{\"ports\": {\"a\": {\"numbr\": 1}}}", "ports.a.numbr", "did you mean \"number\"?" },
		{ "{\"port\": null}", "port", "did you mean \"ports\"?" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct thing thing = { 0 };
		struct error e = { 0 };

		cr_expect_eq(decode(cases[i][0], &thing, &e), -1, "%s", cases[i][0]);
		cr_expect_str_eq(e.field, cases[i][1], "%s: %s", cases[i][0], e.field);
		cr_expect_not_null(strstr(e.text, cases[i][2]), "%s: %s", cases[i][0], e.text);
		field_release(thing_fields, &thing);
	}
}
