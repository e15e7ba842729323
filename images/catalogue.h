/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalogue.h - the images of the store: what they are called, what they are made of, and what they weigh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "images/descriptor.h"

struct error;
struct places;

struct catalogue_entry {
	char *name;   /* "docker.io/library/debian:12" */
	char *digest; /* what its registry calls it */
	char *image;  /* the manifest's digest */
	char *media_type;
	struct descriptor config;
	struct descriptor *layers; /* as received, lowest first */
	size_t layer_count;
	int64_t size;   /* bytes of its blobs as received, each once */
	int64_t unique; /* of those that no other image has */
};

struct catalogue {
	struct catalogue_entry *items;
	size_t count;
};

/* All of them, in the order in which they came. */
int catalogue_read(const struct places *places, struct catalogue *ret, struct error *e);
void catalogue_release(struct catalogue *catalogue);

/* The entry with that very name (without one: its digest), or NULL. */
const struct catalogue_entry *catalogue_named(const struct catalogue *catalogue, const char *name);

/* The entry that words name: a name (completed as always), or the beginning of an image's digest, at least six digits. Words that are one
 * image's name and begin another's digest name none. A name with a digest is an image with that digest. NULL with an error. */
const struct catalogue_entry *catalogue_find(const struct catalogue *catalogue, const char *words, struct error *e);

/* Whether words are a name of an image there (a name with a digest is one), not the digits of its digest. */
bool catalogue_has_name(const struct catalogue *catalogue, const char *words);

/* Whether words may be the beginning of a digest: at least six digits, perhaps behind "sha256:". They may be a name as well. */
bool catalogue_may_be_digest(const char *words);

/* Adds the JSON of a blob of the store. */
int catalogue_blob(const struct places *places, const char *digest, struct text *ret, struct error *e);

/* The configuration and the layers of a manifest in the store, and nothing else of the entry. */
int catalogue_manifest(const struct places *places, const char *manifest, struct catalogue_entry *ret, struct error *e);
int catalogue_manifest_of(int store, const char *manifest, struct catalogue_entry *ret, struct error *e);
void catalogue_entry_release(struct catalogue_entry *entry);

/* Adds the digests of a manifest's layers as it has them, lowest first. */
int catalogue_layers(const struct places *places, const char *manifest, struct list *ret, struct error *e);

/* Gives the image of entry one more name; what that name stood for before loses it. */
int catalogue_tag(const struct places *places, const struct catalogue_entry *entry, const char *name, struct error *e);
