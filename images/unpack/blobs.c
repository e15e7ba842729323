/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blobs.c - files become blobs of the store: copied and hashed at once, compared, and only then named.
 *
 * The copy is what was hashed: a blob that was only linked could still be changed by whoever has it open. Nobody has what the sandbox
 * unpacked of an archive, whose processes have all ended; that is linked, and written to disk once. New blobs stay in staging until the
 * image is whole, so that a refused one leaves nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "images/unpack/budget.h"
#include "images/unpack/hash.h"
#include "images/unpack/job.h"
#include "images/unpack/manifest.h"
#include "images/unpack/unpack.h"

enum {
	BUFFER = 256 << 10,
	BLOBS = MANIFEST_LAYERS + 16, /* and a configuration, a manifest, the indexes that led to it */
};

int job_open_file(int folder, const char *name, struct error *e)
{
	/* O_NONBLOCK: a FIFO in the place of a blob must not hold box up. */
	autoclose int fd = beneath_try(folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;

	if (fd < 0)
		return error_sys(e, "open %s of the image", name);
	if (fstat(fd, &st))
		return error_sys(e, "look at %s of the image", name);
	if (!S_ISREG(st.st_mode))
		return error_set(e, ERROR_IMAGE, "%s of the image is no regular file", name);
	return take_fd(&fd);
}

/* Copies from to the new file to (-1: nowhere), hashing; more than limit bytes is an error. */
static int copy(int from, int to, int64_t limit, struct hash *hash, int64_t *ret_size, struct error *e)
{
	autofree char *buffer = alloc_zeroed(1, BUFFER);
	int64_t size = 0;
	ssize_t got;

	while ((got = read(from, buffer, BUFFER)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(e, "read it");
		size += got;
		if (size > limit)
			return error_set(e, ERROR_IMAGE, "it has more than the %lld bytes that it may have",
					 (long long)limit);
		hash_add(hash, buffer, (size_t)got);
		if (to >= 0 && write_all(to, buffer, (size_t)got))
			return error_sys(e, "write it to the image store");
	}
	*ret_size = size;
	return 0;
}

/* The file of an unpacked archive becomes our own, under a temporary name in staging: whether that could be done. */
static bool adopt(const struct job *job, int from)
{
	char path[32];

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", from); /* always fits */
	return job->owns_layout && fchown(from, geteuid(), getegid()) == 0 && fchmod(from, 0600) == 0 &&
	       linkat(AT_FDCWD, path, job->staging, "blob", AT_SYMLINK_FOLLOW) == 0;
}

/* from under a temporary name in staging; its digest and size. The disk is waited for once, before anything gets its final name. */
static int stage(struct job *job, int from, enum digest_algorithm algorithm, int64_t limit, struct digest *ret,
		 int64_t *ret_size, struct error *e)
{
	autorelease(hash) struct hash *hash = hash_begin(algorithm, e);
	autoclose int to = -1;

	if (!hash)
		return -1;
	(void)unlinkat(job->staging, "blob", 0); /* what was refused before */
	if (!adopt(job, from)) {
		to = openat(job->staging, "blob", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (to < 0)
			return error_sys(e, "make a file in the image store");
	}
	if (copy(from, to, limit, hash, ret_size, e))
		return -1;
	hash_end(hash, ret);
	return 0;
}

/* The staged copy of from gets its digest's name, still in staging. */
static int keep(struct job *job, int from, const struct digest *digest, struct error *e)
{
	char name[DIGEST_TEXT];
	struct job_blob *blob;
	struct stat st;

	if (job->blob_count >= BLOBS)
		return error_set(e, ERROR_IMAGE, "an image has at most %d blobs", BLOBS);
	digest_file_name(digest, name);
	if (fstat(from, &st) || renameat(job->staging, "blob", job->staging, name))
		return error_sys(e, "name the blob %s in the image store's staging", name);
	blob = alloc_append(&job->blobs, &job->blob_count, sizeof *blob);
	*blob = (struct job_blob){ .digest = *digest, .device = st.st_dev, .inode = st.st_ino };
	return 0;
}

int job_sync_blobs(const struct job *job, struct error *e)
{
	char name[DIGEST_TEXT];

	for (size_t i = 0; i < job->blob_count; i++) {
		autoclose int fd = -1;

		digest_file_name(&job->blobs[i].digest, name);
		fd = openat(job->staging, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		/* Two files of one content have one name, and the second is found. */
		if (fd < 0 || fsync(fd))
			return error_sys(e, "write the blob %s to disk", name);
	}
	return 0;
}

int job_publish_blobs(struct job *job, struct error *e)
{
	char name[DIGEST_TEXT];

	for (size_t i = 0; i < job->blob_count; i++) {
		autofree char *path = store_blob_path(&job->blobs[i].digest);

		digest_file_name(&job->blobs[i].digest, name);
		/* Two files of an archive may have one content: then the second rename finds that the first has done it. */
		if (renameat(job->staging, name, job->request->store, path) && errno != ENOENT)
			return error_sys(e, "name the blob %s in the image store", path);
	}
	return 0;
}

/* A blob that was staged, or that the store had before; -1 with errno. */
int job_open_known(const struct job *job, const struct digest *digest)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC;
	autofree char *path = store_blob_path(digest);
	char name[DIGEST_TEXT];
	int fd;

	digest_file_name(digest, name);
	fd = openat(job->staging, name, flags);
	return fd >= 0 || errno != ENOENT ? fd : openat(job->request->store, path, flags);
}

static int open_sized(const struct job *job, const struct digest *digest, int64_t size, struct error *e)
{
	autoclose int fd = job_open_known(job, digest);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return error_sys(e, "open the blob %.16s… in the image store", digest->hex);
	if (st.st_size != size)
		return error_set(e, ERROR_IMAGE,
				 "its size is said to be %lld, and the blob with this digest has %lld bytes",
				 (long long)size, (long long)st.st_size);
	return take_fd(&fd);
}

/* Copies the blob from the layout, and compares. */
static int bring(struct job *job, const struct digest *digest, int64_t size, struct error *e)
{
	autofree char *path = store_blob_path(digest);
	struct digest found = { 0 };
	int64_t found_size = 0;
	autoclose int from = -1;

	from = job_open_file(job->layout, path, e);
	if (from < 0 || budget_blob(&job->budget, size, e) || stage(job, from, digest->algorithm, size, &found, &found_size, e))
		return -1;
	if (found_size != size)
		return error_set(e, ERROR_IMAGE, "its size is said to be %lld, and it has %lld bytes", (long long)size,
				 (long long)found_size);
	if (!digest_equal(&found, digest))
		return error_set(e, ERROR_IMAGE, "its content has the digest %s:%.16s…, not %.16s… as its name says",
				 digest_algorithm_name(found.algorithm), found.hex, digest->hex);
	return keep(job, from, digest, e);
}

int job_blob(struct job *job, const struct digest *digest, int64_t size, struct error *e)
{
	int known = job_open_known(job, digest);

	if (known >= 0)
		close(known);
	else if (bring(job, digest, size, e))
		return -1;
	return open_sized(job, digest, size, e);
}

int job_take_source(struct job *job, struct digest *ret, int64_t *ret_size, struct error *e)
{
	int from = job->request->source;

	/* A pipe is where it is, and is read once. */
	if (lseek(from, 0, SEEK_SET) != 0 && errno != ESPIPE)
		return error_sys(e, "read it from its beginning");
	if (stage(job, from, DIGEST_SHA256, job->budget.limits->image_bytes, ret, ret_size, e) || keep(job, from, ret, e))
		return -1;
	return open_sized(job, ret, *ret_size, e);
}

/* The blob that was copied from this file before: an archive may name one file hundreds of times, by links too. */
static const struct job_blob *find_copy(const struct job *job, const struct stat *st)
{
	for (size_t i = 0; i < job->blob_count; i++)
		if (job->blobs[i].device == st->st_dev && job->blobs[i].inode == st->st_ino)
			return &job->blobs[i];
	return NULL;
}

int job_add_blob(struct job *job, int folder, const char *name, struct digest *ret, int64_t *ret_size, struct error *e)
{
	autoclose int from = job_open_file(folder, name, e);
	const struct job_blob *known;
	struct stat st;

	if (from < 0)
		return -1;
	if (fstat(from, &st))
		return error_sys(e, "look at %s of the image", name);
	known = find_copy(job, &st);
	if (known) {
		*ret = known->digest;
		*ret_size = st.st_size;
	} else if (budget_blob(&job->budget, st.st_size, e) || stage(job, from, DIGEST_SHA256, st.st_size, ret, ret_size, e) ||
		   keep(job, from, ret, e)) {
		return -1;
	}
	return open_sized(job, ret, *ret_size, e);
}
