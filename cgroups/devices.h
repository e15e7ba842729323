/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices.h - device rules as lists, lines and a program. Private to cgroups/; nothing here touches the kernel but cgroup_devices.
 *
 * Rules are read from top to bottom, and the last that fits decides, for each of reading, writing and mknod by itself. Without any rule
 * everything is refused.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>

#include "cgroups/cgroup.h"

struct device_rule;
struct list;
struct text;

/* -1 where a rule is none. */
int devices_check(const struct device_rule *rules, size_t count, struct error *e);

/* device_program.c: returns 1 for an access that the rules allow, else 0. The caller frees it. The rules have passed devices_check. */
struct bpf_insn *devices_program(const struct device_rule *rules, size_t count, size_t *ret_length);

/* BPF_DEVCG_ACC_* of "rwm". */
unsigned devices_access_bits(const struct device_rule *rule);

/* device_list.c: what a v1 group can hold: one answer for all devices, and exceptions from it. */
struct device_list {
	bool is_allowed;
	struct device_rule *exceptions; /* all with the other answer; no two for the same devices */
	size_t count;
};
void device_list_release(struct device_list *list);

/* The rules as such a list. -1 where v1 cannot say it: an exception from an exception. */
int device_list_make(const struct device_rule *rules, size_t count, struct device_list *ret, struct error *e);

/* Reads the text of devices.list. Whoever is allowed everything may have exceptions that are not in it. */
void device_list_parse(struct device_list *ret, const char *lines);

/* "allow c 5:1 rw", "deny a": what is to be written, in this order, to come from one list to another. What stays allowed is never refused
 * on the way, unless now allows everything. Adds to ret. */
void device_list_changes(const struct device_list *now, const struct device_list *wanted, struct list *ret);

/* "c 1:3 rwm": the rule as v1 reads it. What was in ret is forgotten. */
void devices_line(const struct device_rule *rule, struct text *ret);
