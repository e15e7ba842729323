/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing.c - what is in a layer's folder, written down.
 *
 * A walk of the folder that is made, not notes taken while it is made: members replace each other, and what counts is what is there. Only
 * what files hold was noted, by inode.
 * Folders wait as paths, since their descriptors would be too many; a file of many names is read once, as an archive of a few bytes could
 * name a large one a million times.
 */
#include "images/unpack/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <search.h>
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
#include "images/unpack/content_hash.h"
#include "images/unpack/content_notes.h"

enum {
	FLUSH = 256 << 10,
	LIMIT = 1 << 30,
};

struct listing {
	int root, fd;
	int64_t written;
	struct text out;     /* not written yet */
	struct list waiting; /* folders, the next one last */
	void *linked;        /* files of several names: a tree of struct linked */
	const struct content_notes *notes; /* or NULL */
	char piece[CONTENT_PIECE];
};

struct linked {
	ino_t inode;
	struct digest digest;
};

static int compare_linked(const void *a, const void *b)
{
	const struct linked *one = a, *other = b;

	return (one->inode > other->inode) - (one->inode < other->inode);
}

/* One piece, or what is left of the file; the number of bytes. Regular files give less only at their end. */
static ssize_t read_piece(int fd, char *piece, off_t at)
{
	ssize_t got;

	do
		got = pread(fd, piece, CONTENT_PIECE, at);
	while (got < 0 && errno == EINTR);
	return got;
}

/* Holes are leapt over: a sparse file of a few bytes may be gigabytes long. */
static int hash_content(struct listing *listing, int fd, int64_t size, struct content_hash *hash, struct error *e)
{
	ssize_t got = CONTENT_PIECE;

	for (off_t at = 0; got == CONTENT_PIECE && (at = lseek(fd, at, SEEK_DATA)) >= 0; at += got) {
		at -= at % CONTENT_PIECE;
		got = read_piece(fd, listing->piece, at);
		if (got < 0)
			return error_sys(e, "read it");
		content_hash_add(hash, at, listing->piece, (size_t)got);
	}
	content_hash_finish(hash, size);
	return 0;
}

static int hash_file(struct listing *listing, int parent, const char *name, const struct stat *st, struct digest *ret, struct error *e)
{
	autorelease(content_hash) struct content_hash *hash = content_hash_begin(e);
	bool is_file = S_ISREG(st->st_mode);
	autoclose int fd = -1;

	if (!hash)
		return -1;
	if (is_file || S_ISDIR(st->st_mode)) {
		fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			return error_sys(e, "open it");
		if ((is_file && hash_content(listing, fd, st->st_size, hash, e)) || content_hash_xattrs(hash, fd, e))
			return -1;
	} else if (S_ISLNK(st->st_mode)) {
		ssize_t length = readlinkat(parent, name, listing->piece, CONTENT_PIECE);

		if (length < 0)
			return error_sys(e, "read where it leads");
		content_hash_target(hash, listing->piece, (size_t)length);
	}
	content_hash_end(hash, ret);
	return 0;
}

/* What was noted while the file was written needs no reading, and a file of many names is read once. */
static int find_hash(struct listing *listing, int parent, const char *name, const struct stat *st, struct digest *ret, struct error *e)
{
	const struct linked wanted = { .inode = st->st_ino };
	struct linked *const *found, *linked;

	if (S_ISREG(st->st_mode) && content_notes_find(listing->notes, st->st_ino, ret))
		return 0;
	if (!S_ISREG(st->st_mode) || st->st_nlink < 2)
		return hash_file(listing, parent, name, st, ret, e);
	found = tfind(&wanted, &listing->linked, compare_linked);
	if (found) {
		*ret = (*found)->digest;
		return 0;
	}
	if (hash_file(listing, parent, name, st, ret, e))
		return -1;
	linked = alloc_zeroed(1, sizeof *linked);
	*linked = (struct linked){ .inode = st->st_ino, .digest = *ret };
	if (!tsearch(linked, &listing->linked, compare_linked)) {
		free(linked);
		return error_set(e, ERROR_INTERNAL, "no memory");
	}
	return 0;
}

