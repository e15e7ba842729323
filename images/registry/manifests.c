/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifests.c - indexes and manifests, from a registry into the store.
 *
 * They are compared with their digests here, and read by the unpacker alone.
 */
#include "images/registry/manifests.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "images/registry/download.h"
#include "images/registry/fetcher_link.h"
#include "images/store.h"
#include "images/unpack/hash.h"
#include "images/unpack/wire.h"

enum { DOCUMENT = 4 << 20 };

static int read_all(struct fetcher_link *link, struct text *ret, struct error *e)
{
	char buffer[16 << 10];
	ssize_t got;

	while ((got = read(link->pipe, buffer, sizeof buffer)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(e, "read the manifest");
		if (ret->length + (size_t)got > DOCUMENT)
			return error_set(e, ERROR_IMAGE, "the manifest has more than %d MiB", DOCUMENT >> 20);
		text_add_bytes(ret, buffer, (size_t)got);
	}
	return 0;
}

static int ask(struct fetcher_link *link, const char *order, const char *name, struct text *ret, struct wire_message *ret_answer,
	       struct error *e)
{
	if (fetcher_link_order(link, order, name, 0, e))
		return -1;
	if (read_all(link, ret, e)) {
		close(take_fd(&link->pipe));
		return -1;
	}
	return fetcher_link_hear(link, ret_answer, e);
}

int manifest_document(struct fetcher_link *link, const char *order, const char *name, struct text *ret, struct error *e)
{
	struct wire_message answer;

	return ask(link, order, name, ret, &answer, e);
}

/* "MEDIA-TYPE\nDIGEST": what comes before the digest is cut to the type alone, as "application/…+json; charset=utf-8" is possible. */
static const char *split(struct wire_message *answer)
{
	char *digest = strchr(answer->text, '\n');

	if (digest)
		*digest++ = '\0';
	answer->text[strcspn(answer->text, "; \t\n")] = '\0';
	return digest;
}

static int hash_of(const struct text *json, enum digest_algorithm algorithm, struct digest *ret, struct error *e)
{
	autorelease(hash) struct hash *hash = hash_begin(algorithm, e);

	if (!hash)
		return -1;
	hash_add(hash, json->data ? json->data : "", json->length);
	hash_end(hash, ret);
	return 0;
}

static int check(const struct text *json, const struct digest *wanted, const char *said, struct digest *ret, struct error *e)
{
	struct digest called;

	if (hash_of(json, wanted ? wanted->algorithm : DIGEST_SHA256, ret, e))
		return -1;
	if (wanted && !digest_equal(ret, wanted))
		return error_set(e, ERROR_IMAGE, "the manifest's content has the digest %s:%.16s…, not %.16s… as was asked for",
				 digest_algorithm_name(ret->algorithm), ret->hex, wanted->hex);
	if (!wanted && said && digest_parse(said, &called) == 0 && called.algorithm == ret->algorithm && !digest_equal(ret, &called))
		return error_set(e, ERROR_IMAGE, "the manifest's content has the digest %s:%.16s…, and the registry calls it %.16s…",
				 digest_algorithm_name(ret->algorithm), ret->hex, called.hex);
	return 0;
}

int manifest_get(struct fetcher_link *link, int store, const char *name, const struct digest *wanted, struct fetch_manifest *ret,
		 struct error *e)
{
	autorelease(text) struct text json = { 0 };
	struct wire_message answer;
	const char *digest;

	if (ask(link, "manifest", name, &json, &answer, e))
		return -1;
	digest = split(&answer);
	if (check(&json, wanted, digest, &ret->digest, e) || download_put(store, &ret->digest, json.data, json.length, e))
		return -1;
	ret->media_type = answer.text[0] ? alloc_copy(answer.text) : NULL;
	ret->size = (int64_t)json.length;
	return 0;
}

int manifest_find(int store, const struct digest *digest, struct fetch_manifest *ret)
{
	autofree char *path = store_blob_path(digest);
	autorelease(text) struct text json = { 0 };
	struct error ignored = { 0 };
	struct digest found;

	/* A damaged one is no better than none: the registry has it once more. */
	if (file_read(store, path, DOCUMENT, &json, &ignored) || hash_of(&json, digest->algorithm, &found, &ignored) ||
	    !digest_equal(&found, digest))
		return 0;
	*ret = (struct fetch_manifest){ .digest = *digest, .size = (int64_t)json.length };
	return 1;
}

int manifest_ask(struct fetcher_link *link, const char *tag, struct fetch_manifest *ret)
{
	autorelease(text) struct text nothing = { 0 };
	struct error ignored = { 0 };
	struct wire_message answer;
	struct digest digest;
	const char *called;

	if (ask(link, "called", tag, &nothing, &answer, &ignored))
		return 0;
	called = split(&answer);
	if (!called || digest_parse(called, &digest))
		return 0;
	*ret = (struct fetch_manifest){ .digest = digest, .media_type = answer.text[0] ? alloc_copy(answer.text) : NULL };
	return 1;
}
