/* SPDX-License-Identifier: Apache-2.0 */
/*
 * indexer.h - a tar as it is, and an index of it: one layer.
 */
#pragma once

#include <stdbool.h>

#include "images/unpack/apply_options.h"

struct budget;
struct digest;
struct error;
struct stream;

struct index_files {
	int tar;   /* empty, for writing: gets all decompressed bytes in any case */
	int index; /* empty, for writing */
};

/*
 * Writes the decompressed stream to files->tar and, where its form is one that an index can have, the index of it: *ret_is_indexed.
 * Where it is not (holes, old headers, whatever the folder form refuses), the tar is whole all the same, for applier.h. Gives the digest of
 * the whole decompressed stream.
 */
int index_tar(struct stream *stream, const struct index_files *files, const struct apply_options *options, struct budget *budget,
	      struct digest *ret, bool *ret_is_indexed, struct apply_report *report, struct error *e);
