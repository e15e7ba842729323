/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_hash.c - whether blobs and layers are what their names say.
 */
#include "images/unpack/store_hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "images/digest.h"
#include "images/layer.h"
#include "images/store.h"
#include "images/store_files.h"
#include "images/unpack/hash.h"
#include "images/unpack/index_verify.h"
#include "images/unpack/index_writer.h"
#include "images/unpack/listing.h"
#include "images/unpack/unpack.h"

enum { BUFFER = 256 << 10 };

static int hash_file(int fd, enum digest_algorithm algorithm, char *buffer, struct digest *ret, struct error *e)
{
	autorelease(hash) struct hash *hash = hash_begin(algorithm, e);
	ssize_t got;

	if (!hash)
		return -1;
	while ((got = read(fd, buffer, BUFFER)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(e, "it cannot be read");
		hash_add(hash, buffer, (size_t)got);
	}
	hash_end(hash, ret);
	return 0;
}

/* 0: the file below the store has this digest. *ret_size: what it has. */
static int compare(int store, const char *path, const struct digest *digest, char *buffer, int64_t *ret_size, struct error *e)
{
	autoclose int fd = openat(store, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct digest found;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return error_sys(e, "it cannot be opened");
	if (!S_ISREG(st.st_mode))
		return error_set(e, ERROR_IMAGE, "it is no regular file");
	if (hash_file(fd, digest->algorithm, buffer, &found, e))
		return -1;
	*ret_size = st.st_size;
	return digest_equal(&found, digest) ? 0 : error_set(e, ERROR_IMAGE, "its content has the digest %.16s…", found.hex);
}

static int check_index(int store, const char *path, int64_t tar_size, struct error *e)
{
	autorelease(text) struct text bytes = { 0 };

	if (file_read(store, path, INDEX_LIMIT, &bytes, e))
		return -1;
	return index_verify((const unsigned char *)bytes.data, bytes.length, tar_size, e) ? error_in(e, "its index") : 0;
}

/* A sandbox with the ids of the folder writes down what is there now. *ret_failed: there is none, which says nothing about the layer. */
static int check_folder(int store, const struct digest *digest, bool *ret_failed, struct error *e)
{
	autofree char *folder = layer_folder(digest);
	autofree char *root_path = text_format("%s/" LAYER_ROOT, folder);
	autofree char *listing_path = text_format("%s/" LAYER_LISTING, folder);
	autoclose int root = openat(store, root_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclose int recorded = openat(store, listing_path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), found = -1;
	autorelease(text) struct text wrong = { 0 };
	int result;

	if (root < 0)
		return error_sys(e, "its folder cannot be opened");
	if (recorded < 0)
		return error_sys(e, "there is no record of what was in its folder");
	found = unpack_list(store, root, e);
	*ret_failed = found < 0 && e->kind != ERROR_IMAGE;
	if (found < 0)
		return error_in(e, "its folder cannot be read");
	result = listing_compare(recorded, found, &wrong, e);
	return result > 0 ? error_set(e, ERROR_IMAGE, "in its folder %s", wrong.data) : result;
}

static int check_layer(int store, const struct digest *digest, char *buffer, bool *ret_failed, struct error *e)
{
	autofree char *folder = layer_folder(digest);
	autofree char *tar = text_format("%s/" LAYER_TAR, folder);
	autofree char *index = text_format("%s/" LAYER_INDEX, folder);
	bool has_index = layer_has_index(store, digest), has_folder = layer_has_folder(store, digest);
	int64_t size = 0;

	if (!has_index && !has_folder)
		return error_set(e, ERROR_IMAGE, "it has neither a folder nor an index");
	if (has_folder && check_folder(store, digest, ret_failed, e))
		return -1;
	return has_index && (compare(store, tar, digest, buffer, &size, e) || check_index(store, index, size, e)) ? -1 : 0;
}

static int check_layers(int store, char *buffer, struct list *ret_wrong, struct error *e)
{
	autorelease(store_files) struct store_files layers = { 0 };

	if (store_list_layers(store, &layers, e))
		return -1;
	for (size_t i = 0; i < layers.count; i++) {
		struct digest digest;
		struct error wrong = { 0 };
		bool has_failed = false;

		if (digest_parse(layers.items[i].digest, &digest) || check_layer(store, &digest, buffer, &has_failed, &wrong) == 0)
			continue;
		if (has_failed) {
			*e = wrong;
			return error_in(e, "check the layer %s", layers.items[i].digest);
		}
		list_addf(ret_wrong, "layer %s %s", layers.items[i].digest, wrong.text);
	}
	return 0;
}

int store_hash(int store, struct list *ret_wrong, struct error *e)
{
	autorelease(store_files) struct store_files blobs = { 0 };
	autofree char *buffer = alloc_zeroed(1, BUFFER);

	if (store_list_blobs(store, &blobs, e))
		return -1;
	for (size_t i = 0; i < blobs.count; i++) {
		struct digest digest;
		struct error wrong = { 0 };
		int64_t size;
		autofree char *path = digest_parse(blobs.items[i].digest, &digest) ? NULL : store_blob_path(&digest);

		if (path && compare(store, path, &digest, buffer, &size, &wrong))
			list_addf(ret_wrong, "blob %s %s", blobs.items[i].digest, wrong.text);
	}
	return check_layers(store, buffer, ret_wrong, e);
}
