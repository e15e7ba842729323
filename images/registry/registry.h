/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry.h - the distribution specification's requests, with tokens, mirrors, retries and resumption.
 *
 * Runs inside the sandbox. Whatever comes from here is not believed: digests are compared by who asked.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "images/registry/http.h"

struct error;
struct plan;
struct registry;

/* A conversation with the places of plan (borrowed). */
struct registry *registry_new(const struct plan *plan);
void registry_free(struct registry *registry);

struct registry_fetch {
	bool is_manifest;
	bool only_asks;   /* HEAD: what the manifest is called, and no bytes */
	const char *name; /* a digest; of a manifest also a tag */
	int64_t offset;   /* bytes of a blob that are there already */
	int (*sink)(const char *bytes, size_t length, void *data, struct error *e);
	void *data;
	char *media_type, *digest; /* set: what the registry says of a manifest, or NULL; freed by the caller */
};

/* Gets a manifest or blob from the first place that has it; an interrupted blob goes on where it stopped. */
int registry_get(struct registry *registry, struct registry_fetch *fetch, struct error *e);

/* The image's repository at the registry itself. Borrowed. */
const char *registry_repository(const struct registry *registry);

/* Any other request at the registry itself (never a mirror). path begins behind "/v2/", or is a whole URL that the registry gave. access:
 * "pull,push". The answer is judged by the caller. */
struct registry_call {
	const char *method, *path, *access;
	const struct list *headers;
	const char *body;
	int body_fd;
	int64_t body_offset, body_length;
};
int registry_call(struct registry *registry, const struct registry_call *call, struct http_answer *ret, struct error *e);

/* A place that the registry named in an answer (absolute, or relative to the registry), as a whole URL; NULL where that is none, or would
 * go from https to http. To be freed. */
char *registry_url(const struct registry *registry, const char *location);

/* The registry's own words in an answer that is none of success, as an error. what: was asked for; NULL: a login. */
int registry_refused(const struct registry *registry, const struct http_answer *answer, const char *what, struct error *e);
