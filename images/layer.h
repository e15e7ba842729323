/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer.h - one layer in the store, in one form or both.
 *
 *     layers/sha256-HEX/root/         a folder, which comes last, and …
 *     layers/sha256-HEX/root.list     … what is in it (images/unpack/listing.h)
 *     layers/sha256-HEX/layer.tar     the uncompressed tar …
 *     layers/sha256-HEX/layer.erofs   … and its index, which comes last: where it is, the tar is
 *
 * Whoever removes a layer removes its folder, whatever is in it.
 */
#pragma once

#include <stdbool.h>

struct digest;
struct error;

#define LAYER_ROOT "root"
#define LAYER_LISTING "root.list"
#define LAYER_TAR "layer.tar"
#define LAYER_INDEX "layer.erofs"

/* "layers/sha256-HEX" */
char *layer_folder(const struct digest *layer);

/* "layers/sha256-HEX/root" */
char *layer_root_path(const struct digest *layer);

/* In which forms it is there. */
bool layer_has_folder(int store, const struct digest *layer);
bool layer_has_index(int store, const struct digest *layer);

/* The layer as a detached mount of its index; -1 with e->sys ENOENT where it has none. */
int layer_open_index(int store, const struct digest *layer, struct error *e);
