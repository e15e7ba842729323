/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.h - the table of limits. Private to cgroups/.
 */
#pragma once

#include <stdbool.h>

struct cgroup;
struct error;
struct layout;
struct limits;

/* *ret_controllers: the bits of the controllers that these limits need. A limit that this host has no controller for is an error that
 * names it; where it is a default of box, a warning. */
int limits_check(const struct limits *limits, const struct layout *layout, unsigned *ret_controllers, struct error *e);

/* Writes every limit that was said. is_fresh: the group was just made, so "without limit" is what it already has. */
int limits_write(const struct cgroup *group, const struct limits *limits, bool is_fresh, struct error *e);
