/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.h - why an app ended: what can be found out before its cgroup is removed.
 */
#pragma once

struct cgroup;
struct container;
struct exit_record;
struct list;
struct process_end;

/* Fills what the kernel tells: out of memory with figures and the process chosen, forks refused by the pids limit, and whether a
 * program without a network sought one. net_counters: /proc/PID/net/snmp of a network namespace of its own, opened while the app lived,
 * or -1. */
void explain_gather(const struct cgroup *group, int net_counters, struct exit_record *ret);

/* The same, and adds in sentences what is worth telling at once to epilogue. */
void explain_end(const struct container *container, const struct cgroup *group, const struct process_end *end, int net_counters,
		 struct exit_record *ret, struct list *epilogue);
