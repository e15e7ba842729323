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

/* A process of it whose seccomp filter notifies (config-linux.md, "The Container Process State"): what its listener comes with. */
struct oci_process_state {
	char *version;
	struct list fds; /* which descriptors come along: "seccompFd" */
	int64_t pid;     /* on the host */
	char *metadata;
	struct oci_state state;
};

void oci_process_state_dump(const struct oci_process_state *state, struct text *ret);

/* Adds the object. */
void oci_state_dump(const struct oci_state *state, struct text *ret);

/* A time as created has it: RFC 3339, with as many digits as there are (Go's RFC3339Nano, which engines parse and show). The caller frees
 * it; "" for a time that has no such text. */
char *oci_state_time(int64_t seconds, int64_t nanoseconds);

/* Frees what is in it. */
void oci_state_release(struct oci_state *state);
