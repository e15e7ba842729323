/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_files.c - what lies in the store's folders, wanted or not.
 */
#include "images/store_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "images/digest.h"
#include "images/layer.h"

enum { DEPTH = 600, BLOCK = 512 };

void store_files_release(struct store_files *files)
{
	int saved = errno;

	for (size_t i = 0; i < files->count; i++)
		free(files->items[i].digest);
	free(files->items);
	*files = (struct store_files){ 0 };
	errno = saved;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static void add(struct store_files *files, char *digest_taken, int64_t bytes)
{
	struct store_file *file = alloc_append(&files->items, &files->count, sizeof *file);

	*file = (struct store_file){ .digest = digest_taken, .bytes = bytes };
}

static int list_algorithm(int store, const char *algorithm, struct store_files *ret, struct error *e)
{
	autofree char *path = text_format("blobs/%s", algorithm);
	autoclosedir DIR *entries = folder_open(store, path, O_NOFOLLOW);
	struct dirent *entry;

	if (!entries)
		return error_sys(e, "read the folder %s of the store", path);
	while ((errno = 0, entry = readdir(entries))) {
		autofree char *words = text_format("%s:%s", algorithm, entry->d_name);
		struct digest digest;
		struct stat st;

		if (digest_parse(words, &digest) == 0 && fstatat(dirfd(entries), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			add(ret, take_ptr(&words), st.st_size);
	}
	return errno ? error_sys(e, "read the folder %s of the store", path) : 0;
}

int store_list_blobs(int store, struct store_files *ret, struct error *e)
{
	autorelease(store_files) struct store_files files = { 0 };

	if (list_algorithm(store, "sha256", &files, e) || list_algorithm(store, "sha512", &files, e))
		return -1;
	*ret = files;
	files = (struct store_files){ 0 };
	return 0;
}

/* The blocks of everything below path, each file of several names as often as it has them. */
static int64_t weigh(int parent, const char *path, int depth)
{
	autoclosedir DIR *entries = depth < DEPTH ? folder_open(parent, path, O_NOFOLLOW) : NULL;
	struct dirent *entry;
	int64_t bytes = 0;

	while (entries && (entry = readdir(entries))) {
		struct stat st;

		if (is_dots(entry->d_name) || fstatat(dirfd(entries), entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		bytes += (int64_t)st.st_blocks * BLOCK / (S_ISREG(st.st_mode) && st.st_nlink > 1 ? (int64_t)st.st_nlink : 1);
		if (S_ISDIR(st.st_mode))
			bytes += weigh(dirfd(entries), entry->d_name, depth + 1);
	}
	return bytes;
}

int64_t store_layer_bytes(int store, const struct digest *layer)
{
	autofree char *path = layer_folder(layer);

	return weigh(store, path, 0);
}

int store_list_layers(int store, struct store_files *ret, struct error *e)
{
	autoclosedir DIR *entries = folder_open(store, "layers", O_NOFOLLOW);
	autorelease(store_files) struct store_files files = { 0 };
	struct dirent *entry;

	if (!entries)
		return error_sys(e, "read the folder layers of the store");
	while ((errno = 0, entry = readdir(entries))) {
		char words[DIGEST_TEXT];
		struct digest digest;

		if (digest_parse_file_name(entry->d_name, "", &digest))
			continue;
		digest_text(&digest, words);
		add(&files, alloc_copy(words), store_layer_bytes(store, &digest));
	}
	if (errno)
		return error_sys(e, "read the folder layers of the store");
	*ret = files;
	files = (struct store_files){ 0 };
	return 0;
}

bool store_is_pulling(int store)
{
	autoclosedir DIR *entries = folder_open(store, "downloads", O_NOFOLLOW);
	struct dirent *entry;

	while (entries && (entry = readdir(entries))) {
		autoclose int fd = is_dots(entry->d_name) ? -1 : openat(dirfd(entries), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
			return true;
	}
	return false;
}

/* Removes the files of folder whose names hold word. */
static int64_t remove_named(int store, const char *folder, const char *word)
{
	autoclosedir DIR *entries = folder_open(store, folder, O_NOFOLLOW);
	struct dirent *entry;
	int64_t bytes = 0;

	while (entries && (entry = readdir(entries))) {
		struct stat st;

		/* What cannot be removed now is tried again by the next prune. */
		if (strstr(entry->d_name, word) && fstatat(dirfd(entries), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    unlinkat(dirfd(entries), entry->d_name, 0) == 0)
			bytes += st.st_size;
	}
	return bytes;
}

int64_t store_remove_unfinished(int store)
{
	static const char *const folders[] = { ".", "images", "sources", "locks", "blobs/sha256", "blobs/sha512" };
	/* Their names are digests; the lock files of pulls beside them stay. */
	int64_t bytes = remove_named(store, "downloads", "sha256-") + remove_named(store, "downloads", "sha512-");

	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
		bytes += remove_named(store, folders[i], ".tmp-");
	return bytes;
}
