/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_hash.c - whether blobs and layers are what their names say.
 */
#include "images/unpack/store_hash.h"

#include <errno.h>
#include <fcntl.h>
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

static int check_layer(int store, const struct digest *digest, char *buffer, struct error *e)
{
	autofree char *folder = layer_folder(digest);
	autofree char *tar = text_format("%s/" LAYER_TAR, folder);
	autofree char *index = text_format("%s/" LAYER_INDEX, folder);
	int64_t size = 0;

	if (!layer_has_index(store, digest))
		return store_has_layer(store, digest) ? 0 : error_set(e, ERROR_IMAGE, "it has neither a folder nor an index");
	return compare(store, tar, digest, buffer, &size, e) || check_index(store, index, size, e) ? -1 : 0;
}

int store_hash(int store, struct list *ret_wrong, struct error *e)
{
	autorelease(store_files) struct store_files blobs = { 0 };
	autorelease(store_files) struct store_files layers = { 0 };
	autofree char *buffer = alloc_zeroed(1, BUFFER);

	if (store_list_blobs(store, &blobs, e) || store_list_layers(store, &layers, e))
		return -1;
	for (size_t i = 0; i < blobs.count; i++) {
		struct digest digest;
		struct error wrong = { 0 };
		int64_t size;
		autofree char *path = digest_parse(blobs.items[i].digest, &digest) ? NULL : store_blob_path(&digest);

		if (path && compare(store, path, &digest, buffer, &size, &wrong))
			list_addf(ret_wrong, "blob %s %s", blobs.items[i].digest, wrong.text);
	}
	for (size_t i = 0; i < layers.count; i++) {
		struct digest digest;
		struct error wrong = { 0 };

		if (digest_parse(layers.items[i].digest, &digest) == 0 && check_layer(store, &digest, buffer, &wrong))
			list_addf(ret_wrong, "layer %s %s", layers.items[i].digest, wrong.text);
	}
	return 0;
}
