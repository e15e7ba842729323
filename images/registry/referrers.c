/* SPDX-License-Identifier: Apache-2.0 */
/*
 * referrers.c - what refers to an image.
 */
#include "images/registry/referrers.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json_text.h"
#include "images/digest.h"
#include "images/index.h"
#include "images/registry/registry.h"
#include "images/unpack/manifest.h"

enum { PAGES = 20, MOST = 1000 };

static const char index_type[] = "application/vnd.oci.image.index.v1+json";

struct referrers {
	struct registry *registry;
	const char *repository;
	char *tag; /* "sha256-HEX" */
	struct text *out;
	size_t count;
};

static int ask(struct referrers *r, const char *method, const char *path, struct http_answer *ret, struct error *e)
{
	autorelease(list) struct list headers = { 0 };
	const struct registry_call call = { .method = method, .path = path, .access = "pull", .headers = &headers, .body_fd = -1 };

	list_addf(&headers, "Accept: %s, %s", index_type, manifest_media_type(/* is_docker= */ false));
	http_answer_release(ret);
	return registry_call(r->registry, &call, ret, e);
}

/* 1: there it is; 0: the registry has none, or nothing of the kind. */
static int judge(const struct referrers *r, const struct http_answer *answer, const char *what, struct error *e)
{
	if (answer->status == 200)
		return 1;
	/* Registries without the API say all of these. */
	if (answer->status == 400 || answer->status == 404 || answer->status == 405 || answer->status == 501)
		return 0;
	return registry_refused(r->registry, answer, what, e);
}

static void add(struct referrers *r, const struct descriptor *descriptor, const char *found)
{
	struct digest checked;

	if (r->count == MOST || digest_parse(descriptor->digest, &checked))
		return;
	text_add(r->out, r->count++ ? "," : "");
	descriptor_write(descriptor, r->out);
	/* Into the same object. */
	r->out->length--;
	json_add_member(r->out, "found", found);
	text_add_char(r->out, '}');
}

static int read_index(const struct http_answer *answer, const char *name, struct document *ret, struct error *e)
{
	if (document_decode(answer->body.data ? answer->body.data : "", answer->body.length, name, NULL, ret, e))
		return -1;
	if (document_kind(ret) == DOCUMENT_INDEX)
		return 0;
	document_release(ret);
	return error_set(e, ERROR_NETWORK, "%s is no index", name);
}

static int add_index(struct referrers *r, const struct http_answer *answer, const char *found, struct error *e)
{
	autorelease(document) struct document document = { 0 };

	if (read_index(answer, found, &document, e))
		return -1;
	for (size_t i = 0; i < document.manifest_count; i++)
		add(r, &document.manifests[i], found);
	return 0;
}

/* 'Link: </v2/…?last=…>; rel="next"' */
static char *next_page(const struct referrers *r, const struct http_answer *answer)
{
	const char *link = http_header(answer, "link", 0), *begin = link ? strchr(link, '<') : NULL, *end = begin ? strchr(begin, '>') : NULL;
	autofree char *location = end && strstr(end, "next") ? alloc_copy_bytes(begin + 1, (size_t)(end - begin - 1)) : NULL;

	return location ? registry_url(r->registry, location) : NULL;
}

/* 1: the registry has the API, 0: it has not. */
static int by_api(struct referrers *r, const char *digest, struct error *e)
{
	autofree char *path = text_format("%s/referrers/%s", r->repository, digest);
	autorelease(http_answer) struct http_answer answer = { 0 };

	for (int page = 0; path && page < PAGES; page++) {
		int is_there = ask(r, NULL, path, &answer, e) ? -1 : judge(r, &answer, "what refers to the image", e);

		if (is_there <= 0)
			return page ? is_there : is_there < 0 ? -1 : 0;
		if (add_index(r, &answer, "the referrers API", e))
			return -1;
		free(path);
		path = next_page(r, &answer);
	}
	return 1;
}

static int by_tag(struct referrers *r, struct error *e)
{
	autofree char *path = text_format("%s/manifests/%s", r->repository, r->tag);
	autofree char *found = text_format("the tag %s", r->tag);
	autorelease(http_answer) struct http_answer answer = { 0 };
	int is_there = ask(r, NULL, path, &answer, e) ? -1 : judge(r, &answer, found, e);

	return is_there > 0 ? add_index(r, &answer, found, e) : is_there;
}

