/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_variant.c - GVariant text, and properties written with it.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "cgroups/scope/property.h"

static void show(const struct variant *v, struct text *ret)
{
	text_addf(ret, "%s:", v->signature);
	if (v->text)
		text_add(ret, v->text);
	else if (v->signature[0] == 'd')
		text_addf(ret, "%g", v->number);
	else if (!strchr("a(v", v->signature[0]))
		text_addf(ret, "%" PRIx64, v->bits);
	for (size_t i = 0; i < v->count; i++) {
		text_add(ret, " {");
		show(&v->items[i], ret);
		text_add(ret, "}");
	}
}

struct value_case {
	char text[80], shown[160];
};

ParameterizedTestParameters(variant, values)
{
	static struct value_case cases[] = {
		{ "true", "b:1" },
		{ " false ", "b:0" },
		{ "boolean true", "b:1" },
		{ "5", "i:5" },
		{ "-1", "i:ffffffffffffffff" },
		{ "uint64 123456789", "t:75bcd15" },
		{ "uint64 18446744073709551615", "t:ffffffffffffffff" },
		{ "byte 0xff", "y:ff" },
		{ "int16 -32768", "n:ffffffffffff8000" },
		{ "uint32 017", "u:f" },
		{ "int64 -9223372036854775808", "x:8000000000000000" },
		{ "1.5", "d:1.5" },
		{ "double 3", "d:3" },
		{ "2e3", "d:2000" },
		{ "0x1e3", "i:1e3" },
		{ "'inactive-or-failed'", "s:inactive-or-failed" },
		{ "\"it's\"", "s:it's" },
		{ "'a\\'b\\n\\\\'", "s:a'b\n\\" },
		{ "objectpath '/a'", "o:/a" },
		{ "[uint32 1, 2]", "au: {u:1} {u:2}" },
		{ "[ 'a' , 'b' ]", "as: {s:a} {s:b}" },
		{ "@as []", "as:" },
		{ "@a(ss) []", "a(ss):" },
		{ "@at [1, 2]", "at: {t:1} {t:2}" },
		{ "('a', 5)", "(si): {s:a} {i:5}" },
		{ "(1,)", "(i): {i:1}" },
		{ "@(st) ('a', 1)", "(st): {s:a} {t:1}" },
		{ "[('/dev/null', 'rw')]", "a(ss): {(ss): {s:/dev/null} {s:rw}}" },
		{ "<'x'>", "v: {s:x}" },
		{ "@av [<1>, <'a'>]", "av: {v: {i:1}} {v: {s:a}}" },
		{ "@aay [[1], [2]]", "aay: {ay: {y:1}} {ay: {y:2}}" },
	};

	return cr_make_param_array(struct value_case, cases, sizeof cases / sizeof *cases);
}

ParameterizedTest(struct value_case *c, variant, values)
{
	struct variant value = { 0 };
	struct text shown = { 0 };
	struct error e = { 0 };

	cr_assert_eq(variant_parse(c->text, &value, &e), 0, "%s: %s", c->text, e.text);
	show(&value, &shown);
	cr_assert_str_eq(shown.data, c->shown);
	text_release(&shown);
	variant_release(&value);
}

ParameterizedTestParameters(variant, what_is_no_value)
{
	static struct value_case cases[] = {
		{ "", "expected a value as GVariant text" },
		{ "inactive", "expected a value as GVariant text" },
		{ "uint64", "expected a value as GVariant text" },
		{ "uint64 -1", "does not fit into the type uint64" },
		{ "byte 256", "does not fit into the type byte" },
		{ "2147483648", "does not fit into the type int32" },
		{ "uint64 18446744073709551616", "expected a whole number" },
		{ "uint64 1.5", "expected a whole number" },
		{ "uint64 'a'", "expected a value of the type \"t\"" },
		{ "string 5", "expected a value of the type \"s\"" },
		{ "'open", "the quote that ends a text" },
		{ "'\\", "the rest of an escape" },
		{ "[]", "an empty array needs its type" },
		{ "[1, 'a']", "expected a value of the type \"i\"" },
		{ "[1 2]", "expected \",\" or \"]\"" },
		{ "()", "expected a value in the tuple" },
		{ "@a() []", "expected a type of D-Bus" },
		{ "@zz 1", "expected a type of D-Bus" },
		{ "@as 5", "expected a value of the type \"as\"" },
		{ "@(ss) ('a')", "the other values of a tuple" },
		{ "5 6", "the end of the value" },
		{ "<5", "expected \">\"" },
		{ "[[[[[[[[[[[[[[[[[[1", "more than 16 deep" },
		{ "-", "expected a whole number" },
	};

	return cr_make_param_array(struct value_case, cases, sizeof cases / sizeof *cases);
}

ParameterizedTest(struct value_case *c, variant, what_is_no_value)
{
	struct variant value = { 0 };
	struct error e = { 0 };

	cr_assert_eq(variant_parse(c->text, &value, &e), -1, "%s was taken", c->text);
	cr_assert(strstr(e.text, c->shown), "%s: %s", c->text, e.text);
}

Test(property, seconds_become_microseconds)
{
	struct property property = { 0 };
	struct error e = { 0 };

	cr_assert_eq(property_parse("TimeoutStopSec=90", &property, &e), 0, "%s", e.text);
	cr_assert_str_eq(property.name, "TimeoutStopUSec");
	cr_assert_str_eq(property.value.signature, "t");
	cr_assert_eq(property.value.bits, 90000000);
	property_release(&property);
	cr_assert_eq(property_parse("TimeoutStopSec=1.5", &property, &e), 0, "%s", e.text);
	cr_assert_eq(property.value.bits, 1500000);
	property_release(&property);
	cr_assert_eq(property_parse("TimeoutStopUSec=uint64 7", &property, &e), 0, "%s", e.text);
	cr_assert_eq(property.value.bits, 7);
	property_release(&property);
	cr_assert_eq(property_parse("TimeoutStopSec='x'", &property, &e), -1);
	cr_assert_str_eq(e.text, "property TimeoutStopSec: expected a number of seconds, found a value of the type \"s\"");
}

Test(property, names_are_letters)
{
	static const char *const bad[] = { "A=1", "Me mory=1", "=1", "Memory", "Mem.ory=1" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct property property = { 0 };
		struct error e = { 0 };

		cr_assert_eq(property_parse(bad[i], &property, &e), -1, "%s was taken", bad[i]);
	}
}

Test(property, what_an_old_systemd_can_do_without)
{
	static const struct {
		const char *line;
		int since;
	} cases[] = { { "AllowedCPUs=[byte 1]", 244 }, { "CPUWeight=uint64 0", 252 }, { "CPUWeight=uint64 1", 0 }, { "MemoryMax=uint64 1", 0 } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct property property = { 0 };
		struct error e = { 0 };

		cr_assert_eq(property_parse(cases[i].line, &property, &e), 0);
		cr_assert_eq(property_since(&property), cases[i].since);
		property_release(&property);
	}
}
