/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_scheduling.h - OCI's process.scheduler and process.ioPriority. Private to specs/.
 */
#pragma once

#include "specs/field.h"

struct error;
struct oci_document;

/* Over struct oci_document. */
extern const struct field oci_scheduler_fields[], oci_io_priority_fields[];

/* Errors carry their place within the process. */
int oci_scheduling_take(struct oci_document *doc, struct error *e);
