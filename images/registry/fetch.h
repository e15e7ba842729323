/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch.h - the blobs of one image on their way into the store: the half that believes nothing.
 *
 * The fetchers (fetcher.h) are sandboxed and only give bytes. Here they are counted, hashed and written, and here a blob gets its name in
 * the store once its digest is right. It is one process without threads: fetch_wait is its loop.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "images/digest.h"
#include "images/registry/manifests.h"

struct error;
struct fetch;
struct id_map;
struct plan;

struct fetch_setup {
	const struct plan *plan;
	int store, staging;       /* borrowed; staging is the job's own */
	const struct id_map *ids;
	/* Tells how much of a blob is there; done once with at == size. */
	void (*progress)(const struct digest *digest, int64_t at, int64_t size, void *data);
	void *data;
};

/* Starts the first fetcher. */
struct fetch *fetch_new(const struct fetch_setup *setup, struct error *e);
/* Ends all fetchers. What was half fetched stays in the store's downloads, to be gone on with. */
void fetch_free(struct fetch *fetch);

/* A manifest or index by tag or digest into the store (manifests.h); waits for it. wanted: its digest, or NULL. */
int fetch_get_manifest(struct fetch *fetch, const char *name, const struct digest *wanted, struct fetch_manifest *ret, struct error *e);

/* The same, where the store has it already: 1. Nobody is asked for a digest; for a tag the registry is asked for the digest alone. */
int fetch_find_manifest(struct fetch *fetch, const char *tag, const struct digest *wanted, struct fetch_manifest *ret);

/* Any other order of fetcher.h: adds its whole answer. */
int fetch_document(struct fetch *fetch, const char *order, const char *name, struct text *ret, struct error *e);

/* Whether the blob was wanted before. */
bool fetch_is_wanted(const struct fetch *fetch, const struct digest *digest);

/* The blob will be needed. */
int fetch_want(struct fetch *fetch, const struct digest *digest, int64_t size, struct error *e);
/* The same, and a descriptor to read it from the beginning, while it still comes. */
int fetch_open(struct fetch *fetch, const struct digest *digest, int64_t size, struct error *e);

/* Works until channel can be read. */
int fetch_wait(struct fetch *fetch, int channel, struct error *e);
/* Works until everything is there; sees whether it still is. */
int fetch_finish(struct fetch *fetch, struct error *e);
