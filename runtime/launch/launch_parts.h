/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch_parts.h - the parts that launch_start is made of. Private to launch*.c.
 */
#pragma once

#include <sys/types.h>

struct error;
struct launch;
struct message;

/* launch_prepare.c: everything that exists before the first process: name, ids, filter, writable layer, volumes, cgroup. */
int launch_prepare(struct launch *l, const char *volumes, struct error *e);

/* launch_prepare.c: tells the volumes whose they are, as soon as there is a first process. */
int launch_note_volumes(const struct launch *l, const char *volumes, struct error *e);

/* launch.c: the first process, in its namespaces; writable and volumes are for an ordinary user's. */
int launch_clone(struct launch *l, const char *writable, const char *volumes, struct error *e);

/* Waits for one stage of the child; its failure, or its death, is the error. */
int launch_expect(struct launch *l, unsigned stage, struct message *ret, struct error *e);

/* What other commands need to know about the container. */
int launch_write_record(struct launch *l, struct error *e);

/* launch_cgroup.c: the OCI container's group, or the plan of one; then, with the first process there, what was planned. */
int launch_make_cgroup(struct launch *l, struct error *e);
int launch_start_unit(struct launch *l, struct error *e);

/* launch_oci.c: the whole of launch_start for an OCI container. */
int launch_create(struct launch *l, struct error *e);

/* launch_prepare.c: which sources are files. */
void launch_look_at_sources(struct launch *l);

/* launch_mounts.c: maps the child's ids, and opens the user namespaces that id-mapped mounts need. */
int launch_map_ids(struct launch *l, struct error *e);

/* Opens, id-maps and sends the layers and the writable layer, then GO. */
int launch_send_layers(struct launch *l, struct error *e);

/* Opens, id-maps and sends bind mounts and volumes for an app that runs as uid and gid inside, then MOUNTS. */
int launch_send_sources(struct launch *l, const char *volumes, uid_t uid, gid_t gid, struct error *e);
