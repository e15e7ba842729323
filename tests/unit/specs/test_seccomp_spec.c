/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_seccomp_spec.c - seccomp profiles: what is read, and each way to be wrong.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

#include "base/error.h"
#include "specs/seccomp_spec.h"

extern const char seccomp_default_start[], seccomp_default_end[];

Test(seccomp_spec, everything)
{
	static const char json[] =
		"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38, \"defaultErrno\": \"ENOSYS\","
		" \"archMap\": [{\"architecture\": \"SCMP_ARCH_X86_64\", \"subArchitectures\": [\"SCMP_ARCH_X86\"]},"
		"   {\"architecture\": \"SCMP_ARCH_S390X\", \"subArchitectures\": null}],"
		" \"architectures\": [\"SCMP_ARCH_X86\"], \"flags\": [\"SECCOMP_FILTER_FLAG_LOG\"], \"comment\": \"x\","
		" \"syscalls\": [{\"names\": [\"a\", \"b\"], \"action\": \"SCMP_ACT_TRAP\", \"args\": null, "
		"\"comment\": \"\"},"
		"   {\"names\": [\"c\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 0, \"errno\": \"x\","
		"    \"args\": [{\"index\": 5, \"value\": 4294967295, \"valueTwo\": 7, \"op\": "
		"\"SCMP_CMP_MASKED_EQ\"}],"
		"    \"includes\": {\"caps\": [\"CAP_CHOWN\"], \"arches\": [\"amd64\"], \"minKernel\": \"4.8\"}, "
		"\"excludes\": {}}]}";
	struct seccomp_spec spec = { 0 };
	struct error e = { 0 };

	cr_assert_eq(seccomp_spec_decode(json, sizeof json - 1, "p.json", &spec, &e), 0, "%s", e.text);
	cr_expect_eq(spec.default_action, SECCOMP_ACTION_ERRNO);
	cr_expect_eq(spec.default_errno, ENOSYS);
	cr_assert_eq(spec.arch_map_count, 2);
	cr_expect_str_eq(spec.arch_map[0].sub.items[0], "SCMP_ARCH_X86");
	cr_expect_eq(spec.arch_map[1].sub.count, 0);
	cr_expect_eq(spec.architectures.count, 1);
	cr_expect_eq(spec.flags, SECCOMP_FILTER_FLAG_LOG);
	cr_assert_eq(spec.rule_count, 2);
	cr_expect_eq(spec.rules[0].action, SECCOMP_ACTION_TRAP);
	cr_expect_eq(spec.rules[0].errno_ret, EPERM, "EPERM, not the profile's default");
	cr_expect_eq(spec.rules[0].names.count, 2);
	cr_expect_eq(spec.rules[1].errno_ret, 0, "0 was written and stays 0");
	cr_expect_eq(spec.rules[1].argument_count, 1);
	cr_expect_eq(spec.rules[1].arguments[0].index, 5);
	cr_expect_eq(spec.rules[1].arguments[0].value, 4294967295);
	cr_expect_eq(spec.rules[1].arguments[0].value_two, 7);
	cr_expect_eq(spec.rules[1].arguments[0].op, SECCOMP_MASKED_EQUAL);
	cr_expect_str_eq(spec.rules[1].includes.min_kernel, "4.8");
	seccomp_spec_release(&spec);
	seccomp_spec_release(&spec);
}

Test(seccomp_spec, default_profile_decodes)
{
	struct seccomp_spec spec = { 0 };
	struct error e = { 0 };

	cr_assert_eq(seccomp_spec_decode(seccomp_default_start, (size_t)(seccomp_default_end - seccomp_default_start),
					 "default", &spec, &e),
		     0, "%s", e.text);
	cr_expect_gt(spec.rule_count, 20);
	for (size_t i = 0; i < spec.rule_count; i++)
		cr_expect(spec.rules[i].action == SECCOMP_ACTION_ALLOW || spec.rules[i].action == SECCOMP_ACTION_ERRNO,
			  "never a kill");
	seccomp_spec_release(&spec);
}

#define RULE(text) "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[" text "]}"

