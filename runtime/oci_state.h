/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_state.h - the state of an OCI container as JSON (runtime.md, "State"): for "state", "list" and the stdin of hooks.
 */
#pragma once

#include <stdint.h>

#include "base/text.h"

struct error;

struct oci_state {
	char *version;  /* ociVersion */
	char *id;
	int64_t pid;    /* of the first process, on the host; LIMIT_UNSET: none */
	char *status;   /* "creating", "created", "running", "paused", "stopped" */
	char *bundle;
	char *rootfs;
	char *created;  /* RFC 3339 */
	char *owner;
	struct list annotations; /* "key=value" */
};

/* Adds the object. */
void oci_state_dump(const struct oci_state *state, struct text *ret);

/* Frees what is in it. */
void oci_state_release(struct oci_state *state);
