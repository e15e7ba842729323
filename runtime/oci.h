/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci.h - the verbs that engines call: runtime.md, "Operations", and what runc has beside them.
 *
 * The same runtime as box run's, without image, store and network, and with nobody who stays: a container lives from create to delete, and
 * every verb finds it by its record (state.h).
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/text.h"
#include "cgroups/cgroup.h"

struct error;
struct oci_state;
struct places;

struct oci_create {
	const char *id;
	const char *bundle;         /* the folder of config.json */
	const char *console_socket; /* NULL: none */
	const char *pid_file;       /* NULL: none */
	enum cgroup_manager manager;
	bool no_pivot, no_new_keyring;
	int preserved;              /* so many descriptors from 3 on go to the program */
	int listening;              /* the first of them are sockets, of which the program learns (sd_listen_fds(3)) */
	const char *listening_names; /* NULL: none */
};
/* Makes the container; its program waits for start. Nothing is left where it fails. */
int oci_create(const struct places *places, const struct oci_create *request, struct error *e);

/* Create and start. detach: then it is left alone; else waits for the end, *ret_status as of box_run, and deletes it unless keep. */
int oci_run(const struct places *places, const struct oci_create *request, bool detach, bool keep, int *ret_status, struct error *e);

/* Lets the program of a created container run. Fails as the program's execve(2) does; poststart hooks have run when it returns. */
int oci_start(const struct places *places, const char *id, struct error *e);

/* The state of one container; the caller releases it (oci_state.h). */
int oci_state_find(const struct places *places, const char *id, struct oci_state *ret, struct error *e);

/* Removes a container that does not run; force: kills it first, and one that does not exist is fine. Then the poststop hooks. */
int oci_delete(const struct places *places, const char *id, bool force, struct error *e);

/* Changes limits. json is what update --resources reads (specs/oci_config.h). */
int oci_update(const struct places *places, const char *id, const char *json, size_t length, struct error *e);

/* The figures of events --stats as one JSON object. */
int oci_stats(const struct places *places, const char *id, struct text *ret, struct error *e);
