/* SPDX-License-Identifier: Apache-2.0 */
/*
 * processes.h - what /proc tells about a process of a container.
 */
#pragma once

#include <stdint.h>

/* The pid in its innermost namespace, or 0 where the process is gone. */
int process_inner_pid(int pid);

/* The words of its command line with spaces between them; its name in brackets where it has none. The caller frees it. */
char *process_command(int pid);

struct process_facts {
	int64_t parent;   /* pid on the host */
	int64_t user;     /* effective user id as the container calls it; -1: unknown */
	int64_t cpu_us;   /* time on a processor */
	int64_t age_us;   /* since it began */
};

/* 0, or -1 where it is gone. */
int process_facts_read(int pid, struct process_facts *ret);

/* The id that stands behind outside in the text of /proc/PID/uid_map; -1 where there is none. */
int64_t process_id_inside(const char *map, int64_t outside);
