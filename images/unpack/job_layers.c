/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job_layers.c - layers come out of the sandbox: looked at, looked into for the layers above, named.
 *
 *     work/N          a folder, with its listing in staging/list-N; or
 *     work/N.tar      a tar, and
 *     work/N.erofs    its index, which is copied to staging/index-N and verified as the copy that the worker cannot reach
 *
 * The kernel parses an index with all of its power, so that no byte of one that is not verified is ever mounted. The tar is only content.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "images/layer.h"
#include "images/layer_mount.h"
#include "images/unpack/index_verify.h"
#include "images/unpack/index_writer.h"
#include "images/unpack/job.h"
#include "images/unpack/manifest.h"
#include "images/unpack/unpack.h"
#include "images/unpack/worker.h"

enum { NAME = 40 };

bool job_has_layer(const struct job *job, const struct digest *digest)
{
	int store = job->request->store;

	return layer_has_folder(store, digest) || (job->can_index && layer_has_index(store, digest));
}

/* The worker's copy of the index, whole. */
static int read_index(const struct job *job, int number, unsigned char **ret, size_t *ret_size, struct error *e)
{
	char name[NAME];
	autorelease(text) struct text bytes = { 0 };
	autoclose int fd = -1;

	(void)snprintf(name, sizeof name, "%d.erofs", number); /* always fits */
	fd = job_open_file(job->work, name, e);
	if (fd < 0 || file_read_fd(fd, name, INDEX_LIMIT, &bytes, e))
		return -1;
	*ret_size = bytes.length;
	*ret = (unsigned char *)text_take(&bytes);
	return 0;
}

