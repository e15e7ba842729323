/* SPDX-License-Identifier: Apache-2.0 */
/*
 * download.c - one blob that becomes a file of the store.
 */
#include "images/registry/download.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "images/store.h"
#include "images/unpack/hash.h"

enum { BUFFER = 256 << 10, FLUSH = 8 << 20, STALE_S = 24 * 3600 };

static char *path_of(const struct download *download)
{
	char name[DIGEST_TEXT];

	digest_file_name(&download->digest, name);
	return text_format("downloads/%s-%s", name, download->origin);
}

int download_origin(const char *host, char ret[static DOWNLOAD_ORIGIN], struct error *e)
{
	autorelease(hash) struct hash *hash = hash_begin(DIGEST_SHA256, e);
	struct digest digest;

	if (!hash)
		return -1;
	hash_add(hash, host, strlen(host));
	hash_end(hash, &digest);
	memcpy(ret, digest.hex, DOWNLOAD_ORIGIN - 1); /* more of it would make no difference */
	ret[DOWNLOAD_ORIGIN - 1] = '\0';
	return 0;
}

static bool is_in_store(int store, const struct download *download, struct error *e)
{
	autofree char *path = store_blob_path(&download->digest);
	struct stat st;

	if (fstatat(store, path, &st, AT_SYMLINK_NOFOLLOW))
		return false;
	if (st.st_size != download->size)
		error_set(e, ERROR_IMAGE, "its size is said to be %lld, and the blob with this digest has %lld bytes",
			  (long long)download->size, (long long)st.st_size);
	return true;
}

/* Hashes what an interrupted predecessor left. */
static int hash_start(struct download *download, int64_t length, struct error *e)
{
	autofree char *buffer = alloc_zeroed(1, BUFFER);

	while (download->have < length) {
		ssize_t got = pread(download->file, buffer, BUFFER, download->have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(e, "read what was fetched before");
		if (got == 0)
			break;
		hash_add(download->hash, buffer, (size_t)got);
		download->have += got;
	}
	download->flushed = download->have;
	return 0;
}

static int begin(struct download *download, int64_t length, struct error *e)
{
	/* Longer than it may be: no beginning of this blob. */
	if (length > download->size) {
		if (ftruncate(download->file, 0))
			return error_sys(e, "empty a file of the image store");
		length = 0;
	}
	hash_free(download->hash);
	download->hash = hash_begin(download->digest.algorithm, e);
	download->have = 0;
	if (!download->hash || hash_start(download, length, e))
		return -1;
	if (lseek(download->file, download->have, SEEK_SET) < 0)
		return error_sys(e, "write to the image store");
	download->state = DOWNLOAD_READY;
	return 0;
}

int download_claim(struct download *download, int store, struct error *e)
{
	autofree char *path = path_of(download);
	struct stat st;

	/* A file that was finished and renamed between our open and our lock is not ours: then we look again. */
	for (;;) {
		autoclose int file = -1;

		if (is_in_store(store, download, e)) {
			download->state = DOWNLOAD_DONE;
			return e->kind == ERROR_NONE ? 0 : -1;
		}
		file = openat(store, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (file < 0 && errno == ENOENT && mkdirat(store, "downloads", 0700) == 0)
			continue; /* a store that an older box made */
		if (file < 0)
			return error_sys(e, "make the file %s in the image store", path);
		if (flock(file, LOCK_EX | LOCK_NB)) {
			if (errno != EWOULDBLOCK && errno != EINTR)
				return error_sys(e, "lock the file %s in the image store", path);
			download->state = DOWNLOAD_ELSEWHERE;
			return 0;
		}
		if (fstat(file, &st))
			return error_sys(e, "look at the file %s in the image store", path);
		if (st.st_nlink == 0 || is_in_store(store, download, e))
			continue;
		download->file = take_fd(&file);
		return begin(download, st.st_size, e);
	}
}

int download_add(struct download *download, const char *bytes, int64_t length, struct error *e)
{
	if (length > download->size - download->have)
		return error_set(e, ERROR_IMAGE, "it has more than the %lld bytes that it may have", (long long)download->size);
	hash_add(download->hash, bytes, (size_t)length);
	if (write_all(download->file, bytes, (size_t)length))
		return error_sys(e, "write a blob to the image store");
	download->have += length;
	if (download->have - download->flushed >= FLUSH) {
		/* Only a beginning, so that the wait at the end is short; what it says does not matter. */
		(void)sync_file_range(download->file, download->flushed, download->have - download->flushed, SYNC_FILE_RANGE_WRITE);
		download->flushed = download->have;
	}
	return 0;
}

int download_finish(struct download *download, int store, struct error *e)
{
	autofree char *from = path_of(download);
	autofree char *to = store_blob_path(&download->digest);
	struct digest found;

	if (download->have != download->size) {
		(void)unlinkat(store, from, 0); /* what is there is good for nothing; the error is told anyway */
		return error_set(e, ERROR_IMAGE, "its size is said to be %lld, and it has %lld bytes", (long long)download->size,
				 (long long)download->have);
	}
	hash_end(download->hash, &found);
	if (!digest_equal(&found, &download->digest)) {
		(void)unlinkat(store, from, 0);
		return error_set(e, ERROR_IMAGE, "its content has the digest %s:%.16s…, not %.16s… as its name says",
				 digest_algorithm_name(found.algorithm), found.hex, download->digest.hex);
	}
	if (fdatasync(download->file))
		return error_sys(e, "write a blob to disk");
	if (renameat(store, from, store, to))
		return error_sys(e, "name the blob %s in the image store", to);
	/* Only now: whoever waits for the lock finds the blob. */
	(void)flock(download->file, LOCK_UN); /* closing would do it too */
	download->state = DOWNLOAD_DONE;
	return 0;
}

bool download_is_hungry(const struct download *download)
{
	return download->follower >= 0 && (download->followed < download->have || download->state == DOWNLOAD_DONE);
}

int download_feed(struct download *download, struct error *e)
{
	while (download->followed < download->have) {
		off_t at = download->followed;
		ssize_t sent = sendfile(download->follower, download->file, &at, (size_t)(download->have - download->followed));

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN)
			return 0;
		if (sent < 0 && errno == EPIPE) {
			/* The reader has seen enough; its own words say why. */
			close(take_fd(&download->follower));
			return 0;
		}
		if (sent <= 0)
			return error_sys(e, "hand a blob on to be unpacked");
		download->followed += sent;
	}
	if (download->state == DOWNLOAD_DONE)
		close(take_fd(&download->follower));
	return 0;
}

void download_release(struct download *download)
{
	if (download->file >= 0)
		close(download->file);
	if (download->follower >= 0)
		close(download->follower);
	hash_free(download->hash);
	*download = (struct download){ .file = -1, .follower = -1 };
}

void download_sweep(int store)
{
	autoclosedir DIR *entries = folder_open(store, "downloads", 0);
	struct dirent *entry;

	while (entries && (entry = readdir(entries))) {
		autoclose int file = -1;
		struct stat st;

		if (entry->d_name[0] == '.')
			continue;
		file = openat(dirfd(entries), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (file < 0 || fstat(file, &st) || time(NULL) - st.st_mtime < STALE_S || flock(file, LOCK_EX | LOCK_NB))
			continue;
		(void)unlinkat(dirfd(entries), entry->d_name, 0); /* the next sweep tries again */
	}
}

int download_put(int store, const struct digest *digest, const char *bytes, size_t length, struct error *e)
{
	autofree char *path = store_blob_path(digest);

	if (faccessat(store, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	return file_replace(store, path, bytes, length, 0600, e);
}
