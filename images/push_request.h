/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push_request.h - what box and box-image say to each other about an image that goes to a registry.
 *
 *     box-image push STORE-FD NAME MANIFEST FROM BLOB…        FROM: another repository of the same registry, or ""
 *
 * Progress and answer are as in image_request.h.
 */
#pragma once

#include "images/image_request.h"

struct catalogue;
struct catalogue_entry;
struct places;

/* Pushes entry under the full name. catalogue tells which other repository of the registry may have its blobs. */
int push_request(const struct places *places, const struct catalogue *catalogue, const struct catalogue_entry *entry, const char *name,
		 pull_progress *progress, void *data, struct error *e);
