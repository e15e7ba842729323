/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_check.h - whether the store is whole, and mending it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;
struct places;

struct store_problem {
	char *what;  /* "blob sha256:…", "layer sha256:…", "image docker.io/library/debian:12" */
	char *wrong; /* as a sentence */
	char *image; /* the name in index.json, or the digest of a record, that is not whole; NULL for blobs and layers */
};

struct store_problems {
	struct store_problem *items;
	size_t count;
};

/* Hashes every blob and every layer's tar, and follows every name and record to what it needs. */
int store_check(const struct places *places, struct store_problems *ret, struct error *e);
void store_problems_release(struct store_problems *problems);

/* Removes what is wrong, and makes the images whole again: from their blobs where these are good, else from their registries. told: for
 * each image, what became of it. What a container uses is left as it is. */
int store_repair(const struct places *places, const struct store_problems *problems,
		 void (*told)(const char *image, const char *became, void *data), void *data, struct error *e);

/* Lets box-image do what needs its libraries (store-hash, repair); the caller holds store_lock. */
struct list;
int store_hash_request(int store, struct list *ret_wrong, struct error *e);
int store_repair_request(int store, const char *name, struct error *e);
