/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices.c - which devices the container's processes may open or make.
 *
 * v1: the kernel keeps a list; "a" in devices.deny empties it, each rule goes into devices.allow.
 * v2: the kernel asks a BPF program (BPF_PROG_TYPE_CGROUP_DEVICE, Linux 4.15). It is built from the rules, one block each:
 *
 *     r2 = type, r3 = wanted access, r4 = major, r5 = minor        from the context
 *     rule: if r4 != major goto next; if r5 != minor goto next; if r2 != type goto next;
 *           r1 = r3; r1 &= ~allowed; if r1 != 0 goto next; return 1
 *     end:  return 0
 */
#include "cgroups/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "cgroups/group.h"

enum { RULE_MAX_LENGTH = 8, HEAD_LENGTH = 6, TAIL_LENGTH = 2, ACCESS_SHIFT = 16, TYPE_MASK = 0xffff };

static uint32_t access_bits(const struct cgroup_device *rule)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < sizeof rule->access && rule->access[i]; i++)
		bits |= rule->access[i] == 'r'   ? BPF_DEVCG_ACC_READ
			: rule->access[i] == 'w' ? BPF_DEVCG_ACC_WRITE
						 : BPF_DEVCG_ACC_MKNOD;
	return bits;
}

int devices_check(const struct cgroup_device *rules, size_t count, struct error *e)
{
	for (size_t i = 0; i < count; i++) {
		const struct cgroup_device *rule = &rules[i];
		size_t length = strnlen(rule->access, sizeof rule->access);

		if ((rule->type != 'c' && rule->type != 'b' && rule->type != 'a') || rule->major < -1 ||
		    rule->minor < -1 || length == 0 || length > 3 || strspn(rule->access, "rwm") < length)
			return error_set(e, ERROR_INTERNAL,
					 "allow device %zu: a rule has a type of c, b, a, numbers of -1 or more, and "
					 "an access of rwm",
					 i);
	}
	return 0;
}

/* "if register != value skip the rest of the rule". How far that is, the end of the rule knows. */
static void add_test(struct bpf_insn **at, int reg, uint32_t value)
{
	*(*at)++ = (struct bpf_insn){ .code = BPF_JMP | BPF_JNE | BPF_K,
				      .dst_reg = (uint8_t)reg & 0xf,
				      .imm = (int32_t)value };
}

static void add_rule(struct bpf_insn **at, const struct cgroup_device *rule)
{
	struct bpf_insn *first = *at;
	uint32_t refused = ~access_bits(rule) & (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD);

	if (rule->major >= 0)
		add_test(at, BPF_REG_4, (uint32_t)rule->major);
	if (rule->minor >= 0)
		add_test(at, BPF_REG_5, (uint32_t)rule->minor);
	if (rule->type != 'a')
		add_test(at, BPF_REG_2, rule->type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK);
	if (refused) {
		*(*at)++ = (struct bpf_insn){ .code = BPF_ALU | BPF_MOV | BPF_X,
					      .dst_reg = BPF_REG_1,
					      .src_reg = BPF_REG_3 };
		*(*at)++ = (struct bpf_insn){ .code = BPF_ALU | BPF_AND | BPF_K,
					      .dst_reg = BPF_REG_1,
					      .imm = (int32_t)refused };
		add_test(at, BPF_REG_1, 0);
	}
	*(*at)++ = (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 };
	*(*at)++ = (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT };
	for (struct bpf_insn *test = first; test < *at; test++)
		if (test->code == (BPF_JMP | BPF_JNE | BPF_K))
			test->off = (int16_t)(*at - test - 1);
}

struct bpf_insn *devices_program(const struct cgroup_device *rules, size_t count, size_t *ret_length)
{
	struct bpf_insn *program = alloc_zeroed(HEAD_LENGTH + count * RULE_MAX_LENGTH + TAIL_LENGTH, sizeof *program);
	struct bpf_insn *at = program;
	const uint8_t load = BPF_LDX | BPF_MEM | BPF_W;

