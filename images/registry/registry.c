/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry.c - the distribution specification's requests.
 *
 * A request goes through three loops, each of which knows one thing: authorised() asks once more with a token, patiently() waits and asks
 * again, registry_get() goes from mirror to mirror. A blob that broke off is asked for from where it stopped, whoever answers then: the
 * bytes have to fit the digest in the end.
 */
#include "images/registry/registry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "images/registry/endpoint.h"
#include "images/registry/http_url.h"
#include "images/registry/refusal.h"
#include "images/registry/token.h"

enum {
	TRIES = 4,             /* without a byte in between */
	FIRST_PAUSE_MS = 250,  /* doubled each time */
	LONGEST_PAUSE_S = 20,  /* a registry that wants more is not waited for */
	MANIFEST_BYTES = 4 << 20,
};

static const char manifest_types[] = "Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
				     "application/vnd.docker.distribution.manifest.list.v2+json, "
				     "application/vnd.docker.distribution.manifest.v2+json";

/* What was learnt about one endpoint. */
struct session {
	bool is_plain;       /* it speaks http */
	char *authorization; /* the last that was made for it */
	char *withheld;      /* a token server that did not get the credentials */
};

struct registry {
	const struct plan *plan;
	struct http *http;
	struct session *sessions; /* one per endpoint */
};

/* One blob or manifest on its way, over all tries. */
struct delivery {
	struct registry_fetch *fetch;
	int64_t at;   /* bytes that are with the receiver */
	int64_t skip; /* bytes of this answer that are there already */
	bool has_moved;
};

struct registry *registry_new(const struct plan *plan)
{
	struct registry *registry = alloc_zeroed(1, sizeof *registry);

	registry->plan = plan;
	registry->http = http_new();
	registry->sessions = alloc_zeroed(plan->count, sizeof *registry->sessions);
	return registry;
}

static void forget_authorization(struct session *session)
{
	if (session->authorization)
		explicit_bzero(session->authorization, strlen(session->authorization));
	free(session->authorization);
	session->authorization = NULL;
}

void registry_free(struct registry *registry)
{
	if (!registry)
		return;
	for (size_t i = 0; i < registry->plan->count; i++) {
		forget_authorization(&registry->sessions[i]);
		free(registry->sessions[i].withheld);
	}
	free(registry->sessions);
	http_free(registry->http);
	free(registry);
}

