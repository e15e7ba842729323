/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack.c - an archive or image into the store.
 *
 *     staging/NAME/          ours, locked while we work
 *       blob                 the blob that is being copied
 *       sha256-HEX           a blob that is whole
 *       archive/             an oci-archive or docker-archive, as it is
 *       layer/root/          a layer of an image that was removed (images/store_remove.c)
 *       net/                 the root of what speaks to a registry
 *       work/                the worker's root: 0/ 1/ … one folder per layer, or 0.tar and 0.erofs
 *       index-0              a copy of 0.erofs, verified
 *       list-0               what is in the folder 0
 *
 * Blobs and layers get their names only when all of the image is there and on disk; then the image's record, then index.json, then
 * the record of the source. Whatever is interrupted is swept by the next unpacking.
 */
#include "images/unpack/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "images/index.h"
#include "images/layer_mount.h"
#include "images/record.h"
#include "images/unpack/image_format.h"
#include "images/unpack/job.h"
#include "images/unpack/manifest.h"
#include "images/unpack/sandbox.h"
#include "images/unpack/sandbox_kind.h"
#include "images/unpack/wire.h"
#include "images/unpack/worker.h"

/* A folder below staging/NAME that belongs to the store's id 0. */
int job_make_root(struct job *job, int staging, const char *name, struct error *e)
{
	autoclose int fd = -1;

	if (mkdirat(staging, name, 0700) && errno != EEXIST)
		return error_sys(e, "make the folder %s in the image store's staging", name);
	fd = openat(staging, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchown(fd, job->ids.uids[0].outside, job->ids.gids[0].outside))
		return error_sys(e, "give the folder %s in the image store's staging to the store's own user", name);
	return take_fd(&fd);
}

/* What an ended worker says about itself where it could not speak any more. */
static int explain_end(const struct process_end *end, struct error *e)
{
	if (end->signal)
		return error_set(e, ERROR_IMAGE, "the sandboxed process that read it was ended by signal %d%s",
				 end->signal, end->signal == 31 ? " (it made a forbidden system call)" : "");
	return error_set(e, ERROR_INTERNAL,
			 "the sandboxed process that read it ended with exit code %d and said nothing", end->code);
}

int job_finish_worker(struct job *job, int pidfd, int channel, struct error *e)
{
	struct process_end end = { 0 };
	struct error ignored = { 0 };
	int served = job_serve(job, channel, e);

	if (served < 0)
		(void)process_signal(pidfd, SIGKILL); /* it may have ended by itself */
	if (process_wait(pidfd, &end, served == 0 ? e : &ignored))
		return -1;
	return served > 0 ? explain_end(&end, e) : served;
}

/* Runs task in a sandbox whose root is folder, and answers its questions. */
int job_run_worker(struct job *job, int folder, int (*task)(int, void *), struct error *e)
{
	struct worker worker = {
		.kind = job->request->kind,
		.tag = job->request->tag,
		.platform = job->request->platform,
		.item = job->item,
		.imports = job->request->imports,
		.is_known = job->request->is_known,
		.makes_index = job->can_index,
		.ids = {
			.uid_count = store_ids_count(job->ids.uids, job->ids.uid_count),
			.gid_count = store_ids_count(job->ids.gids, job->ids.gid_count),
			.squash_ids = !job->ids.can_setgroups,
		},
	};
	struct sandbox sandbox = { .folder = folder, .ids = &job->ids };
	autoclose int pidfd = -1, ours = -1, theirs = -1;
	int ends[2];

	if (wire_open(ends, e))
		return -1;
	ours = ends[0];
	theirs = sandbox.channel = ends[1];
	pidfd = sandbox_start(&sandbox, task, worker_fail, &worker, e);
	if (pidfd < 0)
		return -1;
	close(take_fd(&theirs)); /* its end of file is the worker's end */
	return job_finish_worker(job, pidfd, ours, e);
}

