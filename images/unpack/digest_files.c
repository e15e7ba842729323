/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest_files.c - the digests of many files.
 */
#include "images/unpack/digest_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "images/unpack/hash.h"

enum { PIECE = 256 << 10, HEX = 64, FLUSH = 64 << 10 };

/* false: it cannot be read. */
static bool add_content(struct hash *hash, int fd, char *piece)
{
	ssize_t got;

	while ((got = read(fd, piece, PIECE)) != 0) {
		if (got < 0 && errno != EINTR)
			return false;
		if (got > 0)
			hash_add(hash, piece, (size_t)got);
	}
	return true;
}

static int add_line(int root, const char *name, char *piece, struct text *ret, struct error *e)
{
	/* Neither a FIFO nor a device is waited for, or becomes the terminal. */
	autoclose int fd = beneath_try(root, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	autorelease(hash) struct hash *hash = hash_begin(DIGEST_SHA256, e);
	struct digest digest;
	struct stat st;

	if (!hash)
		return -1;
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && add_content(hash, fd, piece)) {
		hash_end(hash, &digest);
	} else {
		memset(digest.hex, '-', HEX);
		digest.hex[HEX] = '\0';
	}
	text_addf(ret, "%s\n", digest.hex);
	return 0;
}

int digest_files(int root, int names, int out, struct error *e)
{
	autofclose FILE *lines = fdopen(fcntl(names, F_DUPFD_CLOEXEC, 0), "r");
	autofree char *piece = alloc_zeroed(1, PIECE);
	autorelease(text) struct text said = { 0 };
	autofree char *name = NULL;
	size_t room = 0;

	if (!lines)
		return error_sys(e, "read the names of files");
	while (getdelim(&name, &room, '\0', lines) > 0) {
		if (add_line(root, name, piece, &said, e))
			return -1;
		if (said.length < FLUSH)
			continue;
		if (write_all(out, said.data, said.length))
			return error_sys(e, "write the digests of files");
		text_clear(&said);
	}
	if (ferror(lines))
		return error_sys(e, "read the names of files");
	return said.length && write_all(out, said.data, said.length) ? error_sys(e, "write the digests of files") : 0;
}
