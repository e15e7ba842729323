/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.h - why an app ended, in sentences.
 */
#pragma once

struct cgroup;
struct container;
struct error;
struct list;
struct process_end;

/* Adds what is worth telling to epilogue: out of memory with figures, forks refused by the pids limit, and a
 * program that failed for lack of a network. net_counters: /proc/PID/net/snmp opened while the app lived, or
 * -1. Reads the cgroup, so it comes before its removal. */
void explain_end(const struct container *container, const struct cgroup *group, const struct process_end *end, int net_counters,
		 struct list *epilogue);
