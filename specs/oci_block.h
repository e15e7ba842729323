/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_block.h - the "oci" block of app.json: a fragment of a runtime-spec configuration, merged last. Private to specs/.
 *
 * It is for what app.json has no words for. What app.json says itself, and what box decides for an app, is refused here by name, so that
 * each thing is said in one place. Objects are merged and lists replace the whole list, as overrides do; limits, sysctls and rlimits
 * replace those of the same name.
 */
#pragma once

#include "specs/field.h"

struct container;
struct error;
struct json_t;

/* Over struct oci_document; for the schema. */
extern const struct field oci_block_fields[];

/* Merges the block (NULL: none) into box, which is complete but for it. Errors carry their place, "oci.linux.…"; box is then as it
 * was. */
int oci_block_merge(struct json_t *block, struct container *box, struct error *e);