/* Removes staging/name. An ordinary user may not enter folders of its subordinate ids: a sandbox as their owner empties those. */
static int remove_staged(int staging, const char *name, void *data, struct error *e)
{
	static const char *const roots[] = { "work", "archive", "layer/root" };
	struct job *job = data;
	autoclose int folder = -1;

	if (job->ids.uid_count == 1)
		return folder_remove(staging, name, e);
	folder = openat(staging, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	for (size_t i = 0; folder >= 0 && i < sizeof roots / sizeof roots[0]; i++) {
		autoclose int root = openat(folder, roots[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (root >= 0 && job_run_worker(job, root, worker_clear, e))
			return -1;
	}
	return folder_remove(staging, name, e);
}

static int remove_own_staging(struct job *job, struct error *e)
{
	autoclose int staging = openat(job->request->store, "staging", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (staging < 0)
		return error_sys(e, "open the image store's staging");
	return remove_staged(staging, job->staging_name, job, e);
}

/* Of the manifest's blob, which the worker got from the store. */
static int manifest_size(const struct job *job, int64_t *ret, struct error *e)
{
	struct digest digest;
	autofree char *path = digest_parse(job->image, &digest) ? NULL : store_blob_path(&digest);
	struct stat st;

	if (!path || fstatat(job->request->store, path, &st, AT_SYMLINK_NOFOLLOW))
		return error_sys(e, "look at the image's manifest in the store");
	*ret = st.st_size;
	return 0;
}

static int add_to_index(struct job *job, struct error *e)
{
	struct descriptor descriptor = {
		.media_type = (char *)(uintptr_t)manifest_media_type(job->is_docker), /* only read */
		.digest = job->image,
	};
	autorelease(text) struct text name = { 0 };
	const char *source;
	int result;

	if (!job->config)
		return 0; /* a plain tar is no OCI image */
	if (manifest_size(job, &descriptor.size, e))
		return -1;
	if (job->request->name)
		text_add(&name, job->request->name);
	else
		index_name(job->request->words, &name);
	source = job->index ? job->index : job->request->source_digest;
	if (source && strcmp(source, job->image) != 0)
		list_addf(&descriptor.annotations, INDEX_SOURCE "=%s", source);
	result = index_set(job->request->store, name.data ? name.data : "image", &descriptor, e);
	list_release(&descriptor.annotations);
	return result;
}

static int write_record(struct job *job, struct error *e)
{
	struct image_record record = { .image = job->image, .config = job->config };
	char name[DIGEST_TEXT];
	int result;

	for (size_t i = 0; i < job->layer_count; i++) {
		digest_text(&job->layers[i].digest, name);
		list_add(&record.layers, name);
	}
	result = image_record_write(job->request->store, &record, e);
	list_release(&record.layers);
	return result;
}

/* One wait for the disk for all blobs and all files of all layers: fsync(2) of each would be thousands. */
int job_settle(const struct job *job, struct error *e)
{
	return syncfs(job->request->store) ? error_sys(e, "write the image to disk") : 0;
}

/* Where the layers are folders it is the one wait for the whole disk after all. */
int job_settle_files(const struct job *job, struct error *e)
{
	for (size_t i = 0; i < job->layer_count; i++)
		if (job->layers[i].folder >= 0 && !job->layers[i].is_indexed)
			return job_settle(job, e);
	return job_sync_layers(job, e) || job_sync_blobs(job, e) ? -1 : 0;
}

/* Everything that was unpacked gets its final name; the order is what makes a crash harmless. */
int job_publish(struct job *job, struct error *e)
{
	autoclose int lock = -1;

	if (!job->image || !job->layer_count)
		return error_set(e, ERROR_INTERNAL, "the sandbox ended without an image");
	/* The caller of a pull does not hold the lock, as different images are pulled at once. */
	if (job->source) {
		lock = store_lock(job->request->store, e);
		/* What was there before may have been removed by somebody else until now. */
		if (lock < 0 || job->source->finish(job, e))
			return -1;
	}
	if (job_settle(job, e) || job_publish_blobs(job, e) || job_publish_layers(job, e))
		return -1;
	return write_record(job, e) || add_to_index(job, e) ? -1 : 0;
}

/* What identifies the source on later runs: the archive itself, or the layout's index.json. */
static int stat_source(const struct job *job, struct stat *ret, struct error *e)
{
	int result = job->request->kind == REFERENCE_OCI ? fstatat(job->request->source, "index.json", ret, 0)
							 : fstat(job->request->source, ret);

	return result ? error_sys(e, "look at the image") : 0;
}

static int remember_source(struct job *job, const struct stat *st, struct error *e)
{
	struct source_record record = {
		.path = (char *)(uintptr_t)job->request->words, /* both are only read */
		.tag = (char *)(uintptr_t)job->request->tag,
		.image = job->image,
	};

	source_record_stat(st, &record);
	return source_record_write(job->request->store, job->request->kind, &record, e);
}

/* Only the host's root may mount an index, and only some kernels on some file systems can: everyone else gets folders. */
static void find_form(struct job *job)
{
	struct error why = { 0 };

	if (job->request->only_folders)
		return;
	/* Nobody here could mount a folder either (base/isolation.h): the files of a layer are made of its tar. */
	job->can_index = sandbox_keeps_tars();
	if (job->can_index)
		return;
	job->can_index = layer_mount_probe(job->staging, &why) != NULL;
	if (why.kind != ERROR_NONE)
		log_debug("layers become folders: %s", why.text);
}

int job_extract(struct job *job, struct error *e)
{
	job->layout = job_make_root(job, job->staging, "archive", e);
	if (job->layout < 0 || job_run_worker(job, job->layout, worker_extract, e))
		return -1;
	job->owns_layout = true; /* its writers have ended: a sandbox ends with its first process */
	return 0;
}

static int run(struct job *job, struct error *e)
{
	if (job->request->loads)
		return job_load(job, e);
	if (image_format(job->request->kind)->mark) {
		if (job_extract(job, e))
			return -1;
	} else if (job->request->kind == REFERENCE_OCI && !job->source) {
		job->layout = fcntl(job->request->source, F_DUPFD_CLOEXEC, 0);
		if (job->layout < 0)
			return error_sys(e, "open the image's folder");
	}
	job->work = job_make_root(job, job->staging, "work", e);
	if (job->work < 0 || (job->source && job->source->begin(job, e)) ||
	    job_run_worker(job, job->work, job->request->is_survey ? worker_survey : worker_unpack, e))
		return -1;
	if (job->source && job->source->finish(job, e))
		return -1;
	return job->request->is_survey ? 0 : job_publish(job, e);
}

void job_init(struct job *job, struct unpack *request)
{
	*job = (struct job){ .request = request, .staging = -1, .work = -1, .layout = -1, .item = -1 };
	store_ids_find(&job->ids);
}

void job_release(struct job *job)
{
	int saved = errno;

	for (size_t i = 0; i < job->item_count; i++)
		free(job->items[i].name);
	free(job->items);
	job_release_layers(job);
	free(job->blobs);
	free(job->image);
	free(job->config);
	free(job->index);
	for (size_t i = 0; i < 3; i++) {
		int fd = (const int[]){ job->staging, job->work, job->layout }[i];

		if (fd >= 0)
			close(fd);
	}
	*job = (struct job){ .staging = -1, .work = -1, .layout = -1 };
	errno = saved;
}

int job_begin(struct job *job, struct error *e)
{
	struct error ignored = { 0 };

	if (store_staging_sweep(job->request->store, remove_staged, job, &ignored))
		list_addf(&job->request->warnings, "%s, continuing", ignored.text);
	job->staging = store_staging_make(job->request->store, job->staging_name, e);
	if (job->staging < 0)
		return -1;
	budget_init(&job->budget, budget_default_limits(), job->staging);
	find_form(job);
	return 0;
}

void job_end(struct job *job)
{
	struct error ignored = { 0 };

	if (job->staging >= 0)
		(void)remove_own_staging(job, &ignored); /* what stays is swept by the next unpacking */
}

int job_run(struct job *job, struct error *e)
{
	int result;

	if (job_begin(job, e))
		return -1;
	result = run(job, e);
	if (job->source)
		job->source->end(job);
	job_end(job);
	return result;
}

int unpack_run(struct unpack *unpack, char **ret_image, struct error *e)
{
	autorelease(job) struct job job;
	struct error ignored = { 0 };
	struct stat st;

	job_init(&job, unpack);
	if (stat_source(&job, &st, e) || job_run(&job, e))
		return -1;
	/* The source's record is a cache: without it the archive is only read once more. */
	if (!unpack->loads && !unpack->imports && unpack->source != unpack->store)
		(void)remember_source(&job, &st, &ignored);
	*ret_image = take_ptr(&job.image);
	return 0;
}

int unpack_survey(struct unpack *unpack, char **ret_digest, struct error *e)
{
	autorelease(job) struct job job;

	unpack->is_survey = true;
	job_init(&job, unpack);
	if (job_run(&job, e))
		return -1;
	*ret_digest = take_ptr(&job.image);
	return 0;
}

int unpack_list(int store, int root, struct error *e)
{
	struct unpack request = { .store = store, .source = -1 };
	struct error ignored = { 0 };
	autorelease(job) struct job job;
	int fd;

	job_init(&job, &request);
	job.staging = store_staging_make(store, job.staging_name, e);
	if (job.staging < 0)
		return -1;
	fd = job_run_worker(&job, root, worker_list_root, e) ? -1 : job_open_listing(&job, 0, O_RDONLY, e);
	(void)remove_own_staging(&job, &ignored); /* what stays is swept by the next unpacking */
	return fd;
}

int unpack_sweep(int store, struct error *e)
{
	struct unpack request = { .store = store, .source = -1 };
	autorelease(job) struct job job;

	job_init(&job, &request);
	return store_staging_sweep(store, remove_staged, &job, e);
}
