/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_parts.h - what the verbs of oci.h share.
 */
#pragma once

#include <stdbool.h>

struct container;
struct error;
struct places;
struct record;

/* "stopped", "paused", "created" or "running": what state says of a container with this record. A static word. */
const char *oci_status(const struct places *places, const struct record *record, bool alive);

/* Runs the poststart hooks of a container that was just started. runtime.md, since 1.3: one that fails is an error, and the end of the
 * container, which is the caller's to bring about. */
int oci_run_poststart(const struct places *places, const char *id, const struct container *container, struct error *e);

/* As oci_delete, of a container that has a record, or is gone. */
int oci_delete_known(const struct places *places, const char *id, bool force, struct error *e);