static int write_index(const struct job *job, int number, const unsigned char *bytes, size_t size, struct error *e)
{
	char name[NAME];
	autoclose int fd = -1;

	(void)snprintf(name, sizeof name, "index-%d", number); /* always fits */
	fd = openat(job->staging, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
	if (fd < 0 || write_all(fd, bytes, size))
		return error_sys(e, "write a layer's index to the image store");
	return 0;
}

static int take_index(const struct job *job, int number, struct error *e)
{
	autofree unsigned char *bytes = NULL;
	char name[NAME];
	autoclose int tar = -1;
	struct stat st;
	size_t size = 0;

	(void)snprintf(name, sizeof name, "%d.tar", number); /* always fits */
	tar = job_open_file(job->work, name, e);
	if (tar < 0 || read_index(job, number, &bytes, &size, e))
		return -1;
	if (fstat(tar, &st))
		return error_sys(e, "look at the layer's tar");
	if (index_verify(bytes, size, st.st_size, e))
		return -1;
	return write_index(job, number, bytes, size, e);
}

int job_add_layer(struct job *job, const struct digest *digest, int number, struct error *e)
{
	bool is_indexed = false;
	struct job_layer *layer;
	char name[NAME];
	struct stat st;

	if (number < -1 || number >= MANIFEST_LAYERS || job->layer_count >= MANIFEST_LAYERS)
		return error_set(e, ERROR_IMAGE, "an image has at most %d layers", MANIFEST_LAYERS);
	if (number >= 0) {
		(void)snprintf(name, sizeof name, "%d", number); /* always fits */
		is_indexed = fstatat(job->work, name, &st, AT_SYMLINK_NOFOLLOW) != 0;
		if (!is_indexed && !S_ISDIR(st.st_mode))
			return error_set(e, ERROR_INTERNAL, "the sandbox unpacked no folder %s", name);
		if (is_indexed && (!job->can_index || take_index(job, number, e)))
			return e->kind ? -1 : error_set(e, ERROR_INTERNAL, "the sandbox unpacked no folder %s", name);
	}
	layer = alloc_append(&job->layers, &job->layer_count, sizeof *layer);
	*layer = (struct job_layer){ .digest = *digest, .folder = number, .is_indexed = is_indexed, .root = -1 };
	return 0;
}

static int open_staged_index(const struct job *job, int number, struct error *e)
{
	char index_name[NAME], tar_name[NAME];
	autoclose int index = -1, tar = -1;

	(void)snprintf(index_name, sizeof index_name, "index-%d", number); /* these always fit */
	(void)snprintf(tar_name, sizeof tar_name, "%d.tar", number);
	index = openat(job->staging, index_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	tar = job_open_file(job->work, tar_name, e);
	if (index < 0 || tar < 0)
		return -1;
	return layer_mount(index, tar, e);
}

static int open_folder(const struct job *job, const struct job_layer *layer)
{
	const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	autofree char *path = layer->folder < 0 ? layer_root_path(&layer->digest) : text_format("%d", layer->folder);

	return openat(layer->folder < 0 ? job->request->store : job->work, path, flags);
}

int job_layer_root(const struct job *job, struct job_layer *layer)
{
	struct error ignored = { 0 };

	if (layer->root >= 0)
		return layer->root;
	if (layer->folder >= 0 && layer->is_indexed)
		layer->root = open_staged_index(job, layer->folder, &ignored);
	else
		layer->root = open_folder(job, layer);
	/* In the store in the other form only. */
	if (layer->root < 0 && layer->folder < 0 && job->can_index)
		layer->root = layer_open_index(job->request->store, &layer->digest, &ignored);
	return layer->root;
}

int job_open_listing(const struct job *job, int number, int flags, struct error *e)
{
	char name[NAME];
	int fd;

	(void)snprintf(name, sizeof name, "list-%d", number); /* always fits */
	fd = openat(job->staging, name, flags | O_NOFOLLOW | O_CLOEXEC, 0400);
	return fd >= 0 ? fd : error_sys(e, "open %s in the image store's staging", name);
}

/* The parts of a layer move from where they were made to the folder outer in staging. */
static int gather_index(const struct job *job, const struct job_layer *layer, const char *outer, struct error *e)
{
	char index_name[NAME], tar_name[NAME];
	autofree char *index_path = text_format("%s/" LAYER_INDEX, outer);
	autofree char *tar_path = text_format("%s/" LAYER_TAR, outer);
	autoclose int tar = -1;

	(void)snprintf(index_name, sizeof index_name, "index-%d", layer->folder); /* these always fit */
	(void)snprintf(tar_name, sizeof tar_name, "%d.tar", layer->folder);
	tar = job_open_file(job->work, tar_name, e);
	if (tar < 0)
		return -1;
	/* From now on it is box's own, as the index is. */
	if (fchown(tar, 0, 0) || fchmod(tar, 0400) || renameat(job->work, tar_name, job->staging, tar_path) ||
	    renameat(job->staging, index_name, job->staging, index_path))
		return error_sys(e, "name a layer's tar and index in the image store's staging");
	return 0;
}

static int gather_folder(const struct job *job, const struct job_layer *layer, const char *outer, struct error *e)
{
	autofree char *number = text_format("%d", layer->folder);
	autofree char *inner = text_format("%s/" LAYER_ROOT, outer);
	autofree char *listing = text_format("list-%d", layer->folder);
	autofree char *listing_inner = text_format("%s/" LAYER_LISTING, outer);

	if (renameat(job->work, number, job->staging, inner) || renameat(job->staging, listing, job->staging, listing_inner))
		return error_sys(e, "name a layer's folder in the image store's staging");
	return 0;
}

/* The store has the layer in the other form, which this host cannot use (any more): the parts go beside it, the one that counts last. */
static int add_form(const struct job *job, const char *outer, const char *path, struct error *e)
{
	static const char *const parts[] = { LAYER_TAR, LAYER_INDEX, LAYER_LISTING, LAYER_ROOT };

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		autofree char *from = text_format("%s/%s", outer, parts[i]);
		autofree char *to = text_format("%s/%s", path, parts[i]);

		if (renameat(job->staging, from, job->request->store, to) && errno != ENOENT)
			return error_sys(e, "name the layer %s in the image store", to);
	}
	return 0;
}

/* By way of a folder of its own: what has the final name is whole. */
static int publish(const struct job *job, const struct job_layer *layer, struct error *e)
{
	autofree char *path = layer_folder(&layer->digest);
	autofree char *outer = text_format("layer-%d", layer->folder);

	if (job_has_layer(job, &layer->digest))
		return 0;
	if (layer->folder < 0)
		return error_set(e, ERROR_MISSING, "the layer %s was removed from the store meanwhile; try again", path);
	if (mkdirat(job->staging, outer, 0700))
		return error_sys(e, "make the folder %s in the image store's staging", outer);
	if (layer->is_indexed ? gather_index(job, layer, outer, e) : gather_folder(job, layer, outer, e))
		return -1;
	if (renameat(job->staging, outer, job->request->store, path) == 0)
		return 0;
	if (errno != EEXIST && errno != ENOTEMPTY)
		return error_sys(e, "name the layer %s in the image store", path);
	/* Somebody else may have been faster. */
	return job_has_layer(job, &layer->digest) ? 0 : add_form(job, outer, path, e);
}

int job_sync_layers(const struct job *job, struct error *e)
{
	for (size_t i = 0; i < job->layer_count; i++) {
		char index_name[NAME], tar_name[NAME];
		autoclose int index = -1, tar = -1;

		if (job->layers[i].folder < 0)
			continue;
		(void)snprintf(index_name, sizeof index_name, "index-%d", job->layers[i].folder); /* these always fit */
		(void)snprintf(tar_name, sizeof tar_name, "%d.tar", job->layers[i].folder);
		index = openat(job->staging, index_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		tar = job_open_file(job->work, tar_name, e);
		if (tar < 0)
			return -1;
		if (index < 0 || fsync(index) || fsync(tar))
			return error_sys(e, "write a layer's tar and index to disk");
	}
	return 0;
}

int job_publish_layers(const struct job *job, struct error *e)
{
	for (size_t i = 0; i < job->layer_count; i++)
		if (publish(job, &job->layers[i], e))
			return -1;
	return 0;
}

void job_release_layers(struct job *job)
{
	for (size_t i = 0; i < job->layer_count; i++)
		if (job->layers[i].root >= 0)
			close(job->layers[i].root);
	free(job->layers);
	job->layers = NULL;
	job->layer_count = 0;
}