	/* struct bpf_cgroup_dev_ctx: access_type = wanted access << 16 | type. r1 is its address. */
	*at++ = (struct bpf_insn){ .code = load,
				   .dst_reg = BPF_REG_2,
				   .src_reg = BPF_REG_1,
				   .off = offsetof(struct bpf_cgroup_dev_ctx, access_type) };
	*at++ = (struct bpf_insn){ .code = load,
				   .dst_reg = BPF_REG_4,
				   .src_reg = BPF_REG_1,
				   .off = offsetof(struct bpf_cgroup_dev_ctx, major) };
	*at++ = (struct bpf_insn){ .code = load,
				   .dst_reg = BPF_REG_5,
				   .src_reg = BPF_REG_1,
				   .off = offsetof(struct bpf_cgroup_dev_ctx, minor) };
	*at++ = (struct bpf_insn){ .code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = BPF_REG_3, .src_reg = BPF_REG_2 };
	*at++ = (struct bpf_insn){ .code = BPF_ALU | BPF_RSH | BPF_K, .dst_reg = BPF_REG_3, .imm = ACCESS_SHIFT };
	*at++ = (struct bpf_insn){ .code = BPF_ALU | BPF_AND | BPF_K, .dst_reg = BPF_REG_2, .imm = TYPE_MASK };
	for (size_t i = 0; i < count; i++)
		add_rule(&at, &rules[i]);
	*at++ = (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 };
	*at++ = (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT };
	*ret_length = (size_t)(at - program);
	return program;
}

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof *attr);
}

static int load_program(const struct bpf_insn *program, size_t length)
{
	static const char license[] = "Apache-2.0"; /* no function of the kernel is called that asks for another one */
	union bpf_attr attr = { 0 };
	int fd;

	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uint64_t)(uintptr_t)program;
	attr.insn_cnt = (uint32_t)length;
	attr.license = (uint64_t)(uintptr_t)license;
	(void)snprintf(attr.prog_name, sizeof attr.prog_name, "box_devices"); /* always fits */
	/* bpf(2) says EAGAIN where a signal came while the program was verified. */
	for (int try = 0; (fd = bpf(BPF_PROG_LOAD, &attr)) < 0 && errno == EAGAIN && try < 5; try++)
		continue;
	return fd;
}

static int devices_v2(const struct branch *branch, const struct cgroup_device *rules, size_t count, struct error *e)
{
	autofree struct bpf_insn *program = NULL;
	union bpf_attr attr = { 0 };
	autoclose int fd = -1;
	size_t length;

	program = devices_program(rules, count, &length);
	fd = load_program(program, length);
	if (fd < 0 && (errno == EPERM || errno == ENOSYS)) {
		/* An ordinary user may not load it, and does not need it: no device node of a user namespace can be opened, and what is
		 * bound from the host keeps the host's permissions. */
		log_debug("the device rules are not installed: bpf(2) is not allowed here, continuing");
		return 0;
	}
	if (fd < 0)
		return error_sys(e, "load the device rules of the container (%zu BPF instructions)", length);
	attr.target_fd = (uint32_t)branch->folder;
	attr.attach_bpf_fd = (uint32_t)fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI; /* beside what the groups above have: all must agree */
	if (bpf(BPF_PROG_ATTACH, &attr))
		return error_sys(e, "attach the device rules to the cgroup %s", branch->tree.root);
	return 0;
}

static void add_number(struct text *line, int number)
{
	if (number < 0)
		text_add(line, "*");
	else
		text_addf(line, "%d", number);
}

void devices_line(const struct cgroup_device *rule, struct text *ret)
{
	text_clear(ret);
	text_addf(ret, "%c ", rule->type);
	add_number(ret, rule->major);
	text_add_char(ret, ':');
	add_number(ret, rule->minor);
	text_addf(ret, " %.*s", (int)sizeof rule->access, rule->access);
}

static int devices_v1(const struct branch *branch, const struct cgroup_device *rules, size_t count, struct error *e)
{
	autorelease(text) struct text line = { 0 };
	autoclose int allow = -1;

	if (group_write(branch, "devices.deny", "a"))
		return error_sys(e, "write a to devices.deny of cgroup %s", branch->tree.root);
	allow = openat(branch->folder, "devices.allow", O_WRONLY | O_CLOEXEC);
	if (allow < 0)
		return error_sys(e, "open devices.allow of cgroup %s", branch->tree.root);
	for (size_t i = 0; i < count; i++) {
		devices_line(&rules[i], &line);
		/* One rule per write: the kernel reads no further than the first. */
		if (write(allow, line.data, line.length) != (ssize_t)line.length)
			return error_sys(e, "write \"%s\" to devices.allow of cgroup %s", line.data, branch->tree.root);
	}
	return 0;
}

int cgroup_devices(const struct cgroup *group, const struct cgroup_device *allowed, size_t count, struct error *e)
{
	const struct branch *branch = group_branch(group, CONTROLLER_DEVICES);

	if (devices_check(allowed, count, e))
		return -1;
	if (!branch) {
		log_debug("the device rules are not installed: no devices controller here, continuing");
		return 0;
	}
	return branch->tree.is_v2 ? devices_v2(branch, allowed, count, e) : devices_v1(branch, allowed, count, e);
}
