/* SPDX-License-Identifier: Apache-2.0 */
/*
 * descriptor.h - how OCI documents speak about a blob: its kind, digest and size.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "specs/field.h"

struct platform {
	char *architecture, *os, *variant;
};

struct descriptor {
	char *media_type;
	char *digest;
	char *artifact_type; /* of what is no image, or NULL */
	int64_t size;
	struct platform platform;
	struct list annotations; /* "key=value" */
};

/* The table of a descriptor's keys; others are ignored. */
extern const struct field descriptor_fields[];

/* Adds "annotations":{…} of "key=value" items, in their order, with a comma before it. */
void descriptor_write_annotations(const struct list *annotations, struct text *ret);

/* Adds it as JSON. Without a media type it is called an OCI manifest. */
void descriptor_write(const struct descriptor *descriptor, struct text *ret);
