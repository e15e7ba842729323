/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extract_request.h - what box asks box-image to make of an archive that ADD takes apart.
 *
 *     box-image extract STORE-FD OUT-FD kind|members
 *
 * The archive is its stdin: a tar, as it is or in gzip, bzip2, xz or zstd, recognised by its content. Its members come out of OUT-FD as a
 * tar that tar_apply.h understands, without the end of one. With "kind" one byte goes before them: 'A', or 'F': it is no archive.
 */
#pragma once

#include <stdbool.h>

struct error;
struct places;

enum { EXTRACT_ARCHIVE = 'A', EXTRACT_FILE = 'F' };

/* Whether the file begins as one of these does; box-image knows for certain. */
bool extract_may_be_archive(int file);

/* words: what it is, for messages. *ret_is_archive: false: it is none, and no member came. */
int extract_request(const struct places *places, int archive, int out, bool says_kind, const char *words, bool *ret_is_archive,
		    struct error *e);
