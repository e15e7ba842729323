/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.h - the store's index.json: which names stand for which images, as an OCI layout says it.
 */
#pragma once

#include <stddef.h>

#include "images/descriptor.h"

struct error;

#define INDEX_NAME "org.opencontainers.image.ref.name"
/* What the registry calls the image where that is an index of several platforms: its digest. */
#define INDEX_SOURCE "io.box.registry.digest"

/* The file oci-layout of a layout. */
#define INDEX_LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}"

struct index {
	struct descriptor *items;
	size_t count;
};

/* An index.json as text. */
int index_parse(const char *json, size_t length, struct index *ret, struct error *e);

int index_read(int store, struct index *ret, struct error *e);
void index_release(struct index *index);

/* The entry with that name, or NULL. Borrowed. */
const struct descriptor *index_find(const struct index *index, const char *name);
/* The name of an entry, or NULL. Borrowed. */
const char *index_name_of(const struct descriptor *entry);

/* Gives name to descriptor, in place of an older entry of that name, behind what was there. The caller holds store_lock. */
int index_set(int store, const char *name, const struct descriptor *descriptor, struct error *e);
/* Takes a name away; its absence is fine. The caller holds store_lock. */
int index_remove(int store, const char *name, struct error *e);

/* What a file's path is as a name that the layout's grammar allows: "oci:/srv/images:web" is "srv/images:web". */
void index_name(const char *words, struct text *ret);

/* An index.json of these entries, as text. */
void index_print(const struct index *index, struct text *ret);

/* An index.json as text, changed as index_set and index_remove (descriptor: NULL) do. */
int index_change(const char *json, size_t length, const char *name, const struct descriptor *descriptor, struct text *ret, struct error *e);
