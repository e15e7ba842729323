/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_remove.h - an image leaves the store.
 */
#pragma once

struct digest;
struct error;
struct image_record;
struct list;

/* Calls tell for the record of every image; record may be kept by taking its content. Stops where tell returns -1. */
int store_each_record(int store, int (*tell)(struct image_record *record, void *data, struct error *e), void *data, struct error *e);

/* An exclusive lock on the image's record: nobody has it pinned. -1 with errno EWOULDBLOCK where somebody has. */
int store_claim(int store, const struct digest *image);

/* Removes a blob ("sha256:…"); one that is not there is fine. */
int store_remove_blob(int store, const char *digest, struct error *e);

/* Moves a layer, in whatever form it is, to staging, which sweep_request empties; one that is not there is fine. */
int store_remove_layer(int store, const struct digest *layer, struct error *e);

/*
 * Removes the image with that manifest, its last name, the blobs named, and the layers that no other record needs. Refused (ERROR_EXISTS)
 * while somebody has it pinned. The caller holds store_lock. The order makes a crash harmless: name, record, then what nothing leads to.
 */
int store_remove_image(int store, const char *image, const char *name, const struct list *blobs, struct error *e);
