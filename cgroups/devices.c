/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices.c - which devices the container's processes may open or make.
 *
 * v1: the kernel keeps a list (device_list.c), changed line by line. v2: the kernel asks a BPF program (device_program.c). New rules come
 * as a second program, which for a moment has to agree with the first one, and then the first one goes: nothing is allowed on the way that
 * neither of them allows.
 */
#include "cgroups/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cgroups/group.h"
#include "specs/limits.h"

#define PROGRAM_NAME "box_devices"

enum { PROGRAMS_MAX = 64 /* the kernel's own limit for one group and kind */ };

/* What every container has in /dev, whatever the rules say: null, zero, full, random, urandom, tty, ptmx, and the terminals in pts (of
 * which /dev/console is one). And, as with runc and crun, nodes of all devices may be made, by whom has CAP_MKNOD: a node that cannot be
 * opened is a name, and linux.devices may list some that no rule allows. */
static const struct device_rule standard[] = {
	{ true, 'c', -1, -1, "m" }, { true, 'b', -1, -1, "m" },
	{ true, 'c', 1, 3, "rwm" }, { true, 'c', 1, 5, "rwm" }, { true, 'c', 1, 7, "rwm" }, { true, 'c', 1, 8, "rwm" },
	{ true, 'c', 1, 9, "rwm" }, { true, 'c', 5, 0, "rwm" }, { true, 'c', 5, 2, "rwm" }, { true, 'c', 136, -1, "rwm" },
};
enum { STANDARD_COUNT = sizeof standard / sizeof *standard };

unsigned devices_access_bits(const struct device_rule *rule)
{
	unsigned bits = 0;

	for (size_t i = 0; i < sizeof rule->access && rule->access[i]; i++)
		bits |= rule->access[i] == 'r'   ? BPF_DEVCG_ACC_READ
			: rule->access[i] == 'w' ? BPF_DEVCG_ACC_WRITE
						 : BPF_DEVCG_ACC_MKNOD;
	return bits;
}

int devices_check(const struct device_rule *rules, size_t count, struct error *e)
{
	for (size_t i = 0; i < count; i++) {
		const struct device_rule *rule = &rules[i];
		size_t length = strnlen(rule->access, sizeof rule->access);

		if ((rule->type != 'c' && rule->type != 'b' && rule->type != 'a') || rule->major < -1 || rule->minor < -1 || length == 0 ||
		    length > 3 || strspn(rule->access, "rwm") < length)
			return error_set(e, ERROR_INTERNAL,
					 "device rule %zu: a rule has a type of c, b, a, numbers of -1 or more, and an access of rwm", i);
	}
	return 0;
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
	(void)snprintf(attr.prog_name, sizeof attr.prog_name, PROGRAM_NAME); /* always fits */
	/* bpf(2) says EAGAIN where a signal came while the program was verified. */
	for (int try = 0; (fd = bpf(BPF_PROG_LOAD, &attr)) < 0 && errno == EAGAIN && try < 5; try++)
		continue;
	return fd;
}

/* The ids of the programs that are attached to the group itself. A kernel that does not tell has none to replace. */
static uint32_t attached_programs(const struct branch *branch, uint32_t ids[static PROGRAMS_MAX])
{
	union bpf_attr attr = { 0 };

	attr.query.target_fd = (uint32_t)branch->folder;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uint64_t)(uintptr_t)ids;
	attr.query.prog_cnt = PROGRAMS_MAX;
	return bpf(BPF_PROG_QUERY, &attr) ? 0 : attr.query.prog_cnt;
}

/* Detaches one of the programs if box attached it; others' stay. 0, or -1 with errno. */
static int detach_former(const struct branch *branch, uint32_t id)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { 0 };
	autoclose int fd = -1;

	attr.prog_id = id;
	fd = bpf(BPF_PROG_GET_FD_BY_ID, &attr);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	attr = (union bpf_attr){ 0 };
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof info;
	attr.info.info = (uint64_t)(uintptr_t)&info;
	if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr))
		return -1;
	if (strcmp(info.name, PROGRAM_NAME) != 0)
		return 0;
	attr = (union bpf_attr){ 0 };
	attr.target_fd = (uint32_t)branch->folder;
	attr.attach_bpf_fd = (uint32_t)fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	return bpf(BPF_PROG_DETACH, &attr);
}

