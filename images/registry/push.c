/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push.c - an image of the store into a registry: the half that has the store.
 */
#include "images/registry/push.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "images/digest.h"
#include "images/registry/endpoint.h"
#include "images/registry/fetch_places.h"
#include "images/registry/plan.h"
#include "images/registry/pusher.h"
#include "images/store.h"
#include "images/unpack/sandbox.h"
#include "images/unpack/store_ids.h"
#include "images/unpack/wire.h"
#include "images/unpack/worker.h"

/* The blob, where it belongs to the image. */
static int open_blob(const struct push_request *request, const char *name, struct digest *ret, int64_t *ret_size, struct error *e)
{
	autofree char *path = NULL;
	autoclose int fd = -1;
	struct stat st;

	if (digest_parse(name, ret) || (!list_has(&request->blobs, name) && strcmp(name, request->manifest) != 0))
		return error_set(e, ERROR_DENIED, "the blob %.100s does not belong to the image", name);
	path = store_blob_path(ret);
	fd = openat(request->store, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return error_sys(e, "open the blob %.16s… in the image store", ret->hex);
	*ret_size = st.st_size;
	return take_fd(&fd);
}

/* 1: go on, 0: it is done. */
static int answer(const struct push_request *request, int channel, const struct wire_message *question, struct error *e)
{
	struct wire_message reply = { .op = WIRE_ANSWER };
	struct digest digest;
	autoclose int fd = -1;
	int64_t size = 0;

	if (question->op == WIRE_FAIL) {
		*e = question->error;
		return -1;
	}
	if (question->op == WIRE_BLOB || question->op == WIRE_LAYER) {
		fd = open_blob(request, question->text, &digest, &size, &reply.error);
		if (fd < 0)
			reply.op = WIRE_FAIL;
		else if (question->op == WIRE_BLOB)
			request->progress(&digest, 0, size, request->data);
		else
			request->progress(&digest, size, size, request->data);
	} else if (question->op != WIRE_DONE) {
		return error_set(e, ERROR_INTERNAL, "the sandbox asked an unknown question");
	}
	if (wire_send(channel, &reply, question->op == WIRE_BLOB ? fd : -1, e))
		return -1;
	return question->op != WIRE_DONE;
}

static int serve(const struct push_request *request, int channel, struct error *e)
{
	struct wire_message question;
	int got, result;

	while ((got = wire_receive(channel, &question, NULL, e)) == 1) {
		result = answer(request, channel, &question, e);
		if (result <= 0)
			return result;
	}
	return got < 0 ? -1 : error_set(e, ERROR_NETWORK, "the sandboxed process that talks to the registry ended and said nothing");
}

static int run_pusher(const struct push_request *request, struct pusher *pusher, int staging, struct error *e)
{
	struct id_map ids;
	autoclose int folder = fetch_places_make(staging, e);
	struct sandbox sandbox = { .folder = folder, .ids = &ids, .has_network = true };
	autoclose int pidfd = -1, ours = -1;
	struct process_end end;
	struct error ignored = { 0 };
	int ends[2], result;

	if (folder < 0 || wire_open(ends, e))
		return -1;
	store_ids_find(&ids);
	ours = ends[0];
	sandbox.channel = ends[1];
	pidfd = sandbox_start(&sandbox, pusher_run, worker_fail, pusher, e);
	close(ends[1]);
	if (pidfd < 0)
		return -1;
	result = serve(request, ours, e);
	(void)process_signal(pidfd, SIGKILL); /* it has said all, or said it wrongly */
	(void)process_wait(pidfd, &end, &ignored); /* only so that it is reaped */
	return result;
}

int push_run(const struct push_request *request, struct error *e)
{
	autorelease(plan) struct plan plan = { 0 };
	struct pusher pusher = { .plan = &plan, .blobs = request->blobs, .manifest = request->manifest, .from = request->from };
	char name[STORE_NAME];
	autofree char *path = NULL;
	autoclose int staging = -1;
	struct error ignored = { 0 };
	int result;

	if (plan_make(&request->name, &plan, e))
		return -1;
	staging = store_staging_make(request->store, name, e);
	if (staging < 0)
		return -1;
	result = run_pusher(request, &pusher, staging, e);
	path = text_format("staging/%s", name);
	(void)folder_remove(request->store, path, &ignored); /* else the next sweep does it */
	return result;
}
