/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit_name.h - the unit of systemd that a cgroupsPath names. Private to cgroups/; text in, text out.
 */
#pragma once

#include <stdbool.h>

struct error;

struct unit_name {
	char *slice; /* the unit above it: "system.slice"; "-.slice": none */
	char *unit;  /* "libpod-ID.scope", or "pod.slice" */
	char *group; /* the unit's group below the manager's: "/system.slice/libpod-ID.scope" */
	bool is_slice;
};

/* The rules are runc's (docs/systemd.md): "SLICE:PREFIX:NAME" is PREFIX-NAME.scope in SLICE, or NAME alone where it ends in ".slice".
 * Without PREFIX the scope is NAME.scope; without SLICE it lies in system.slice, is_user: in user.slice; "-" is the root slice. No path
 * at all is ":box:ID". -1 where the words make no unit. */
int unit_name_of(const char *cgroups_path, const char *id, bool is_user, struct unit_name *ret, struct error *e);
void unit_name_release(struct unit_name *name);
