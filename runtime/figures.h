/* SPDX-License-Identifier: Apache-2.0 */
/*
 * figures.h - what a running container uses, as numbers.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "cgroups/cgroup.h"

struct error;
struct places;

/* LIMIT_UNSET (specs/limits.h) where this host does not tell. */
struct figures {
	struct cgroup_stats group;
	int64_t received_bytes, sent_bytes; /* over all interfaces but loopback; unset for a container in the host's network */
	int64_t now_us;                     /* CLOCK_MONOTONIC, when the figures were read */
};

/* The figures of one container; ERROR_MISSING where it does not run. */
int figures_read(const struct places *places, const char *name, struct figures *ret, struct error *e);

/* Adds the bytes that the text of /proc/PID/net/dev counts to *received and *sent. For figures_read and its tests. */
void figures_add_network(const char *text, int64_t *received, int64_t *sent);

/* By how many hundredths of a percent of one processor it kept busy between two readings; 0 where that is not known. */
int64_t figures_cpu_share(const struct figures *before, const struct figures *after);