static int by_cosign(struct referrers *r, const char *suffix, struct error *e)
{
	autofree char *path = text_format("%s/manifests/%s.%s", r->repository, r->tag, suffix);
	autofree char *found = text_format("the tag %s.%s", r->tag, suffix);
	autorelease(http_answer) struct http_answer answer = { 0 };
	int is_there = ask(r, NULL, path, &answer, e) ? -1 : judge(r, &answer, found, e);
	autorelease(document) struct document document = { 0 };
	struct descriptor descriptor = { .size = (int64_t)answer.body.length };

	if (is_there <= 0)
		return is_there;
	if (document_decode(answer.body.data ? answer.body.data : "", answer.body.length, found, NULL, &document, e))
		return -1;
	/* Borrowed from the answer and the document; the type of what it is about is that of its only layer. */
	descriptor.digest = (char *)(uintptr_t)http_header(&answer, "docker-content-digest", 0);
	descriptor.media_type = document.media_type;
	descriptor.artifact_type = document.layer_count ? document.layers[0].media_type : NULL;
	add(r, &descriptor, found);
	return 0;
}

int referrers_list(struct registry *registry, const char *repository, const struct digest *subject, struct text *ret, struct error *e)
{
	static const char *const suffixes[] = { "sig", "att", "sbom" };
	autofree char *tag = text_format("%s-%s", digest_algorithm_name(subject->algorithm), subject->hex);
	struct referrers r = { .registry = registry, .repository = repository, .tag = tag, .out = ret };
	char digest[DIGEST_TEXT];
	int has_api;

	digest_text(subject, digest);
	text_add_char(ret, '[');
	has_api = by_api(&r, digest, e);
	if (has_api < 0 || (!has_api && by_tag(&r, e) < 0))
		return -1;
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
		if (by_cosign(&r, suffixes[i], e) < 0)
			return -1;
	text_add_char(ret, ']');
	return 0;
}

static int put_index(const struct referrers *r, const char *path, const struct document *document, const struct descriptor *more,
		     struct error *e)
{
	struct index index = { .items = alloc_zeroed(document->manifest_count + 1, sizeof *index.items), .count = document->manifest_count + 1 };
	autorelease(http_answer) struct http_answer answer = { 0 };
	autorelease(list) struct list headers = { 0 };
	autorelease(text) struct text json = { 0 };
	struct registry_call call = { .method = "PUT", .path = path, .access = "pull,push", .headers = &headers, .body_fd = -1 };

	/* All of it is borrowed. */
	for (size_t i = 0; i < document->manifest_count; i++)
		index.items[i] = document->manifests[i];
	index.items[document->manifest_count] = *more;
	index_print(&index, &json);
	free(index.items);
	list_addf(&headers, "Content-Type: %s", index_type);
	call.body = json.data;
	call.body_length = (int64_t)json.length;
	if (registry_call(r->registry, &call, &answer, e))
		return -1;
	return answer.status == 201 ? 0 : registry_refused(r->registry, &answer, "the index of what refers to an image", e);
}

int referrers_add(struct registry *registry, const char *repository, const struct document *manifest, const char *media_type,
		  const char *digest, long long size, struct error *e)
{
	const struct descriptor more = {
		.media_type = (char *)(uintptr_t)media_type, .digest = (char *)(uintptr_t)digest, .size = size, /* only read */
		.artifact_type = manifest->artifact_type ? manifest->artifact_type : manifest->config.media_type,
		.annotations = manifest->annotations,
	};
	struct referrers r = { .registry = registry, .repository = repository };
	autorelease(http_answer) struct http_answer answer = { 0 };
	autorelease(document) struct document document = { 0 };
	autofree char *path = NULL;
	struct digest subject;
	int is_there;

	if (descriptor_check(&manifest->subject, "the subject of the manifest", &subject, e))
		return -1;
	path = text_format("%s/manifests/%s-%s", repository, digest_algorithm_name(subject.algorithm), subject.hex);
	is_there = ask(&r, NULL, path, &answer, e) ? -1 : judge(&r, &answer, "the index of what refers to an image", e);
	if (is_there < 0 || (is_there && read_index(&answer, "the index of what refers to an image", &document, e)))
		return -1;
	for (size_t i = 0; i < document.manifest_count; i++)
		if (text_equal(document.manifests[i].digest, digest))
			return 0;
	return put_index(&r, path, &document, &more, e);
}
