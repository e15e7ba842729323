/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commit.c - a writable layer becomes a layer of the store.
 *
 *     packer      has the upper folder as its root, read-only, and the container's ids; writes staging/NAME/commit.tar
 *     compressor  has nothing but that tar and the file of the blob
 *     unpacker    as for any tar on this host (unpack.c): it hashes the tar and makes the layer of it, beside the compressor
 *
 * All three read what the container wrote, and are sandboxes for that reason. The blob is hashed here, once its writer has ended.
 */
#include "images/unpack/commit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "base/text.h"
#include "images/commit_document.h"
#include "images/unpack/image_format.h"
#include "images/unpack/job.h"
#include "images/unpack/manifest.h"
#include "images/unpack/running.h"
#include "images/unpack/sandbox.h"
#include "images/unpack/sandbox_kind.h"
#include "images/unpack/unpack.h"
#include "images/unpack/upper_tar.h"
#include "images/unpack/worker.h"
#include "images/unpack/worker_commit.h"

#define TAR_NAME  "commit.tar"
#define BLOB_NAME "commit.blob"

enum { OVERFLOW_ID = 65534 };

/* What the kernel shows for an id that a namespace has no number for. */
static uint32_t overflow_id(const char *path)
{
	autorelease(text) struct text content = { 0 };
	struct error ignored = { 0 };
	int64_t id = OVERFLOW_ID;

	if (file_read(AT_FDCWD, path, 64, &content, &ignored) == 0 && content.data) {
		content.data[strcspn(content.data, "\n")] = '\0';
		(void)number_parse(content.data, 0, UINT32_MAX, &id); /* else the default */
	}
	return (uint32_t)id;
}

/* The id moved of extents becomes UPPER_MOVED_ID, so that what is shown as moved has no number at all. */
static void split(struct id_extent *extents, int *count, uint32_t moved)
{
	for (int i = 0; i < *count; i++) {
		struct id_extent whole = extents[i];
		uint32_t before = moved - whole.inside;

		if (moved < whole.inside || before >= whole.count)
			continue;
		extents[i] = (struct id_extent){ UPPER_MOVED_ID, whole.outside + before, 1 };
		if (before)
			extents[(*count)++] = (struct id_extent){ whole.inside, whole.outside, before };
		if (whole.count - before > 1)
			extents[(*count)++] =
				(struct id_extent){ moved + 1, whole.outside + before + 1, whole.count - before - 1 };
		return;
	}
}