static int devices_v2(const struct branch *branch, const struct device_rule *rules, size_t count, struct error *e)
{
	autofree struct bpf_insn *program = NULL;
	uint32_t former[PROGRAMS_MAX], former_count;
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
	former_count = attached_programs(branch, former);
	attr.target_fd = (uint32_t)branch->folder;
	attr.attach_bpf_fd = (uint32_t)fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI; /* beside what the groups above have: all must agree */
	if (bpf(BPF_PROG_ATTACH, &attr))
		return error_sys(e, "attach the device rules to the cgroup %s", branch->tree.root);
	for (uint32_t i = 0; i < former_count; i++)
		if (detach_former(branch, former[i]))
			return error_sys(e, "detach the former device rules from the cgroup %s", branch->tree.root);
	return 0;
}

static void add_number(struct text *line, int number)
{
	if (number < 0)
		text_add(line, "*");
	else
		text_addf(line, "%d", number);
}

void devices_line(const struct device_rule *rule, struct text *ret)
{
	text_clear(ret);
	text_addf(ret, "%c ", rule->type);
	add_number(ret, rule->major);
	text_add_char(ret, ':');
	add_number(ret, rule->minor);
	text_addf(ret, " %.*s", (int)sizeof rule->access, rule->access);
}

/* One line per write: the kernel reads no further than the first. */
static int write_changes(const struct branch *branch, const struct list *changes, struct error *e)
{
	static const char *const files[] = { "devices.deny", "devices.allow" };
	autoclose int deny = -1;
	autoclose int allow = -1;
	int *const fds[] = { &deny, &allow };

	for (size_t i = 0; i < changes->count; i++) {
		const char *change = changes->items[i], *line = strchr(change, ' ') + 1;
		bool allows = text_starts(change, "allow ");
		ssize_t length = (ssize_t)strlen(line);

		if (*fds[allows] < 0)
			*fds[allows] = openat(branch->folder, files[allows], O_WRONLY | O_CLOEXEC);
		if (*fds[allows] < 0 || write(*fds[allows], line, (size_t)length) != length)
			return error_sys(e, "write \"%s\" to %s of cgroup %s", line, files[allows], branch->tree.root);
	}
	return 0;
}

static int devices_v1(const struct branch *branch, const struct device_rule *rules, size_t count, struct error *e)
{
	struct device_list now = { .is_allowed = true }, wanted = { 0 };
	autorelease(text) struct text lines = { 0 };
	autorelease(list) struct list changes = { 0 };
	int failed;

	if (device_list_make(rules, count, &wanted, e))
		return -1;
	failed = branch->folder >= 0 ? file_read(branch->folder, "devices.list", (size_t)1 << 20, &lines, e)
				     : error_set(e, ERROR_MISSING, "set the device rules: the cgroup is gone");
	if (!failed) {
		device_list_parse(&now, lines.data ? lines.data : "");
		device_list_changes(&now, &wanted, &changes);
		failed = write_changes(branch, &changes, e);
	}
	device_list_release(&now);
	device_list_release(&wanted);
	return failed;
}

int cgroup_devices(const struct cgroup *group, const struct device_rule *rules, size_t count, struct error *e)
{
	const struct branch *branch = group_branch(group, CONTROLLER_DEVICES);
	autofree struct device_rule *all = NULL;

	if (devices_check(rules, count, e))
		return -1;
	if (!branch) {
		log_debug("the device rules are not installed: no devices controller here, continuing");
		return 0;
	}
	all = alloc_zeroed(count + STANDARD_COUNT, sizeof *all);
	if (count)
		memcpy(all, rules, count * sizeof *all);
	memcpy(all + count, standard, sizeof standard);
	return branch->tree.is_v2 ? devices_v2(branch, all, count + STANDARD_COUNT, e) : devices_v1(branch, all, count + STANDARD_COUNT, e);
}
