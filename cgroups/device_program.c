/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_program.c - device rules as a BPF program (BPF_PROG_TYPE_CGROUP_DEVICE, Linux 4.15) that the kernel asks on v2.
 *
 * The last rule that fits decides, so the program looks at the last one first. r3 holds what is wanted and not yet allowed:
 *
 *     r2 = type, r3 = wanted access, r4 = major, r5 = minor        from the context
 *     rule: if r4 != major goto next; if r5 != minor goto next; if r2 != type goto next;
 *           allow: r3 &= ~access; if r3 != 0 goto next; return 1
 *           deny:  r1 = r3 & access; if r1 == 0 goto next; return 0
 *     end:  return 0
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "cgroups/devices.h"
#include "specs/limits.h"

enum {
	RULE_MAX_LENGTH = 8,
	HEAD_LENGTH = 6,
	TAIL_LENGTH = 2,
	ACCESS_SHIFT = 16,
	TYPE_MASK = 0xffff,
	ALL_ACCESS = BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD,
};

/* A jump to the next rule. How far that is, the end of the rule knows. */
static void add_test(struct bpf_insn **at, uint8_t jump, int reg, uint32_t value)
{
	*(*at)++ = (struct bpf_insn){ .code = BPF_JMP | jump | BPF_K, .dst_reg = (uint8_t)reg & 0xf, .imm = (int32_t)value };
}

static void add_return(struct bpf_insn **at, int value)
{
	*(*at)++ = (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = value };
	*(*at)++ = (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT };
}

static void add_and(struct bpf_insn **at, int reg, uint32_t mask)
{
	*(*at)++ = (struct bpf_insn){ .code = BPF_ALU | BPF_AND | BPF_K, .dst_reg = (uint8_t)reg & 0xf, .imm = (int32_t)mask };
}

static void add_rule(struct bpf_insn **at, const struct device_rule *rule)
{
	struct bpf_insn *first = *at;

	if (rule->major >= 0)
		add_test(at, BPF_JNE, BPF_REG_4, (uint32_t)rule->major);
	if (rule->minor >= 0)
		add_test(at, BPF_JNE, BPF_REG_5, (uint32_t)rule->minor);
	if (rule->type != 'a')
		add_test(at, BPF_JNE, BPF_REG_2, rule->type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK);
	if (rule->is_allowed) {
		add_and(at, BPF_REG_3, ALL_ACCESS & ~devices_access_bits(rule));
		add_test(at, BPF_JNE, BPF_REG_3, 0);
	} else {
		*(*at)++ = (struct bpf_insn){ .code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_3 };
		add_and(at, BPF_REG_1, devices_access_bits(rule));
		add_test(at, BPF_JEQ, BPF_REG_1, 0);
	}
	add_return(at, rule->is_allowed);
	for (struct bpf_insn *test = first; test < *at; test++)
		if (test->code == (BPF_JMP | BPF_JNE | BPF_K) || test->code == (BPF_JMP | BPF_JEQ | BPF_K))
			test->off = (int16_t)(*at - test - 1);
}

struct bpf_insn *devices_program(const struct device_rule *rules, size_t count, size_t *ret_length)
{
	struct bpf_insn *program = alloc_zeroed(HEAD_LENGTH + count * RULE_MAX_LENGTH + TAIL_LENGTH, sizeof *program);
	struct bpf_insn *at = program;
	const uint8_t load = BPF_LDX | BPF_MEM | BPF_W;

	/* struct bpf_cgroup_dev_ctx: access_type = wanted access << 16 | type. r1 is its address. */
	*at++ = (struct bpf_insn){ .code = load, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_1,
				   .off = offsetof(struct bpf_cgroup_dev_ctx, access_type) };
	*at++ = (struct bpf_insn){ .code = load, .dst_reg = BPF_REG_4, .src_reg = BPF_REG_1,
				   .off = offsetof(struct bpf_cgroup_dev_ctx, major) };
	*at++ = (struct bpf_insn){ .code = load, .dst_reg = BPF_REG_5, .src_reg = BPF_REG_1,
				   .off = offsetof(struct bpf_cgroup_dev_ctx, minor) };
	*at++ = (struct bpf_insn){ .code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = BPF_REG_3, .src_reg = BPF_REG_2 };
	*at++ = (struct bpf_insn){ .code = BPF_ALU | BPF_RSH | BPF_K, .dst_reg = BPF_REG_3, .imm = ACCESS_SHIFT };
	*at++ = (struct bpf_insn){ .code = BPF_ALU | BPF_AND | BPF_K, .dst_reg = BPF_REG_2, .imm = TYPE_MASK };
	for (size_t i = count; i-- > 0;)
		add_rule(&at, &rules[i]);
	add_return(&at, 0);
	*ret_length = (size_t)(at - program);
	return program;
}
