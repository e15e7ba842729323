/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h - the record of a running container on disk.
 *
 *     STATE/NAME/lock         held (flock) by the box that runs the container: free means that this box is gone
 *     STATE/NAME/store        a link to the store that its writable layer lies in
 *     STATE/NAME/state.json   what other commands need to know: written once, when everything is made
 *     STATE/NAME/config.json  OCI: the configuration as it was at create
 *     STATE/NAME/brief        OCI: what create found out about it (oci_brief.h)
 *     STATE/NAME/group        the path of its cgroup where box does not choose it: OCI, while no record says it; an app
 *                             that systemd keeps
 *     STATE/NAME/start        OCI: a socket on which the container's first process waits for start; gone afterwards
 *
 * An OCI container has no box that stays: with a state.json it lives until delete, and its lock is held by one verb at a time.
 *
 * Nothing here survives a reboot, so nothing is synced to disk.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct error;
struct places;

#define STATE_GROUP "group"
#define STATE_BRIEF "brief"

struct record {
	char *name;
	char *image;
	struct list args;
	int64_t pid;        /* of the first process, in the host's pid namespace */
	int64_t start_time; /* process_start_time(): with the pid it names the process for good */
	int64_t created;    /* seconds since 1970 */
	int64_t created_ns; /* and nanoseconds of the next */
	int64_t id_base;    /* first host id, 0 without a lease */
	char *cgroup;       /* cgroup_record() */
	/* For box exec. */
	struct list env;
	struct list secret_names; /* variables that the first process has beside: their values are secret, and in no file */
	char *working_dir;
	char *user;
	struct list group_add;
	int64_t capabilities;
	bool no_new_privileges;
	int64_t seccomp; /* enum seccomp_mode */
	char *seccomp_file;
	bool user_namespace;
	bool can_setgroups;
	int64_t stop_signal;
	int64_t stop_grace_us;
	struct list networks; /* "NAME IP4 IP6"; IP6 "-": none */
	/* For box reload: struct reload. */
	int64_t reload_signal, reload_timeout_us;
	struct list reload_exec;
	/* What an OCI container has beside; bundle is NULL for others. */
	char *bundle;
	char *rootfs;
	char *oci_version;
	struct list annotations;
};

void record_release(struct record *record);

/* A container's folder while this process owns it. */
struct state {
	char *name;
	int folder;
	int lock;
};

/* Takes the name: makes the folder and its lock. A name whose container lives is ERROR_EXISTS. */
int state_make(const struct places *places, const char *name, struct state *ret, struct error *e);

/* Takes over the folder of a container whose box is gone: 1, or 0 where it lives or has no such folder. */
int state_adopt(const struct places *places, const char *name, struct state *ret, struct error *e);

/* Whether a container of this name exists, be it only in the making. */
bool state_exists(const struct places *places, const char *name);

/* The error for a name that does not. */
int state_missing(const char *name, struct error *e);

/* Whether the first process of an OCI container still waits for start. */
bool state_is_waiting(const struct places *places, const char *name);

/* The open folder of an existing container, for reading. */
int state_folder(const struct places *places, const char *name, struct error *e);

/* Takes the lock of an existing container, waiting for whoever holds it: verbs on one OCI container act one after another. */
int state_lock(const struct places *places, const char *name, struct state *ret, struct error *e);

int state_write(const struct state *state, const struct record *record, struct error *e);

/* Removes the folder and lets the name go. */
int state_remove(const struct places *places, struct state *state, struct error *e);
void state_release(struct state *state);

/* Reads a record; ERROR_MISSING where there is none. *ret_alive: the process that it names still runs. */
int state_read(const struct places *places, const char *name, struct record *ret, bool *ret_alive, struct error *e);

/* The store of a container's writable layer, NULL where it cannot be read. The caller frees it. */
char *state_store(const struct state *state);

/* Every name that has a folder, and what a sweep may find: ".new-…", ".old-…". */
int state_names(const struct places *places, struct list *ret, struct error *e);
