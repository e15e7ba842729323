/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_layer.c - one layer, inside the sandbox.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "images/digest.h"
#include "images/unpack/applier.h"
#include "images/unpack/budget.h"
#include "images/unpack/content_notes.h"
#include "images/unpack/indexer.h"
#include "images/unpack/stream.h"
#include "images/unpack/wire.h"
#include "images/unpack/worker.h"

enum { NAME = 40 };

int worker_identify(int fd, struct digest *ret, struct error *e)
{
	struct budget budget;
	autorelease(stream) struct stream *stream = NULL;

	budget_init(&budget, budget_default_limits(), -1);
	stream = stream_open(fd, DIGEST_SHA256, &budget, e);
	if (!stream || stream_digest(stream, ret, e))
		return -1;
	if (lseek(fd, 0, SEEK_SET) != 0)
		return error_sys(e, "read it once more");
	return 0;
}

/* What was left out, as one sentence each. */
static int warn(const struct apply_report *report, int channel, struct error *e)
{
	char words[160];

	if (report->devices) {
		(void)snprintf(words, sizeof words, "%lld device nodes or sockets in a layer are left out, continuing",
			       (long long)report->devices);
		if (wire_ask(channel, WIRE_WARN, words, 0, NULL, NULL, e))
			return -1;
	}
	if (report->squashed) {
		(void)snprintf(words, sizeof words,
			       "the owners of %lld files become root, as this user has no subordinate ids (subuid(5)), "
			       "continuing",
			       (long long)report->squashed);
		if (wire_ask(channel, WIRE_WARN, words, 0, NULL, NULL, e))
			return -1;
	}
	return 0;
}

static int make_root(int index, struct error *e)
{
	char name[24];
	int fd;

	(void)snprintf(name, sizeof name, "%d", index); /* always fits */
	if (mkdirat(AT_FDCWD, name, 0755))
		return error_sys(e, "make the layer's folder");
	fd = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 ? fd : error_sys(e, "open the layer's folder");
}

int worker_ask_lower(int channel, const char *name, bool is_file, struct stat *ret)
{
	struct wire_message answer;
	struct error ignored = { 0 };
	unsigned mode, uid, gid;
	long long seconds, nanoseconds;

	/* Names longer than a message stay as they are: root's, 0755. */
	if (wire_ask(channel, WIRE_LOWER, name, is_file, &answer, NULL, &ignored))
		return -1;
	if (sscanf(answer.text, "%o %u %u %lld %lld", &mode, &uid, &gid, &seconds, &nanoseconds) != 5)
		return -1;
	*ret = (struct stat){ .st_mode = mode, .st_uid = uid, .st_gid = gid };
	ret->st_mtim = (struct timespec){ .tv_sec = seconds, .tv_nsec = nanoseconds };
	return 0;
}

/* layer_tree's question about an implied folder goes to the parent, which can see the other layers. */
struct lower {
	int channel;
};

static int ask_lower(const char *name, struct stat *ret, void *data)
{
	return worker_ask_lower(((const struct lower *)data)->channel, name, /* is_file= */ false, ret);
}

struct layer_work {
	const struct layer_source *source;
	int channel;
	struct apply_options options;
	struct apply_report report;
	struct budget budget;
};

/* The stream into a folder, and what is in it then. */
static int fill_folder(struct layer_work *work, struct stream *stream, struct digest *ret, struct error *e)
{
	autoclose int root = make_root(work->source->index, e);
	autorelease(content_notes) struct content_notes notes = { 0 };
	struct apply_options options = work->options;

	if (root < 0)
		return -1;
	options.notes = &notes;
	if (apply_tar(stream, root, &options, &work->budget, ret, &work->report, e))
		return -1;
	content_notes_sort(&notes);
	return worker_list_layer(work->channel, root, work->source->index, &notes, e);
}

/* A tar that cannot have an index: it lies here by now, and goes when the folder is made. */
static int fill_from_tar(struct layer_work *work, int tar, const char *tar_name, const char *index_name, struct digest *ret,
			 struct error *e)
{
	enum digest_algorithm algorithm = ret->algorithm;
	autorelease(stream) struct stream *stream = NULL;

	/* Its bytes were counted when they were decompressed. */
	budget_init(&work->budget, work->budget.limits, work->budget.folder);
	if (lseek(tar, 0, SEEK_SET) != 0 || unlinkat(AT_FDCWD, index_name, 0) || unlinkat(AT_FDCWD, tar_name, 0))
		return error_sys(e, "read the layer's tar once more");
	stream = stream_open(tar, algorithm, &work->budget, e);
	return stream ? fill_folder(work, stream, ret, e) : -1;
}

/* The stream into a tar with an index, or where that is not possible into a folder. */
static int fill_files(struct layer_work *work, struct stream *stream, struct digest *ret, struct error *e)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	char tar_name[NAME], index_name[NAME];
	struct index_files files;
	autoclose int tar = -1, index = -1;
	bool is_indexed = false;

	(void)snprintf(tar_name, sizeof tar_name, "%d.tar", work->source->index); /* these always fit */
	(void)snprintf(index_name, sizeof index_name, "%d.erofs", work->source->index);
	tar = openat(AT_FDCWD, tar_name, flags, 0600);
	index = openat(AT_FDCWD, index_name, flags, 0600);
	if (tar < 0 || index < 0)
		return error_sys(e, "make the layer's tar");
	files = (struct index_files){ .tar = tar, .index = index };
	if (index_tar(stream, &files, &work->options, &work->budget, ret, &is_indexed, &work->report, e))
		return -1;
	return is_indexed ? 0 : fill_from_tar(work, tar, tar_name, index_name, ret, e);
}

int worker_layer(const struct worker *worker, int channel, const struct layer_source *source, struct digest *ret,
		 enum compression *ret_compression, struct error *e)
{
	enum digest_algorithm algorithm = source->expected ? source->expected->algorithm : DIGEST_SHA256;
	struct lower lower = { .channel = channel };
	struct layer_work work = { .source = source, .channel = channel, .options = worker->ids };
	autoclose int here = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autorelease(stream) struct stream *stream = NULL;

	if (here < 0)
		return error_sys(e, "open the staging folder");
	work.options.lower = source->index > 0 ? ask_lower : NULL;
	work.options.lower_data = &lower;
	budget_init(&work.budget, budget_default_limits(), here);
	work.budget.image = worker->unpacked;
	stream = stream_open(source->fd, algorithm, &work.budget, e);
	if (!stream)
		return -1;
	if (source->media_type && *source->media_type != stream_compression(stream))
		return error_set(e, ERROR_IMAGE, "its media type says %s, and it has %s",
				 compression_name(*source->media_type), compression_name(stream_compression(stream)));
	if (worker->makes_index ? fill_files(&work, stream, ret, e) : fill_folder(&work, stream, ret, e))
		return -1;
	if (source->expected && !digest_equal(source->expected, ret))
		return error_set(
			e, ERROR_IMAGE,
			"its uncompressed content has the digest %s:%.16s…, and the image's configuration says %.16s…",
			digest_algorithm_name(ret->algorithm), ret->hex, source->expected->hex);
	if (ret_compression)
		*ret_compression = stream_compression(stream);
	return warn(&work.report, channel, e);
}
