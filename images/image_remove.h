/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_remove.h - somebody asks that an image leaves the store.
 */
#pragma once

#include <stdbool.h>

struct catalogue_entry;
struct error;
struct places;

/*
 * Takes the entry's name away, unless it stands for another image by now (ERROR_EXISTS). With its last name the image goes too, and the
 * blobs and layers that only it needed. *ret_deleted: whether it did. The last name is refused (ERROR_EXISTS) while a container uses the
 * image, or an app in the background is started from it; a lock file does not keep it. The order is as in store_remove.h.
 */
int image_remove(const struct places *places, const struct catalogue_entry *entry, bool *ret_deleted, struct error *e);
