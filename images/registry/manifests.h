/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifests.h - indexes and manifests, from a registry into the store.
 */
#pragma once

#include <stdint.h>

#include "base/text.h"
#include "images/digest.h"

struct error;
struct fetcher_link;

struct fetch_manifest {
	struct digest digest;
	char *media_type; /* what the registry says, or NULL; freed by the caller */
	int64_t size;
};

/* By tag or digest, at most 4 MiB, into the store; waits for it. wanted: its digest, or NULL. */
int manifest_get(struct fetcher_link *link, int store, const char *name, const struct digest *wanted, struct fetch_manifest *ret,
		 struct error *e);

/* One that the store has: 1; 0: it has not, or what it has is no such thing. */
int manifest_find(int store, const struct digest *digest, struct fetch_manifest *ret);

/* What the registry says that the manifest of that tag is called, without its content: 1. Where it cannot or does not say so: 0. size is
 * then not known. */
int manifest_ask(struct fetcher_link *link, const char *tag, struct fetch_manifest *ret);

/* Any other document of a registry: the order's whole answer. */
int manifest_document(struct fetcher_link *link, const char *order, const char *name, struct text *ret, struct error *e);