static void wait_ms(int64_t ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

/* Sends with the scheme that works: https, and http where that is allowed and https is not spoken there. */
static int by_scheme(struct registry *registry, size_t n, struct http_request *request, const char *path, struct http_answer *answer,
		     enum http_failure *ret_failure, struct error *e)
{
	const struct endpoint *endpoint = &registry->plan->endpoints[n];
	struct session *session = &registry->sessions[n];
	struct error first = { 0 };

	for (;;) {
		autofree char *url = strstr(path, "://") ? alloc_copy(path)
							 : text_format("%s://%s/v2/%s", session->is_plain ? "http" : "https",
								       endpoint->address, path);

		request->url = url;
		if (http_send(registry->http, request, answer, ret_failure, &first) == 0)
			return 0;
		if (session->is_plain || *ret_failure != HTTP_FAILURE_NO_TLS || !(endpoint->is_insecure || endpoint->is_loopback) ||
		    strstr(path, "://")) {
			*e = first;
			if (*ret_failure == HTTP_FAILURE_NO_TLS)
				error_hint(e, "a registry without TLS has to be allowed in /etc/box/registries.json: "
					      "{\"registries\": {\"%s\": {\"insecure\": true}}}", endpoint->host);
			return -1;
		}
		session->is_plain = true;
		error_clear(&first);
	}
}

/* Sends; where the answer is 401, gets an authorization and sends once more. */
static int authorised(struct registry *registry, size_t n, const struct http_request *request, const char *path, const char *access,
		      struct http_answer *answer, enum http_failure *ret_failure, struct error *e)
{
	const struct endpoint *endpoint = &registry->plan->endpoints[n];
	struct session *session = &registry->sessions[n];
	/* A URL of the registry's choice hears who we are only where it is the registry's own. */
	autofree char *origin = text_format("%s://%s/", session->is_plain ? "http" : "https", endpoint->address);
	bool is_foreign = strstr(path, "://") && !http_same_origin(origin, path);
	const struct http_tls stranger = http_tls_of_stranger(request->tls);
	struct http_request now = *request;

	now.tls = is_foreign ? &stranger : request->tls;
	for (int i = 0;; i++) {
		struct token_request token = { .http = registry->http, .endpoint = endpoint, .tls = request->tls, .access = access };

		http_answer_release(answer);
		now.authorization = is_foreign ? NULL : session->authorization;
		if (by_scheme(registry, n, &now, path, answer, ret_failure, e))
			return -1;
		if (answer->status != 401 || i || is_foreign)
			return 0;
		free(origin);
		token.origin = origin = text_format("%s://%s/", session->is_plain ? "http" : "https", endpoint->address);
		forget_authorization(session);
		session->authorization = token_get(&token, answer, &session->withheld, e);
		if (!session->authorization) {
			*ret_failure = HTTP_FAILURE_LASTING;
			return -1;
		}
	}
}

static bool is_passing(long status)
{
	return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

/* How long to wait before the next try; -1: not at all. */
static int64_t pause_ms(const struct http_answer *answer, int tried)
{
	const char *after = http_header(answer, "retry-after", 0);
	int64_t seconds;

	if (!after || (number_parse(after, 0, INT32_MAX, &seconds) && http_date_seconds(after, &seconds)))
		return (int64_t)FIRST_PAUSE_MS << (tried - 1);
	return seconds <= LONGEST_PAUSE_S ? seconds * 1000 : -1;
}

/* Asks again while it may help. */
static int patiently(struct registry *registry, size_t n, struct http_request *request, const char *path, const char *access,
		     struct delivery *delivery, struct http_answer *answer, struct error *e)
{
	const struct list *headers = request->headers;

	for (int tried = 1;; tried++) {
		autorelease(list) struct list with_range = { 0 };
		enum http_failure failure = HTTP_FAILURE_NONE;
		struct error now = { 0 };
		int64_t pause;
		int result;

		if (delivery && delivery->at) {
			list_copy(&with_range, headers);
			list_addf(&with_range, "Range: bytes=%lld-", (long long)delivery->at);
			request->headers = &with_range;
		}
		result = authorised(registry, n, request, path, access, answer, &failure, &now);
		request->headers = headers;
		if (result == 0 && !is_passing(answer->status))
			return 0;
		if (delivery && delivery->has_moved) {
			delivery->has_moved = false;
			tried = 1;
		}
		pause = pause_ms(answer, tried);
		if ((result && failure != HTTP_FAILURE_PASSING) || tried >= TRIES || pause < 0) {
			if (result)
				*e = now;
			return result;
		}
		wait_ms(pause);
	}
}

/* "bytes 100-199/200" has to begin where we asked; a whole answer is read from its beginning, and what is there is passed over. */
static int begin(const struct http_answer *answer, void *data, struct error *e)
{
	struct delivery *delivery = data;
	const char *range = http_header(answer, "content-range", 0);
	autofree char *wanted = text_format("bytes %lld-", (long long)delivery->at);

	delivery->skip = answer->status == 206 ? 0 : delivery->at;
	if (answer->status == 206 && (!range || !text_starts(range, wanted)))
		return error_set(e, ERROR_NETWORK, "it was asked for the bytes from %lld on, and sent others (%.60s)", (long long)delivery->at,
				 range ? range : "no Content-Range");
	return 0;
}

static int take(const char *bytes, size_t length, void *data, struct error *e)
{
	struct delivery *delivery = data;
	size_t skipped = (int64_t)length < delivery->skip ? length : (size_t)delivery->skip;

	delivery->skip -= (int64_t)skipped;
	if (skipped == length)
		return 0;
	delivery->at += (int64_t)(length - skipped);
	delivery->has_moved = true;
	return delivery->fetch->sink(bytes + skipped, length - skipped, delivery->fetch->data, e);
}

/* Adds to an error what a password that was not sent may have to do with it. Always -1. */
static int explain_withheld(const struct registry *registry, size_t n, struct error *e)
{
	const struct session *session = &registry->sessions[n];
	const char *host = registry->plan->endpoints[n].host;

	if (session->withheld)
		error_hint(e,
			   "its token server %.100s is another host, which did not get the password for %.100s; where that is right, write it "
			   "into \"token_hosts\" of %.100s in registries.json",
			   session->withheld, host, host);
	return -1;
}

static int refused(const struct registry *registry, size_t n, const struct http_answer *answer, const char *what, struct error *e)
{
	const struct endpoint *endpoint = &registry->plan->endpoints[n];

	refusal_explain(answer, e);
	(void)explain_withheld(registry, n, e); /* -1 always */
	if (answer->status == 429)
		error_hint(e, "wait, or log in where that raises the limit: box login %s", endpoint->host);
	else if (!what && (answer->status == 401 || answer->status == 403))
		error_hint(e, "the user or the password is wrong");
	else if (answer->status == 401 || answer->status == 403)
		error_hint(e, endpoint->credentials.user || endpoint->credentials.identity
				      ? "check the spelling of the name, and whether the user of box login %s may do this"
				      : "check the spelling of the name; a private one needs box login %s",
			   endpoint->host);
	else if (answer->status == 404 && what && text_starts(what, "the manifest"))
		error_hint(e, "check the spelling of the name and of its tag");
	return error_in(e, "ask %s for %s", endpoint->host, what ? what : "a login");
}

int registry_refused(const struct registry *registry, const struct http_answer *answer, const char *what, struct error *e)
{
	return refused(registry, registry->plan->count - 1, answer, what, e);
}

static int get_from(struct registry *registry, size_t n, struct registry_fetch *fetch, struct delivery *delivery, struct error *e)
{
	const struct endpoint *endpoint = &registry->plan->endpoints[n];
	const struct http_tls tls = { .authorities = endpoint->authorities, .certificate = endpoint->certificate, .key = endpoint->key,
				      .is_unverified = endpoint->is_insecure };
	autofree char *path = text_format("%s/%s/%s", endpoint->repository, fetch->is_manifest ? "manifests" : "blobs", fetch->name);
	autofree char *what = text_format("%s %s:%s", fetch->is_manifest ? "the manifest" : "the blob", endpoint->repository, fetch->name);
	autorelease(list) struct list headers = { 0 };
	autorelease(http_answer) struct http_answer answer = { 0 };
	struct http_request request = { .tls = &tls, .headers = &headers, .limit = MANIFEST_BYTES, .body_fd = -1,
					.idle_s = registry->plan->idle_s };

	if (fetch->is_manifest) {
		list_add(&headers, manifest_types);
		request.timeout_s = HTTP_DOCUMENT_TIME;
		request.method = fetch->only_asks ? "HEAD" : NULL;
	} else {
		request.begin = begin;
		request.sink = take;
		request.data = delivery;
	}
	if (patiently(registry, n, &request, path, "pull", fetch->is_manifest ? NULL : delivery, &answer, e)) {
		error_in(e, "ask %s for %s", endpoint->host, what);
		return explain_withheld(registry, n, e);
	}
	if (answer.status != 200 && !(answer.status == 206 && answer.has_sunk))
		return refused(registry, n, &answer, what, e);
	if (!fetch->is_manifest)
		return 0;
	fetch->media_type = alloc_copy(http_header(&answer, "content-type", 0));
	fetch->digest = alloc_copy(http_header(&answer, "docker-content-digest", 0));
	if (fetch->only_asks)
		return 0;
	return fetch->sink(answer.body.data ? answer.body.data : "", answer.body.length, fetch->data, e);
}

int registry_get(struct registry *registry, struct registry_fetch *fetch, struct error *e)
{
	struct delivery delivery = { .fetch = fetch, .at = fetch->offset };

	for (size_t i = 0; i < registry->plan->count; i++) {
		error_clear(e);
		if (get_from(registry, i, fetch, &delivery, e) == 0)
			return 0;
	}
	return e->kind != ERROR_NONE ? -1 : error_set(e, ERROR_INTERNAL, "no registry to ask");
}

const char *registry_repository(const struct registry *registry)
{
	return registry->plan->endpoints[registry->plan->count - 1].repository;
}

char *registry_url(const struct registry *registry, const char *location)
{
	size_t n = registry->plan->count - 1;
	autofree char *origin = text_format("%s://%s/v2/", registry->sessions[n].is_plain ? "http" : "https",
					    registry->plan->endpoints[n].address);
	autofree char *url = http_url_join(origin, location);

	return url && (registry->sessions[n].is_plain || text_starts(url, "https:")) ? take_ptr(&url) : NULL;
}

int registry_call(struct registry *registry, const struct registry_call *call, struct http_answer *ret, struct error *e)
{
	size_t n = registry->plan->count - 1;
	const struct endpoint *endpoint = &registry->plan->endpoints[n];
	const struct http_tls tls = { .authorities = endpoint->authorities, .certificate = endpoint->certificate, .key = endpoint->key,
				      .is_unverified = endpoint->is_insecure };
	struct http_request request = { .method = call->method, .headers = call->headers, .tls = &tls, .limit = MANIFEST_BYTES,
					.body = call->body, .body_fd = call->body_fd, .body_offset = call->body_offset,
					.body_length = call->body_length,
					.idle_s = registry->plan->idle_s };

	if (patiently(registry, n, &request, call->path, call->access, NULL, ret, e) == 0)
		return 0;
	error_in(e, "ask %s", endpoint->host);
	return explain_withheld(registry, n, e);
}
