/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduling.h - how the kernel shares processors and disks with a process.
 */
#pragma once

#include <sys/types.h>

struct error;
struct oci_part;

/* Policy and I/O priority as oci says, of a process (0: the caller); what it does not say stays. Errors carry their place. */
int scheduling_set(pid_t pid, const struct oci_part *oci, struct error *e);
