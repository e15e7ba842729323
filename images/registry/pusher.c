/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pusher.c - the process that gives an image to a registry.
 *
 *     HEAD blob                            200: it is there
 *     POST uploads?mount=…&from=…          201: the registry took it from another repository
 *     PUT  all of it, or PATCH in pieces   where the registry says that all at once is too much
 *     PUT  manifest                        last: an image that is seen is whole
 *     PUT  the index of its subject        where the manifest refers to another one and the registry keeps no account of that itself
 */
#include "images/registry/pusher.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "images/registry/endpoint.h"
#include "images/registry/http_url.h"
#include "images/registry/referrers.h"
#include "images/registry/registry.h"
#include "images/unpack/manifest.h"
#include "images/unpack/wire.h"
#include "images/unpack/worker.h"

enum { PIECE = 8 << 20, TOO_LARGE = 413 };

static const char access_wanted[] = "pull,push";

struct push {
	const struct pusher *pusher;
	struct registry *registry;
	const char *repository;
	int channel;
};

static int call(struct push *push, struct registry_call *request, struct http_answer *answer, struct error *e)
{
	http_answer_release(answer);
	request->access = access_wanted;
	return registry_call(push->registry, request, answer, e);
}

/* Where the registry wants the next bytes. */
static int take_location(struct push *push, const struct http_answer *answer, char **location, struct error *e)
{
	const char *said = http_header(answer, "location", 0);
	char *next = said ? registry_url(push->registry, said) : NULL;

	if (!next)
		return error_set(e, ERROR_NETWORK, "the registry says nowhere where to upload to");
	free(*location);
	*location = next;
	return 0;
}

/* 1: the registry has the blob already, or took it from elsewhere; 0: *ret_location waits for it. */
static int begin(struct push *push, const char *digest, char **ret_location, struct error *e)
{
	autofree char *blob = text_format("%s/blobs/%s", push->repository, digest);
	autofree char *from = push->pusher->from ? http_escape(push->pusher->from) : NULL;
	autofree char *uploads = from ? text_format("%s/blobs/uploads/?mount=%s&from=%s", push->repository, digest, from)
				      : text_format("%s/blobs/uploads/", push->repository);
	struct registry_call head = { .method = "HEAD", .path = blob, .body_fd = -1 };
	struct registry_call post = { .method = "POST", .path = uploads, .body_fd = -1, .body = "" };
	autorelease(http_answer) struct http_answer answer = { 0 };

	if (call(push, &head, &answer, e))
		return -1;
	if (answer.status == 200)
		return 1;
	if (answer.status != 404 && answer.status != 401 && answer.status != 403)
		return registry_refused(push->registry, &answer, blob, e);
	if (call(push, &post, &answer, e))
		return -1;
	if (answer.status == 201)
		return 1;
	if (answer.status != 202)
		return registry_refused(push->registry, &answer, "an upload", e);
	return take_location(push, &answer, ret_location, e);
}

/* The PUT that names the blob; length 0 where its bytes are there already. */
static int put(struct push *push, const char *location, const char *digest, int fd, int64_t length, struct http_answer *answer,
	       struct error *e)
{
	autofree char *url = text_format("%s%sdigest=%s", location, strchr(location, '?') ? "&" : "?", digest);
	autorelease(list) struct list headers = { 0 };
	struct registry_call request = { .method = "PUT", .path = url, .headers = &headers, .body_fd = fd, .body_length = length,
					 .body = length ? NULL : "" };

	list_add(&headers, "Content-Type: application/octet-stream");
	return call(push, &request, answer, e);
}

static int in_pieces(struct push *push, const char *digest, int fd, int64_t size, struct error *e)
{
	autofree char *location = NULL;
	autorelease(http_answer) struct http_answer answer = { 0 };
	int begun = begin(push, digest, &location, e);

	if (!location)
		return begun < 0 ? -1 : 0;
	for (int64_t at = 0; at < size; at += PIECE) {
		int64_t length = size - at < PIECE ? size - at : PIECE;
		autorelease(list) struct list headers = { 0 };
		struct registry_call patch = { .method = "PATCH", .path = location, .headers = &headers, .body_fd = fd, .body_offset = at,
					       .body_length = length };

		list_add(&headers, "Content-Type: application/octet-stream");
		list_addf(&headers, "Content-Range: %lld-%lld", (long long)at, (long long)(at + length - 1));
		if (call(push, &patch, &answer, e))
			return -1;
		if (answer.status != 202 && answer.status != 204)
			return registry_refused(push->registry, &answer, "a piece of an upload", e);
		if (take_location(push, &answer, &location, e))
			return -1;
	}
	if (put(push, location, digest, fd, 0, &answer, e))
		return -1;
	return answer.status == 201 || answer.status == 204 ? 0 : registry_refused(push->registry, &answer, "an upload", e);
}

