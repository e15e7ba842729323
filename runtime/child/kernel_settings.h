/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_settings.h - host name and sysctls of the container's namespaces.
 */
#pragma once

#include <stddef.h>

struct error;
struct sysctl_entry;

/* The host name of the calling process' UTS namespace. */
int settings_hostname(const char *name, struct error *e);

/* Writes each value once. procfd is a descriptor of a whole procfs that box itself mounted, detached: whatever lies on
 * /proc cannot redirect the write (CVE-2025-52881). Keys are checked again here: letters, digits, "_", "-", "." and "/" in a
 * form that names exactly one file. Which keys are allowed at all is the spec's matter. */
int settings_sysctls(int procfd, const struct sysctl_entry *entries, size_t count, struct error *e);