static const struct {
	const char *json, *text;
	enum error_kind kind;
} bads[] = {
	{ "", "p.json:1: not JSON, column 1: '[' or '{' expected near end of file", ERROR_SPEC },
	{ "{\n\"defaultAction\": \"SCMP_ACT_ALLOW\",\n}", "p.json:3: not JSON, column 1: string or '}' expected near '}'", ERROR_SPEC },
	{ "[]", "p.json: expected an object, found an array", ERROR_SPEC },
	{ "{}", "p.json: expected \"defaultAction\"", ERROR_SPEC },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultAction\":\"SCMP_ACT_KILL\"}",
	  "p.json:1: the key \"defaultAction\" comes twice in one object", ERROR_SPEC },
	{ "{\"default\":1}", "p.json: unknown key \"default\"", ERROR_SPEC },
	{ "{\"defaultAction\":\"ALLOW\"}",
	  "p.json: defaultAction: expected an action such as \"SCMP_ACT_ERRNO\", found \"ALLOW\"", ERROR_SPEC },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultErrnoRet\":1}",
	  "p.json: defaultErrnoRet: only SCMP_ACT_ERRNO and SCMP_ACT_TRACE have an error number", ERROR_SPEC },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\",\"LOG\"]}",
	  "p.json: flags[1]: expected a flag such as \"SECCOMP_FILTER_FLAG_LOG\", found \"LOG\"", ERROR_SPEC },
	{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":4096}",
	  "p.json: defaultErrnoRet: expected a number from 0 to 4095, found 4096", ERROR_SPEC },
	{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"listenerPath\":\"/x\"}",
	  "p.json: listenerPath: only an OCI configuration can name a listener", ERROR_UNSUPPORTED },
	{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"flags\":\"x\"}",
	  "p.json: flags: expected an array of texts, found a text", ERROR_SPEC },
	{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":[{}]}", "p.json: archMap[0]: expected \"architecture\"",
	  ERROR_SPEC },
	{ RULE("{}"), "p.json: syscalls[0]: expected \"names\" with at least one system call", ERROR_SPEC },
	{ RULE("{\"names\":[\"read\"]}"), "p.json: syscalls[0]: expected \"action\"", ERROR_SPEC },
	{ RULE("{\"name\":\"read\"}"), "p.json: syscalls[0]: unknown key \"name\": did you mean \"names\"?", ERROR_SPEC },
	{ RULE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_KILL\",\"errnoRet\":1}"),
	  "p.json: syscalls[0].errnoRet: only SCMP_ACT_ERRNO and SCMP_ACT_TRACE have an error number", ERROR_SPEC },
	{ RULE("{\"names\":[1],\"action\":\"SCMP_ACT_ALLOW\"}"),
	  "p.json: syscalls[0].names[0]: expected a text, found a number", ERROR_SPEC },
	{ RULE("{\"names\":[\"a\\u0000b\"],\"action\":\"SCMP_ACT_ALLOW\"}"),
	  "p.json:1: a text holds a zero byte (\\u0000)", ERROR_SPEC },
	{ RULE("{\"names\":[\"r\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":6,\"op\":\"SCMP_CMP_EQ\"}]}"),
	  "p.json: syscalls[0].args[0].index: expected a number from 0 to 5, found 6", ERROR_SPEC },
	{ RULE("{\"names\":[\"r\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":1,\"op\":\"EQ\"}]}"),
	  "p.json: syscalls[0].args[0].op: expected an operator such as \"SCMP_CMP_EQ\", found \"EQ\"", ERROR_SPEC },
	{ RULE("{\"names\":[\"r\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"value\":1}]}"),
	  "p.json: syscalls[0].args[0]: expected \"index\", \"value\" and \"op\"", ERROR_SPEC },
	{ RULE("{\"names\":[\"r\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":1,\"op\":\"SCMP_CMP_EQ\","
	       "\"value\":-1}]}"),
	  "p.json: syscalls[0].args[0].value: expected a whole number from 0 to 18446744073709551615, found -1", ERROR_SPEC },
	{ RULE("{\"names\":[\"r\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{},{},{},{},{},{},{}]}"),
	  "p.json: syscalls[0].args: expected at most 6 conditions, found 7", ERROR_SPEC },
	{ RULE("{\"names\":[\"r\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"cap\":[]}}"),
	  "p.json: syscalls[0].includes: unknown key \"cap\": did you mean \"caps\"?", ERROR_SPEC },
};

Test(seccomp_spec, wrong)
{
	for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
		struct seccomp_spec spec = { .default_errno = 4711 };
		struct error e = { 0 };

		cr_assert_eq(seccomp_spec_decode(bads[i].json, strlen(bads[i].json), "p.json", &spec, &e), -1,
			     "%s was accepted", bads[i].json);
		cr_expect_str_eq(e.text, bads[i].text);
		cr_expect_eq(e.kind, bads[i].kind);
		cr_expect_str_eq(e.field, "", "the place is one in the profile");
		cr_expect_eq(spec.default_errno, 4711, "the result was touched");
	}
}

/* Each word of the tables, by way of the decoder. */
Test(seccomp_spec, every_word)
{
	for (const struct word *action = seccomp_actions; action->name; action++) {
		struct text json = { 0 };
		struct seccomp_spec spec;
		struct error e = { 0 };

		text_addf(&json, "{\"defaultAction\": \"%s\", \"syscalls\": null}", action->name);
		cr_assert_eq(seccomp_spec_decode(json.data, json.length, "p", &spec, &e), 0, "%s", e.text);
		cr_expect_eq((int)spec.default_action, action->value);
		cr_expect_eq(seccomp_spec_notifies(&spec), action->value == SECCOMP_ACTION_NOTIFY);
		seccomp_spec_release(&spec);
		text_release(&json);
	}
	for (const struct word *flag = seccomp_flags; flag->name; flag++) {
		struct text json = { 0 };
		struct seccomp_spec spec;
		struct error e = { 0 };

		text_addf(&json, "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": [\"%s\"]}", flag->name);
		cr_assert_eq(seccomp_spec_decode(json.data, json.length, "p", &spec, &e), 0, "%s", e.text);
		cr_expect_eq(spec.flags, (unsigned)flag->value);
		seccomp_spec_release(&spec);
		text_release(&json);
	}
}
