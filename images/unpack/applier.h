/* SPDX-License-Identifier: Apache-2.0 */
/*
 * applier.h - a tar into a folder: one layer.
 */
#pragma once

#include "images/unpack/apply_options.h"

struct budget;
struct digest;
struct error;
struct stream;

/*
 * Applies the tar in stream below root (an open folder) and gives the digest of the whole decompressed stream. The caller's user namespace
 * decides what the ids mean. On failure root holds a part of it.
 */
int apply_tar(struct stream *stream, int root, const struct apply_options *options, struct budget *budget,
	      struct digest *ret, struct apply_report *report, struct error *e);
