/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch_parts.h - the parts that launch_start is made of. Private to launch*.c.
 */
#pragma once

#include <sys/types.h>

struct error;
struct launch;

/* launch_prepare.c: everything that exists before the first process: name, ids, filter, writable layer, volumes, cgroup. */
int launch_prepare(struct launch *l, const char *volumes, struct error *e);

/* launch_mounts.c: maps the child's ids, and opens the user namespaces that id-mapped mounts need. */
int launch_map_ids(struct launch *l, struct error *e);

/* Opens, id-maps and sends the layers and the writable layer, then GO. */
int launch_send_layers(struct launch *l, struct error *e);

/* Opens, id-maps and sends bind mounts and volumes for an app that runs as uid and gid inside, then MOUNTS. */
int launch_send_sources(struct launch *l, const char *volumes, uid_t uid, gid_t gid, struct error *e);