/* What the changes are compared with lies beside them. It answers for all layers, none of which anybody can mount here. */
static int take_lower(struct job *job, const struct commit *commit, struct error *e)
{
	struct job_layer *top = job->layer_count ? &job->layers[job->layer_count - 1] : NULL;

	if (!top)
		return 0;
	top->root = openat(commit->upper, "lower", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return top->root < 0 ? error_sys(e, "open what the changes are compared with") : 0;
}

/* The upper folder as a tar; *ret_size is 0 where nothing changed. */
static int pack(struct job *job, const struct commit *commit, int tar, int64_t *ret_size, struct error *e)
{
	autorelease(running) struct running running = RUNNING_NONE;
	struct upper_tar how = { .epoch = commit->epoch,
				 .has_lower = job->layer_count > 0,
				 .has_sockets = commit->is_changes,
				 .stubs = &commit->document->stubs };
	struct sandbox sandbox = { .folder = commit->upper, .is_read_only = true };
	autoclose int upper = -1;
	struct id_map map;
	struct stat st;

	if (commit_document_map(commit->document, &map, e))
		return -1;
	how.overflow_uid = overflow_id("/proc/sys/kernel/overflowuid");
	how.overflow_gid = overflow_id("/proc/sys/kernel/overflowgid");
	split(map.uids, &map.uid_count, how.overflow_uid);
	split(map.gids, &map.gid_count, how.overflow_gid);
	/* Where ids are as they are, none is a stranger's. */
	if (sandbox_is_chroot())
		how.overflow_uid = how.overflow_gid = UPPER_NO_ID;
	sandbox.ids = &map;
	upper = commit->is_changes ? openat(commit->upper, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (commit->is_changes && (upper < 0 || take_lower(job, commit, e)))
		return upper < 0 ? error_sys(e, "open the changes") : -1;
	if (commit->is_changes)
		sandbox.folder = upper;
	if (running_start(&sandbox, worker_pack, &how, &tar, 1, &running, e) ||
	    job_finish_worker(job, running.pidfd, running.channel, e))
		return -1;
	if (fstat(tar, &st))
		return error_sys(e, "look at the layer's tar");
	*ret_size = st.st_size;
	return 0;
}

static int make_file(const struct job *job, const char *name, struct error *e)
{
	int fd = openat(job->staging, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd >= 0 ? fd : error_sys(e, "make a file in the image store's staging");
}

static int start_compressor(struct job *job, enum compression *compression, int tar, struct running *ret,
			    struct error *e)
{
	autofree char *path = text_format("/proc/self/fd/%d", tar);
	autoclose int folder = job_make_root(job, job->staging, "net", e), blob = -1, from = -1;
	struct sandbox sandbox = { .folder = folder, .ids = &job->ids };

	if (folder < 0)
		return -1;
	/* One that cannot write: the unpacker reads the same file. */
	from = open(path, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return error_sys(e, "open the layer's tar");
	blob = make_file(job, BLOB_NAME, e);
	if (blob < 0)
		return -1;
	return running_start(&sandbox, worker_compress, compression, (const int[]){ from, blob }, 2, ret, e);
}

/* The tar becomes a layer below work, and job->image its digest; the blob is made meanwhile. */
static int unpack(struct job *job, enum compression compression, int tar, struct error *e)
{
	autorelease(running) struct running running = RUNNING_NONE;

	if (compression != COMPRESSION_NONE && start_compressor(job, &compression, tar, &running, e))
		return -1;
	job->work = job_make_root(job, job->staging, "work", e);
	if (job->work < 0 || job_run_worker(job, job->work, worker_unpack, e))
		return -1;
	return running.pidfd >= 0 ? job_finish_worker(job, running.pidfd, running.channel, e) : 0;
}

static int add_blob(struct job *job, enum compression compression, struct list *ret_told, struct error *e)
{
	char name[DIGEST_TEXT];
	struct digest digest;
	int64_t size = 0;
	int fd;

	/* Whoever wrote the file has ended: it is linked, not copied. */
	job->owns_layout = true;
	fd = job_add_blob(job, job->staging, compression == COMPRESSION_NONE ? TAR_NAME : BLOB_NAME, &digest, &size, e);
	if (fd < 0)
		return -1;
	close(fd);
	digest_text(&digest, name);
	list_addf(ret_told, "%s %s %lld %s", job->image, name, (long long)size, layer_media_type_of(compression));
	return 0;
}

static int publish(struct job *job, struct error *e)
{
	autoclose int lock = -1;

	if (job_settle_files(job, e))
		return -1;
	lock = store_lock(job->request->store, e);
	return lock < 0 || job_publish_layers(job, e) || job_publish_blobs(job, e) ? -1 : 0;
}

static int run(struct job *job, const struct commit *commit, struct list *ret_told, struct error *e)
{
	const struct list *parents = &commit->document->parents;
	autoclose int tar = make_file(job, TAR_NAME, e);
	struct digest digest;
	int64_t size = 0;

	if (tar < 0)
		return -1;
	for (size_t i = 0; i < parents->count; i++)
		if (digest_parse(parents->items[i], &digest))
			return error_set(e, ERROR_INTERNAL, "\"%s\" is no layer's digest", parents->items[i]);
		else if (job_add_layer(job, &digest, -1, e))
			return -1;
	if (pack(job, commit, tar, &size, e))
		return -1;
	if (!size)
		return 0;
	job->request->source = tar;
	if (unpack(job, commit->compression, tar, e) || add_blob(job, commit->compression, ret_told, e))
		return -1;
	return publish(job, e);
}

int commit_run(const struct commit *commit, struct list *ret_told, struct list *ret_warnings, struct error *e)
{
	struct unpack request = { .kind = REFERENCE_TAR,
				  .store = commit->store,
				  .source = -1,
				  .only_folders = commit->only_folders,
				  .words = commit->words };
	autorelease(job) struct job job;
	int result;

	job_init(&job, &request);
	result = job_begin(&job, e) || run(&job, commit, ret_told, e);
	job_end(&job);
	*ret_warnings = request.warnings;
	return result ? -1 : 0;
}
