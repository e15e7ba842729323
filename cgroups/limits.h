/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.h - check limits against a host, and write them into a group. Private to cgroups/.
 */
#pragma once

#include <stdbool.h>

#include "cgroups/host.h"

struct branch;
struct cgroup;
struct error;
struct layout;
struct limits;

/* *ret_controllers: the bits of the controllers that these limits need. A limit that this host has no controller for is an error that
 * names it and its field, in config.json (is_oci) or app.json; where it is a default of box, a warning. */
int limits_check(const struct limits *limits, const struct layout *layout, bool is_oci, unsigned *ret_controllers, struct error *e);

/* Writes every limit that was said. is_fresh: the group was just made, so "without limit" is what it already has. */
int limits_write(const struct cgroup *group, const struct limits *limits, bool is_fresh, struct error *e);

/* The branch that takes a value of the controller, or NULL. On v2 a controller that nobody asked for at the start is switched on now. */
const struct branch *limits_branch(const struct cgroup *group, enum controller controller);

/* Why a controller is missing, in words, and what to do about it (or NULL). The caller frees the first. */
char *limits_why_missing(const struct layout *layout, enum controller controller);
const char *limits_fix_missing(const struct layout *layout);

/* limit_lists.c: the same for what is said per device, page size, interface or file. The limits are settled. */
int lists_check(const struct limits *limits, const struct layout *layout, bool is_oci, unsigned *controllers, struct error *e);
int lists_write(const struct cgroup *group, const struct limits *limits, struct error *e);
