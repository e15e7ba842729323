/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.c - what runs in the sandbox.
 */
#include "images/unpack/worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "images/digest.h"
#include "images/unpack/applier.h"
#include "images/unpack/budget.h"
#include "images/unpack/stream.h"
#include "images/unpack/wire.h"

void worker_fail(int channel, const struct error *error)
{
	struct wire_message message = { .op = WIRE_FAIL, .error = *error };
	struct error ignored = { 0 };

	(void)wire_send(channel, &message, -1,
			&ignored); /* nobody else could be told; the parent sees the end of file */
}

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

/* layer_tree's question about an implied folder goes to the parent, which can see the other layers. */
struct lower {
	int channel;
};

static int ask_lower(const char *name, struct stat *ret, void *data)
{
	const struct lower *lower = data;
	struct wire_message answer;
	struct error ignored = { 0 };
	unsigned mode, uid, gid;
	long long seconds, nanoseconds;

	/* Names longer than a message stay as they are: root's, 0755. */
	if (wire_ask(lower->channel, WIRE_LOWER, name, 0, &answer, NULL, &ignored))
		return -1;
	if (sscanf(answer.text, "%o %u %u %lld %lld", &mode, &uid, &gid, &seconds, &nanoseconds) != 5)
		return -1;
	*ret = (struct stat){ .st_mode = mode, .st_uid = uid, .st_gid = gid };
	ret->st_mtim = (struct timespec){ .tv_sec = seconds, .tv_nsec = nanoseconds };
	return 0;
}

int worker_layer(const struct worker *worker, int channel, const struct layer_source *source, struct digest *ret,
		 enum compression *ret_compression, struct error *e)
{
	enum digest_algorithm algorithm = source->expected ? source->expected->algorithm : DIGEST_SHA256;
	struct lower lower = { .channel = channel };
	struct apply_options options = worker->ids;
	struct apply_report report = { 0 };
	struct budget budget;
	autoclose int root = make_root(source->index, e);
	autorelease(stream) struct stream *stream = NULL;

	if (root < 0)
		return -1;
	options.lower = source->index > 0 ? ask_lower : NULL;
	options.lower_data = &lower;
	budget_init(&budget, budget_default_limits(), root);
	budget.image = worker->unpacked;
	stream = stream_open(source->fd, algorithm, &budget, e);
	if (!stream)
		return -1;
	if (source->media_type && *source->media_type != stream_compression(stream))
		return error_set(e, ERROR_IMAGE, "its media type says %s, and it has %s",
				 compression_name(*source->media_type), compression_name(stream_compression(stream)));
	if (apply_tar(stream, root, &options, &budget, ret, &report, e))
		return -1;
	if (source->expected && !digest_equal(source->expected, ret))
		return error_set(
			e, ERROR_IMAGE,
			"its uncompressed content has the digest %s:%.16s…, and the image's configuration says %.16s…",
			digest_algorithm_name(ret->algorithm), ret->hex, source->expected->hex);
	if (ret_compression)
		*ret_compression = stream_compression(stream);
	return warn(&report, channel, e);
}

/* A plain tar is an image of one layer without a configuration. */
static int unpack_tar(const struct worker *worker, int channel, struct error *e)
{
	struct layer_source source = { .fd = -1 };
	struct wire_message answer;
	struct digest digest;
	char name[DIGEST_TEXT];
	autoclose int fd = -1;

	if (wire_ask(channel, WIRE_SOURCE, NULL, 0, NULL, &fd, e))
		return -1;
	if (worker->is_known) {
		if (worker_identify(fd, &digest, e))
			return -1;
		digest_text(&digest, name);
		if (wire_ask(channel, WIRE_HAS, name, 0, &answer, NULL, e))
			return -1;
		if (answer.number)
			return wire_ask(channel, WIRE_LAYER, name, -1, NULL, NULL, e) ||
					       wire_ask(channel, WIRE_DONE, name, 0, NULL, NULL, e)
				       ? -1
				       : 0;
	}
	source.fd = fd;
	if (worker_layer(worker, channel, &source, &digest, NULL, e))
		return -1;
	digest_text(&digest, name);
	if (wire_ask(channel, WIRE_LAYER, name, 0, NULL, NULL, e))
		return -1;
	return wire_ask(channel, WIRE_DONE, name, 0, NULL, NULL, e);
}

int worker_unpack(int channel, void *data)
{
	struct worker *worker = data;
	int64_t unpacked = 0;
	struct error e = { 0 };
	int result;

	worker->unpacked = &unpacked;
	if (worker->kind == REFERENCE_TAR)
		result = unpack_tar(worker, channel, &e);
	else if (worker->kind == REFERENCE_DOCKER_ARCHIVE)
		result = worker_docker(worker, channel, &e);
	else
		result = worker_layout(worker, channel, &e);
	worker->unpacked = NULL;
	if (result)
		worker_fail(channel, &e);
	return result ? 1 : 0;
}

int worker_extract(int channel, void *data)
{
	const struct worker *worker = data;
	/* Who owns the files of an archive of blobs says nothing: all become the store's. */
	struct apply_options options = { .squash_ids = true, .holds_blobs = true, .uid_count = 1, .gid_count = 1 };
	struct apply_report report = { 0 };
	struct error e = { 0 };
	struct digest digest;
	struct budget budget;
	autoclose int fd = -1, root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autorelease(stream) struct stream *stream = NULL;

	(void)worker;
	budget_init(&budget, budget_default_limits(), root);
	if (root < 0)
		error_sys(&e, "open the staging folder");
	else if (wire_ask(channel, WIRE_SOURCE, NULL, 0, NULL, &fd, &e) == 0)
		stream = stream_open(fd, DIGEST_SHA256, &budget, &e);
	if (stream && apply_tar(stream, root, &options, &budget, &digest, &report, &e) == 0 &&
	    wire_ask(channel, WIRE_DONE, NULL, 0, NULL, NULL, &e) == 0)
		return 0;
	worker_fail(channel, &e);
	return 1;
}

int worker_clear(int channel, void *data)
{
	autoclosedir DIR *entries = opendir("/");
	struct error e = { 0 };
	struct dirent *entry;

	(void)data;
	while (entries && (entry = readdir(entries))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (folder_remove(dirfd(entries), entry->d_name, &e))
			break;
	}
	if (entries && e.kind == ERROR_NONE && wire_ask(channel, WIRE_DONE, NULL, 0, NULL, NULL, &e) == 0)
		return 0;
	if (!entries)
		error_sys(&e, "read the staging folder");
	worker_fail(channel, &e);
	return 1;
}
