/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_hash.h - whether blobs and layers are what their names say.
 */
#pragma once

struct error;
struct list;

/* Reads every blob and every layer's tar, and compares digests; looks at every layer's index as before it was first mounted. Adds
 * "blob DIGEST WORDS" or "layer DIGEST WORDS" for each that is wrong. Nothing here is parsed but our own indexes. */
int store_hash(int store, struct list *ret_wrong, struct error *e);
