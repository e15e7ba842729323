/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_devices.c - the device program, run in an interpreter and compared with the rules read directly.
 */
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "cgroups/devices.h"
#include "specs/limits.h"

static uint32_t operand(const struct bpf_insn *insn, const uint64_t *registers)
{
	return BPF_SRC(insn->code) == BPF_X ? (uint32_t)registers[insn->src_reg] : (uint32_t)insn->imm;
}

/* Runs what a device program may consist of; anything else fails the test. */
static uint64_t interpret(const struct bpf_insn *program, size_t length, const struct bpf_cgroup_dev_ctx *context)
{
	uint64_t registers[11] = { 0 };
	bool is_set[11] = { [BPF_REG_1] = true, [BPF_REG_10] = true };
	bool is_context_lost = false;

	for (size_t at = 0; at < length; at++) {
		const struct bpf_insn *insn = &program[at];
		uint64_t *to = &registers[insn->dst_reg];
		uint32_t loaded;

		switch (insn->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			cr_assert(insn->src_reg == BPF_REG_1 && !is_context_lost && insn->off >= 0 &&
				  insn->off + 4 <= (int)sizeof *context);
			memcpy(&loaded, (const char *)context + insn->off, sizeof loaded);
			*to = loaded;
			break;
		case BPF_ALU | BPF_MOV | BPF_X:
		case BPF_ALU64 | BPF_MOV | BPF_K:
			cr_assert(BPF_SRC(insn->code) == BPF_K || is_set[insn->src_reg]);
			*to = operand(insn, registers);
			break;
		case BPF_ALU | BPF_RSH | BPF_K: *to = (uint32_t)*to >> insn->imm; break;
		case BPF_ALU | BPF_AND | BPF_K: *to = (uint32_t)*to & operand(insn, registers); break;
		case BPF_JMP | BPF_JNE | BPF_K:
			cr_assert(is_set[insn->dst_reg] && insn->off > 0, "only forward, only on what was loaded");
			/* The kernel compares 64 bits with the sign-extended constant. */
			if (*to != (uint64_t)(int64_t)insn->imm)
				at += (size_t)insn->off;
			continue;
		case BPF_JMP | BPF_EXIT: return registers[BPF_REG_0];
		case BPF_JMP | BPF_JEQ | BPF_K:
			cr_assert(is_set[insn->dst_reg] && insn->off > 0);
			if (*to == (uint64_t)(int64_t)insn->imm)
				at += (size_t)insn->off;
			continue;
		default: cr_assert_fail("unexpected instruction %02x at %zu", insn->code, at);
		}
		is_set[insn->dst_reg] = true;
		is_context_lost |= insn->dst_reg == BPF_REG_1;
	}
	cr_assert_fail("the program runs past its end");
	return 0;
}

/* The rules, read as they are meant: from top to bottom, every kind of access by itself. */
static bool expected(const struct device_rule *rules, size_t count, uint32_t type, uint32_t access, uint32_t major, uint32_t minor)
{
	uint32_t allowed = 0;

	for (size_t i = 0; i < count; i++) {
		const struct device_rule *rule = &rules[i];
		bool type_fits = rule->type == 'a' || (rule->type == 'c') == (type == BPF_DEVCG_DEV_CHAR);

		if (!type_fits || (rule->major >= 0 && (uint32_t)rule->major != major) ||
		    (rule->minor >= 0 && (uint32_t)rule->minor != minor))
			continue;
		if (rule->is_allowed)
			allowed |= devices_access_bits(rule);
		else
			allowed &= ~devices_access_bits(rule);
	}
	return (access & ~allowed) == 0;
}

static const struct device_rule rules[] = {
	{ true, 'c', 1, 3, "rwm" }, { true, 'c', 1, 5, "rw" },     { true, 'c', 5, -1, "r" },    { true, 'b', 8, 0, "r" },
	{ true, 'b', 8, 1, "wm" },  { true, 'c', 136, -1, "rwm" }, { true, 'a', 10, 200, "rw" }, { true, 'b', -1, 7, "m" },
};
enum { RULE_COUNT = sizeof rules / sizeof *rules };

/* Allowed and refused again, in wider and narrower circles. */
static const struct device_rule ordered[] = {
	{ false, 'a', -1, -1, "rwm" }, { true, 'c', -1, -1, "m" },  { true, 'b', -1, -1, "m" }, { true, 'c', 1, -1, "rwm" },
	{ false, 'c', 1, 5, "w" },     { true, 'b', 8, -1, "rwm" }, { false, 'b', 8, 1, "rm" }, { true, 'a', 10, 200, "rwm" },
	{ false, 'c', 10, -1, "m" },   { true, 'c', 1, 5, "w" },    { false, 'a', 8, 7, "r" },
};
enum { ORDERED_COUNT = sizeof ordered / sizeof *ordered };

static size_t compare_all(const struct device_rule *list, size_t count)
{
	static const uint32_t majors[] = { 0, 1, 5, 8, 10, 136, 4095 }, minors[] = { 0, 1, 3, 5, 7, 200, 1048575 };
	size_t length, allowed = 0;
	struct bpf_insn *program = devices_program(list, count, &length);

	for (uint32_t type = BPF_DEVCG_DEV_BLOCK; type <= BPF_DEVCG_DEV_CHAR; type++)
		for (uint32_t access = 1; access < 8; access++)
			for (size_t a = 0; a < 7; a++)
				for (size_t i = 0; i < 7; i++) {
					struct bpf_cgroup_dev_ctx context = { access << 16 | type, majors[a],
									      minors[i] };
					bool wanted = expected(list, count, type, access, majors[a], minors[i]);

					cr_assert_eq(interpret(program, length, &context), wanted,
						     "type %u access %u %u:%u", type, access, majors[a], minors[i]);
					allowed += wanted;
				}
	free(program);
	return allowed;
}

