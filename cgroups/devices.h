/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices.h - device rules as text and as a program. Private to cgroups/; a test runs the program in an interpreter.
 */
#pragma once

#include <stddef.h>
#include <linux/bpf.h>

#include "cgroups/cgroup.h"

/* -1 where a rule is none. */
int devices_check(const struct cgroup_device *rules, size_t count, struct error *e);

/* The program that returns 1 for an access that a rule allows, else 0. The caller frees it. The rules have passed devices_check. */
struct bpf_insn *devices_program(const struct cgroup_device *rules, size_t count, size_t *ret_length);

/* "c 1:3 rwm": the rule as v1 reads it. What was in ret is forgotten. */
void devices_line(const struct cgroup_device *rule, struct text *ret);
