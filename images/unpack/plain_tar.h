/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain_tar.h - anybody's archive as a tar that can be understood in one way only, for ADD of a build (images/tar_apply.h reads it).
 */
#pragma once

#include <stdbool.h>

struct error;

struct plain_tar {
	int archive; /* a file, read from its beginning: a tar, as it is or in gzip, bzip2, xz or zstd */
	int out;     /* a pipe */
	bool says_kind; /* one byte goes first: PLAIN_TAR_ARCHIVE or PLAIN_TAR_FILE */
};

enum { PLAIN_TAR_ARCHIVE = 'A', PLAIN_TAR_FILE = 'F' };

/* In a sandbox. Writes its members, without an end of the tar. *ret_is_archive: false: it is no tar, and nothing was written.
 * *ret_left_out: device nodes and sockets, which nobody gets. What layers refuse (member_rules.h) is refused. */
int plain_tar_write(const struct plain_tar *how, bool *ret_is_archive, long long *ret_left_out, struct error *e);
