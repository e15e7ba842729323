/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_remove.h - how things leave the store.
 *
 * The order that makes a crash harmless: an image's names, its record, then layers and blobs that nothing leads to any more. The caller
 * holds store_lock.
 */
#pragma once

struct error;
struct list;

/* Removes the names of the image with that manifest, and its record. 1: somebody has it pinned, and nothing was removed. An image without a
 * record has only names. */
int store_remove_image(int store, const char *image, const struct list *names, struct error *e);

/* Removes a blob ("sha256:…"); one that is not there is fine. */
int store_remove_blob(int store, const char *digest, struct error *e);

/* Moves a layer ("sha256:…"), in whatever form it is, to staging, which sweep_request empties; one that is not there is fine. */
int store_remove_layer(int store, const char *digest, struct error *e);
