/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_kernel.h - single settings of OCI's linux object. Private to specs/.
 */
#pragma once

#include "specs/field.h"

struct error;
struct json_t;
struct oci_document;

/* Over struct oci_document. */
extern const struct field oci_memory_policy_fields[], oci_personality_fields[], oci_time_fields[];

/* Memory policy, personality, time offsets and network devices. Errors carry their place within linux. */
int oci_kernel_take(struct oci_document *doc, struct error *e);

/* intelRdt is never done; the error says why. */
int oci_intel_rdt_check(const struct json_t *linux_part, struct error *e);
