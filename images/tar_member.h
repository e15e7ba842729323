/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_member.h - one member of a tar, as tar_reader.h gives it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/tar_writer.h"

enum { TAR_UNIT = 512 };

struct tar_xattr {
	char *name;
	char *value; /* any bytes */
	size_t size;
};

/* Everything in it is the reader's, until the next call. */
struct tar_member {
	enum tar_type type;
	const char *name, *target;
	uint32_t mode; /* permissions */
	int64_t uid, gid, mtime, size;
	uint32_t mtime_nsec, major, minor;
	int64_t data; /* where the content begins: bytes from the start of the tar */
	struct tar_xattr *xattrs;
	size_t xattr_count;
};
