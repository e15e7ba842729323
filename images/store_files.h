/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_files.h - what lies in the store's folders, wanted or not.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct digest;
struct error;

struct store_file {
	char *digest;  /* of the blob or layer */
	int64_t bytes; /* that it takes: all of a layer's forms together */
};

struct store_files {
	struct store_file *items;
	size_t count;
};

/* All of blobs/, and all of layers/. */
int store_list_blobs(int store, struct store_files *ret, struct error *e);
int store_list_layers(int store, struct store_files *ret, struct error *e);
void store_files_release(struct store_files *files);

/* The bytes below layers/DIGEST; what an ordinary user may not look into counts nothing. */
int64_t store_layer_bytes(int store, const struct digest *layer);

/* Whether a pull into the store is under way. */
bool store_is_pulling(int store);

/* Removes what was begun and given up: files that file_replace left where its box was killed, and blobs that a pull would go on with.
 * The caller holds store_lock, and no pull is under way. The bytes that were freed. */
int64_t store_remove_unfinished(int store);
