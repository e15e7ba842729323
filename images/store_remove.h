/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_remove.h - an image leaves the store.
 */
#pragma once

struct error;
struct list;

/*
 * Removes the image with that manifest, its last name, the blobs named, and the layers that no other record needs. Refused (ERROR_EXISTS)
 * while somebody has it pinned. The caller holds store_lock. The order makes a crash harmless: name, record, then what nothing leads to.
 */
int store_remove_image(int store, const char *image, const char *name, const struct list *blobs, struct error *e);
