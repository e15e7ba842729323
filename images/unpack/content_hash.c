/* SPDX-License-Identifier: Apache-2.0 */
/*
 * content_hash.c - the digest of what a file holds.
 *
 * A piece counts from its first byte that is no zero on: its place, and all its bytes up to its end or the file's.
 */
#include "images/unpack/content_hash.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "images/unpack/hash.h"

enum { XATTRS = 64 << 10 /* the kernel's own limit, of all names and of a value */ };

struct content_hash {
	struct hash *hash;
	int64_t position; /* everything before it is accounted for */
	int64_t piece;    /* the last one that counts; -1: none yet */
	bool has_any;
};

struct content_hash *content_hash_begin(struct error *e)
{
	struct hash *stream = hash_begin(DIGEST_SHA256, e);
	struct content_hash *hash;

	if (!stream)
		return NULL;
	hash = alloc_zeroed(1, sizeof *hash);
	hash->hash = stream;
	hash->piece = -1;
	return hash;
}

void content_hash_free(struct content_hash *hash)
{
	if (!hash)
		return;
	hash_free(hash->hash);
	free(hash);
}

static void add_zeros(struct content_hash *hash, int64_t count)
{
	static const char zeros[4096];

	for (; count > 0; count -= (int64_t)sizeof zeros)
		hash_add(hash->hash, zeros, count < (int64_t)sizeof zeros ? (size_t)count : sizeof zeros);
}

static bool is_zero(const char *bytes, size_t length)
{
	return length == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0);
}

/* What lies between position and at is zeros, which count in a piece that counts. */
static void advance(struct content_hash *hash, int64_t at)
{
	int64_t end = (hash->piece + 1) * CONTENT_PIECE;

	add_zeros(hash, (at < end ? at : end) - hash->position);
	hash->position = at;
}

void content_hash_add(struct content_hash *hash, int64_t at, const void *bytes, size_t length)
{
	const char *next = bytes;

	while (length > 0) {
		int64_t place = at - at % CONTENT_PIECE, left = place + CONTENT_PIECE - at;
		size_t take = left < (int64_t)length ? (size_t)left : length;

		advance(hash, at);
		if (hash->piece != at / CONTENT_PIECE && !is_zero(next, take)) {
			hash_add(hash->hash, &place, sizeof place);
			add_zeros(hash, at - place);
			hash->piece = at / CONTENT_PIECE;
		}
		if (hash->piece == at / CONTENT_PIECE)
			hash_add(hash->hash, next, take);
		next += take;
		length -= take;
		at += (int64_t)take;
		hash->position = at;
	}
}

void content_hash_finish(struct content_hash *hash, int64_t size)
{
	advance(hash, size);
	hash->has_any = size > 0; /* zeros alone are content as well */
}

void content_hash_target(struct content_hash *hash, const char *target, size_t length)
{
	hash_add(hash->hash, target, length);
	hash->has_any = true;
}

/* Each part has its zero byte or length, so that none can pass for another. */
static int add_xattr(struct content_hash *hash, int fd, const char *name, struct error *e)
{
	autofree char *value = alloc_zeroed(1, XATTRS);
	ssize_t size = fgetxattr(fd, name, value, XATTRS);
	int64_t bytes = size;

	if (size < 0)
		return error_sys(e, "read its extended attribute %s", name);
	hash_add(hash->hash, name, strlen(name) + 1);
	hash_add(hash->hash, &bytes, sizeof bytes);
	hash_add(hash->hash, value, (size_t)size);
	hash->has_any = true;
	return 0;
}

static int add_xattrs(struct content_hash *hash, int fd, struct error *e)
{
	autofree char *all = alloc_zeroed(1, XATTRS);
	autorelease(list) struct list names = { 0 };
	ssize_t length = flistxattr(fd, all, XATTRS);

	if (length < 0)
		return error_sys(e, "list its extended attributes");
	for (const char *name = all; name < all + length; name += strlen(name) + 1)
		list_add(&names, name);
	list_sort(&names);
	for (size_t i = 0; i < names.count; i++)
		if (add_xattr(hash, fd, names.items[i], e))
			return -1;
	return 0;
}

int content_hash_xattrs(struct content_hash *hash, int fd, struct error *e)
{
	ssize_t length = flistxattr(fd, NULL, 0); /* most files have none */

	if (length < 0 && errno != ENOTSUP)
		return error_sys(e, "list its extended attributes");
	return length > 0 ? add_xattrs(hash, fd, e) : 0;
}

void content_hash_end(struct content_hash *hash, struct digest *ret)
{
	hash_end(hash->hash, ret);
	if (!hash->has_any)
		memcpy(ret->hex, "-", 2);
}
