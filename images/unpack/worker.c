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

/* A plain tar is an image of one layer without a configuration. */
int worker_tar(const struct worker *worker, int channel, struct error *e)
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