static int flush(struct listing *listing, struct error *e)
{
	listing->written += (int64_t)listing->out.length;
	if (listing->written > LIMIT)
		return error_set(e, ERROR_IMAGE, "the names in it have more than %d MiB together", LIMIT >> 20);
	if (write_all(listing->fd, listing->out.data, listing->out.length))
		return error_sys(e, "write down what is in the layer's folder");
	text_clear(&listing->out);
	return 0;
}

static char type_of(mode_t mode)
{
	static const struct {
		mode_t type;
		char letter;
	} types[] = { { S_IFDIR, 'd' }, { S_IFREG, 'f' }, { S_IFLNK, 'l' }, { S_IFIFO, 'p' }, { S_IFCHR, 'c' } };

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if ((mode & S_IFMT) == types[i].type)
			return types[i].letter;
	return '?';
}

/* The entry of name in parent; shown is what it is called. */
static int list_one(struct listing *listing, int parent, const char *name, const char *shown, const struct stat *st, struct error *e)
{
	bool is_folder = S_ISDIR(st->st_mode);
	struct digest digest;

	if (find_hash(listing, parent, name, st, &digest, e)) {
		autorelease(text) struct text words = { 0 };

		text_add_escaped(&words, shown, strlen(shown));
		return error_in(e, "\"%s\"", words.data);
	}
	text_addf(&listing->out, "%c %o %u %u %ju %jd %jd.%09ld %s ", type_of(st->st_mode), st->st_mode & 07777, st->st_uid, st->st_gid,
		  is_folder ? 0 : (uintmax_t)st->st_nlink, is_folder ? 0 : (intmax_t)st->st_size, (intmax_t)st->st_mtim.tv_sec,
		  st->st_mtim.tv_nsec, digest.hex);
	text_add_bytes(&listing->out, shown, strlen(shown) + 1);
	return listing->out.length < FLUSH ? 0 : flush(listing, e);
}

static int list_folder(struct listing *listing, const char *path, struct error *e)
{
	autoclose int folder = beneath_try(listing->root, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	autorelease(list) struct list names = { 0 };
	autorelease(list) struct list folders = { 0 };
	struct stat st;

	/* An archive may make longer paths than any call takes, by links to folders. Nobody needs them. */
	if (folder < 0 || fstat(folder, &st))
		return error_sys(e, "enter the folder \"%.200s\" of the layer", path);
	if (list_one(listing, folder, ".", *path ? path : ".", &st, e))
		return -1;
	if (folder_names(folder, &names))
		return error_sys(e, "read a folder of the layer");
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.items[i];

		if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW))
			return error_sys(e, "look at what is in a folder of the layer");
		if (S_ISDIR(st.st_mode))
			list_addf(&folders, "%s%s%s", path, *path ? "/" : "", name);
		else if (list_one(listing, folder, name, name, &st, e))
			return -1;
	}
	while (folders.count) {
		list_take(&listing->waiting, folders.items[--folders.count]);
		folders.items[folders.count] = NULL;
	}
	return 0;
}

int listing_write(int root, int fd, const struct content_notes *notes, struct error *e)
{
	struct listing *listing = alloc_zeroed(1, sizeof *listing);
	int result = 0;

	listing->root = root;
	listing->fd = fd;
	listing->notes = notes;
	list_add(&listing->waiting, "");
	while (result == 0 && listing->waiting.count) {
		autofree char *path = listing->waiting.items[--listing->waiting.count];

		listing->waiting.items[listing->waiting.count] = NULL;
		result = list_folder(listing, path, e);
	}
	if (result == 0)
		result = flush(listing, e);
	tdestroy(listing->linked, free);
	list_release(&listing->waiting);
	text_release(&listing->out);
	free(listing);
	return result;
}
