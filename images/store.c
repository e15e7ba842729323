/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.c - the image store on disk.
 */
#include "images/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "images/index.h"
#include "images/record.h"

static const char *const folders[] = {
	"blobs", "blobs/sha256", "blobs/sha512", "layers", "images", "sources", "staging", "downloads", "locks"
};
enum { USE_S = 3600, SLOTS = 64, SLOT_LIMIT = 1 << 16 };

/* The file oci-layout comes last: where it is, everything else is. */
static int make_store(int store, const char *path, struct error *e)
{
	autorelease(text) struct text index = { 0 };

	index_print(&(struct index){ 0 }, &index);
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
		if (mkdirat(store, folders[i], 0700) && errno != EEXIST)
			return error_sys(e, "make the folder %s/%s", path, folders[i]);
	if (faccessat(store, "index.json", F_OK, 0) &&
	    file_replace(store, "index.json", index.data, index.length, 0600, e))
		return error_in(e, "make the image store %s", path);
	if (file_replace(store, "oci-layout", INDEX_LAYOUT, strlen(INDEX_LAYOUT), 0600, e))
		return error_in(e, "make the image store %s", path);
	return 0;
}

int store_open(const char *path, struct error *e)
{
	autoclose int store = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	/* The ordinary case costs two calls; folder_make_private says what is wrong in all others. */
	if (store < 0 || fstat(store, &st) || st.st_uid != geteuid() || (st.st_mode & 0077)) {
		int made = folder_make_private(path, e);

		if (made < 0)
			return error_in(e, "open the image store");
		if (store >= 0)
			close(store);
		store = made;
	}
	if (faccessat(store, "oci-layout", F_OK, 0) && make_store(store, path, e))
		return -1;
	return take_fd(&store);
}

int store_lock(int store, struct error *e)
{
	int lock = file_lock(store, "unpack.lock", /* wait= */ true, e);

	return lock >= 0 ? lock : error_in(e, "lock the image store");
}

char *store_blob_path(const struct digest *blob)
{
	return text_format("blobs/%s/%s", digest_algorithm_name(blob->algorithm), blob->hex);
}

int store_pin(int store, const struct digest *image)
{
	autofree char *path = image_record_path(image);
	autoclose int fd = openat(store, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -1;
	while (flock(fd, LOCK_SH))
		if (errno != EINTR)
			return -1;
	/* Who removed the record held the lock that we waited for. */
	if (fstat(fd, &st) || st.st_nlink == 0) {
		errno = ENOENT;
		return -1;
	}
	/* Its time says when the image was last used, to the hour: what prune goes by must not cost every start a write. */
	if (time(NULL) - st.st_mtime > USE_S)
		(void)futimens(fd, NULL); /* an old time only makes the image go earlier */
	return take_fd(&fd);
}

int store_claim(int store, const struct digest *image)
{
	autofree char *path = image_record_path(image);
	autoclose int fd = openat(store, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 ? take_fd(&fd) : -1;
}

int store_staging_make(int store, char ret_name[static STORE_NAME], struct error *e)
{
	uint64_t random;
	char path[STORE_NAME + 16];
	struct stat open_one, named_one;

	for (;;) {
		autoclose int fd = -1;

		if (getrandom(&random, sizeof random, 0) != sizeof random)
			return error_sys(e, "get random bytes");
		(void)snprintf(ret_name, STORE_NAME, "%016llx", (unsigned long long)random); /* always fits */
		(void)snprintf(path, sizeof path, "staging/%s", ret_name);
		if (mkdirat(store, path, 0700))
			return error_sys(e, "make the folder %s in the image store", path);
		fd = openat(store, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		/* A sweep may have taken the folder between the two calls; then another name is tried. */
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &open_one) == 0 &&
		    fstatat(store, path, &named_one, AT_SYMLINK_NOFOLLOW) == 0 && open_one.st_ino == named_one.st_ino)
			return take_fd(&fd);
		if (fd < 0 && errno != ENOENT)
			return error_sys(e, "open the folder %s in the image store", path);
	}
}

/* 1: the file holds text; 0: it holds another one; -1: it is not there. */
static int look_at_slot(int store, const char *path, const char *text)
{
	autorelease(text) struct text kept = { 0 };
	struct error failed = { 0 };

	if (file_read(store, path, SLOT_LIMIT, &kept, &failed))
		return failed.sys == ENOENT ? -1 : 0;
	return text_equal(kept.data, text);
}

/* All of it at once, and only where nobody else has been faster. */
static int make_slot(int store, const char *path, const char *text, struct error *e)
{
	autofree char *temporary = text_format("%s.tmp-%d", path, (int)getpid());
	int result = file_replace(store, temporary, text, strlen(text), 0600, e);

	if (result)
		return -1;
	if (linkat(store, temporary, store, path, 0) && errno != EEXIST)
		result = error_sys(e, "make the file %s in the image store", path);
	(void)unlinkat(store, temporary, 0); /* prune removes what stays */
	return result;
}

int store_make_folder(int store, const char *folder, struct error *e)
{
	for (const char *end = folder; *end; end += *end == '/') {
		autofree char *part = NULL;

		end += strcspn(end, "/");
		part = alloc_copy_bytes(folder, (size_t)(end - folder));
		if (mkdirat(store, part, 0700) && errno != EEXIST)
			return error_sys(e, "make the folder %s in the image store", part);
	}
	return 0;
}

char *store_slot(int store, const char *folder, const char *prefix, const char *text, struct error *e)
{
	if (store_make_folder(store, folder, e))
		return NULL;
	for (unsigned n = 0; n < SLOTS; n++) {
		autofree char *path = text_format("%s/%s%08x-%u", folder, prefix, text_hash(text), n);
		int found = look_at_slot(store, path, text);

		if (found < 0) {
			if (make_slot(store, path, text, e))
				return NULL;
			found = look_at_slot(store, path, text);
		}
		if (found > 0)
			return take_ptr(&path);
	}
	error_set(e, ERROR_KERNEL, "make a file for %.300s in the folder %s of the image store: %d others have its place", text, folder, SLOTS);
	return NULL;
}

/* Removes one folder of staging where nobody holds its lock. */
static int sweep_one(int staging, const char *name, int (*remove)(int, const char *, void *, struct error *),
		     void *data, struct error *e)
{
	autoclose int fd = openat(staging, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || unlinkat(staging, name, 0) == 0 ? 0 : error_sys(e, "remove %s from the store's staging", name);
	if (flock(fd, LOCK_EX | LOCK_NB))
		return 0; /* somebody is at work there */
	return remove(staging, name, data, e);
}

int store_staging_sweep(int store, int (*remove)(int staging, const char *name, void *data, struct error *e),
			void *data, struct error *e)
{
	autoclosedir DIR *entries = folder_open(store, "staging", 0);
	struct dirent *entry;

	if (!entries)
		return error_sys(e, "read the folder staging of the image store");
	while ((errno = 0, entry = readdir(entries))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (sweep_one(dirfd(entries), entry->d_name, remove, data, e))
			return error_in(e, "sweep what an interrupted unpacking left");
	}
	return errno ? error_sys(e, "read the folder staging of the image store") : 0;
}
