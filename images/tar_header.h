/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_header.h - one header of a tar, and the records of a pax header. Used by tar_reader.c alone.
 */
#pragma once

#include <stdint.h>

#include "base/text.h"
#include "images/tar_member.h"

struct error;

/* Which pax records were there: each may come once. */
enum tar_said { SAID_PATH = 1, SAID_TARGET = 2, SAID_SIZE = 4, SAID_UID = 8, SAID_GID = 16, SAID_MTIME = 32 };

/* What the pax records say about the next member. */
struct tar_pax {
	unsigned said;
	struct text path, target;
	int64_t size, uid, gid, mtime;
	uint32_t mtime_nsec;
	struct tar_xattr *xattrs;
	size_t xattr_count, xattr_bytes;
};

void tar_pax_release(struct tar_pax *pax);

/* All records of a header's body. */
int tar_pax_parse(struct tar_pax *pax, const char *body, size_t length, struct error *e);

/* The records of a global header: nothing but a comment may be there. */
int tar_pax_check_global(const char *body, size_t length, struct error *e);

struct tar_header {
	char type;
	char name[257], target[101]; /* ended by zero bytes */
	uint32_t mode, major, minor;
	int64_t uid, gid, size, mtime;
};

/* 1; 0 for a block of zeros; -1 where it is nothing that this reader knows. */
int tar_header_parse(const unsigned char block[TAR_UNIT], struct tar_header *ret, struct error *e);