Test(devices, program_equals_rules)
{
	cr_assert_gt(compare_all(rules, RULE_COUNT), 0);
	for (size_t i = 0; i < RULE_COUNT; i++)
		cr_assert_gt(compare_all(&rules[i], 1), 0, "rule %zu allows something", i);
}

Test(devices, the_last_that_fits_decides)
{
	for (size_t count = 0; count <= ORDERED_COUNT; count++)
		(void)compare_all(ordered, count);
	for (size_t first = 0; first < ORDERED_COUNT; first++)
		(void)compare_all(ordered + first, ORDERED_COUNT - first);
}

Test(devices, no_rules_allow_nothing)
{
	cr_assert_eq(compare_all(rules, 0), 0);
}

Test(devices, all_is_everything)
{
	const struct device_rule all = { true, 'a', -1, -1, "rwm" };

	cr_assert_eq(compare_all(&all, 1), 2 * 7 * 7 * 7);
}

Test(devices, lines)
{
	struct text line = { 0 };

	devices_line(&rules[2], &line);
	cr_assert_str_eq(line.data, "c 5:* r");
	devices_line(&rules[0], &line);
	cr_assert_str_eq(line.data, "c 1:3 rwm");
	text_release(&line);
}

Test(devices, bad_rules)
{
	static const struct device_rule bad[] = {
		{ true, 'x', 1, 1, "r" }, { true, 'c', -2, 1, "r" }, { true, 'c', 1, -2, "r" },
		{ true, 'c', 1, 1, "" },  { true, 'c', 1, 1, "rx" }, { true, 'c', 1, 1, { 'r', 'w', 'm', 'r' } },
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct error e = { 0 };

		cr_assert_eq(devices_check(&bad[i], 1, &e), -1, "rule %zu", i);
		cr_assert(strstr(e.text, "device rule 0"));
	}
}

/* The lines that come from one set of rules to another, joined by "; ". */
static char *changes(const char *now_lines, const struct device_rule *list, size_t count)
{
	struct device_list now, wanted;
	struct list lines = { 0 };
	struct text all = { 0 };
	struct error e = { 0 };

	device_list_parse(&now, now_lines);
	cr_assert_eq(device_list_make(list, count, &wanted, &e), 0, "%s", e.text);
	device_list_changes(&now, &wanted, &lines);
	for (size_t i = 0; i < lines.count; i++)
		text_addf(&all, "%s%s", i ? "; " : "", lines.items[i]);
	device_list_release(&now);
	device_list_release(&wanted);
	list_release(&lines);
	return text_take(&all);
}

Test(devices, lists_of_v1)
{
	static const struct device_rule docker[] = { { false, 'a', -1, -1, "rwm" }, { true, 'c', 1, 5, "rwm" }, { true, 'c', -1, -1, "m" },
						     { true, 'c', 1, 5, "r" } };
	static const struct device_rule all_but[] = { { true, 'a', -1, -1, "rwm" }, { false, 'c', 1, 5, "mw" }, { true, 'c', 1, 5, "m" } };
	static const struct device_rule taken_back[] = { { true, 'c', 1, 3, "rw" }, { true, 'c', 1, 5, "rw" }, { false, 'c', 1, -1, "w" },
							 { true, 'a', 10, 200, "r" } };
	static const struct {
		const char *now;
		const struct device_rule *list;
		size_t count;
		const char *changes;
	} cases[] = {
		{ "a *:* rwm\n", docker, 4, "deny a; allow c 1:5 rwm; allow c *:* m" },
		{ "c 1:5 rwm\nc *:* m\n", docker, 4, "" },
		{ "c 1:5 r\nb 8:0 rw\n", docker, 4, "allow c 1:5 wm; allow c *:* m; deny b 8:0 rw" },
		{ "a *:* rwm\n", all_but, 3, "allow a; deny c 1:5 w" },
		{ "c 1:3 rwm\n", all_but, 3, "allow a; deny c 1:5 w" },
		{ "", taken_back, 4, "allow c 1:3 r; allow c 1:5 r; allow b 10:200 r; allow c 10:200 r" },
		{ "c 1:3 rwm\n", docker, 0, "deny c 1:3 rwm" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *found = changes(cases[i].now, cases[i].list, cases[i].count);

		cr_assert_str_eq(found, cases[i].changes, "case %zu: %s", i, found);
		free(found);
	}
}

Test(devices, v1_cannot_punch_holes)
{
	static const struct device_rule hole[] = { { true, 'c', 1, -1, "rwm" }, { false, 'c', 1, 5, "w" } };
	struct device_list list;
	struct error e = { 0 };

	cr_assert_eq(device_list_make(hole, 2, &list, &e), -1);
	cr_assert_str_eq(e.text, "deny the device c 1:5 w: cgroup v1 cannot make an exception from \"allow c 1:* rwm\"");
	cr_assert_str_eq(e.field, "linux.resources.devices[1]");
}