static int upload(struct push *push, const char *digest, const char *location, struct error *e)
{
	autorelease(http_answer) struct http_answer answer = { 0 };
	autoclose int fd = -1;
	struct stat st;

	if (wire_ask(push->channel, WIRE_BLOB, digest, 0, NULL, &fd, e))
		return -1;
	if (fstat(fd, &st))
		return error_sys(e, "look at it");
	if (put(push, location, digest, fd, st.st_size, &answer, e))
		return -1;
	if (answer.status == TOO_LARGE)
		return in_pieces(push, digest, fd, st.st_size, e);
	return answer.status == 201 || answer.status == 204 ? 0 : registry_refused(push->registry, &answer, "an upload", e);
}

static int push_blob(struct push *push, const char *digest, struct error *e)
{
	autofree char *location = NULL;
	int begun = begin(push, digest, &location, e);

	/* A location comes with every 0. */
	if (begun < 0 || (location && upload(push, digest, location, e)))
		return error_in(e, "push the blob %.19s…", digest);
	return wire_ask(push->channel, WIRE_LAYER, digest, begun, NULL, NULL, e);
}

static int push_manifest(struct push *push, struct error *e)
{
	const struct image_name *name = &push->pusher->plan->name;
	autofree char *path = text_format("%s/manifests/%s", push->repository, name->tag ? name->tag : push->pusher->manifest);
	autorelease(text) struct text json = { 0 };
	autorelease(list) struct list headers = { 0 };
	autorelease(http_answer) struct http_answer answer = { 0 };
	struct registry_call request = { .method = "PUT", .path = path, .headers = &headers, .body_fd = -1 };
	autorelease(document) struct document document = { 0 };
	const char *called, *media_type;
	autoclose int fd = -1;

	if (wire_ask(push->channel, WIRE_BLOB, push->pusher->manifest, 0, NULL, &fd, e) ||
	    file_read_fd(fd, "the manifest", MANIFEST_LIMIT, &json, e) ||
	    document_decode(json.data ? json.data : "", json.length, "the manifest", NULL, &document, e))
		return -1;
	/* What the document says it is; a manifest that says nothing is taken by what is in it. */
	media_type = document.media_type ? document.media_type : manifest_media_type(/* is_docker= */ false);
	list_addf(&headers, "Content-Type: %s", media_type);
	request.body = json.data;
	request.body_length = (int64_t)json.length;
	if (call(push, &request, &answer, e))
		return -1;
	if (answer.status != 201)
		return registry_refused(push->registry, &answer, "the manifest", e);
	called = http_header(&answer, "docker-content-digest", 0);
	if (called && strcmp(called, push->pusher->manifest) != 0)
		return error_set(e, ERROR_NETWORK, "the registry calls the manifest %.80s, and its digest is %s", called, push->pusher->manifest);
	/* A registry that knows what a subject is has entered it, and says so. */
	if (!document.subject.digest || http_header(&answer, "oci-subject", 0))
		return 0;
	return referrers_add(push->registry, push->repository, &document, media_type, push->pusher->manifest, (long long)json.length, e);
}

static int run(struct push *push, struct error *e)
{
	for (size_t i = 0; i < push->pusher->blobs.count; i++)
		if (push_blob(push, push->pusher->blobs.items[i], e))
			return -1;
	return push_manifest(push, e) || wire_ask(push->channel, WIRE_DONE, NULL, 0, NULL, NULL, e) ? -1 : 0;
}

int pusher_run(int channel, void *data)
{
	const struct pusher *pusher = data;
	const struct endpoint *endpoint = &pusher->plan->endpoints[pusher->plan->count - 1];
	struct push push = { .pusher = pusher, .channel = channel, .repository = endpoint->repository };
	struct error e = { 0 };
	int result;

	(void)signal(SIGPIPE, SIG_IGN); /* a closed connection is an error of send(2) */
	push.registry = registry_new(pusher->plan);
	result = run(&push, &e);
	if (result)
		worker_fail(channel, &e);
	registry_free(push.registry);
	return result ? 1 : 0;
}
