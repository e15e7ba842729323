/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pull.c - an image from its registry into the store.
 *
 * To the unpacker (images/unpack/) a registry looks like a layout whose index.json names one image. What that one is, the registry is asked
 * first; the rest is asked for by the unpacker, as it reads manifest and configuration.
 */
#include "images/registry/pull.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_text.h"
#include "base/log.h"
#include "images/digest.h"
#include "images/registry/endpoint.h"
#include "images/registry/fetch.h"
#include "images/registry/plan.h"
#include "images/store.h"
#include "images/unpack/job.h"
#include "images/unpack/unpack.h"

struct source {
	struct pull *pull;
	struct plan plan;
	struct fetch *fetch;
	struct fetch_manifest top;
	char digest[DIGEST_TEXT]; /* of top */
};

static int begin(struct job *job, struct error *e)
{
	struct source *source = job->source_data;
	const struct image_name *name = &source->plan.name;
	const struct fetch_setup setup = { .plan = &source->plan, .store = job->request->store, .staging = job->staging, .ids = &job->ids,
					   .progress = source->pull->progress, .data = source->pull->data };
	struct digest wanted;
	bool has_digest = name->digest && digest_parse(name->digest, &wanted) == 0;

	source->fetch = fetch_new(&setup, e);
	if (!source->fetch)
		return -1;
	/* A name that the store knows has most probably not moved; registries count a question less than a manifest. */
	if ((has_digest || source->pull->is_known) &&
	    fetch_find_manifest(source->fetch, name->tag, has_digest ? &wanted : NULL, &source->top))
		log_debug("the store has the manifest already");
	else if (fetch_get_manifest(source->fetch, has_digest ? name->digest : name->tag, has_digest ? &wanted : NULL, &source->top, e))
		return -1;
	digest_text(&source->top.digest, source->digest);
	job->request->source_digest = source->digest;
	return 0;
}

/* The layout's only file: an index.json with the one image. */
static int open_file(struct job *job, const char *name, struct error *e)
{
	struct source *source = job->source_data;
	autorelease(text) struct text json = { 0 };
	int fd;

	if (strcmp(name, "index.json") != 0)
		return error_set(e, ERROR_INTERNAL, "a registry has no file %.60s", name);
	text_addf(&json, "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"%s\",\"size\":%lld", source->digest, (long long)source->top.size);
	/* Where nobody has said what it is, it says so itself. */
	if (source->top.media_type) {
		json_add_key(&json, "mediaType");
		json_add_text(&json, source->top.media_type);
	}
	text_add(&json, "}]}");
	fd = file_in_memory(name, json.data, json.length);
	return fd >= 0 ? fd : error_sys(e, "describe the image");
}

/* A size that an image may not have is refused before the first byte is fetched. */
static int charge(struct job *job, const struct digest *digest, int64_t size, struct error *e)
{
	const struct source *source = job->source_data;

	return fetch_is_wanted(source->fetch, digest) ? 0 : budget_blob(&job->budget, size, e);
}

static int open_blob(struct job *job, const struct digest *digest, int64_t size, bool is_manifest, struct error *e)
{
	struct source *source = job->source_data;
	struct fetch_manifest found = { 0 };
	autofree char *path = store_blob_path(digest);
	char name[DIGEST_TEXT];

	if (charge(job, digest, size, e))
		return -1;
	if (is_manifest && faccessat(job->request->store, path, F_OK, AT_SYMLINK_NOFOLLOW)) {
		digest_text(digest, name);
		if (fetch_get_manifest(source->fetch, name, digest, &found, e))
			return -1;
		free(found.media_type);
	}
	return fetch_open(source->fetch, digest, size, e);
}

static int want(struct job *job, const struct digest *digest, int64_t size, struct error *e)
{
	const struct source *source = job->source_data;

	return charge(job, digest, size, e) || fetch_want(source->fetch, digest, size, e) ? -1 : 0;
}

static int wait_for(struct job *job, int channel, struct error *e)
{
	const struct source *source = job->source_data;

	/* Before begin and after end the worker may be one that only empties a folder. */
	return source->fetch ? fetch_wait(source->fetch, channel, e) : 0;
}

static int finish(struct job *job, struct error *e)
{
	const struct source *source = job->source_data;

	return fetch_finish(source->fetch, e);
}

static void end(struct job *job)
{
	struct source *source = job->source_data;

	fetch_free(source->fetch);
	source->fetch = NULL;
}

static const struct job_source registry_source = { .begin = begin, .file = open_file, .blob = open_blob, .want = want, .wait = wait_for,
						   .finish = finish, .end = end };

int pull_run(struct pull *pull, char **ret_image, char **ret_source, struct error *e)
{
	struct source source = { .pull = pull };
	autofree char *words = image_name_text(&pull->name);
	struct unpack request = { .kind = REFERENCE_OCI, .store = pull->store, .source = -1, .words = words, .name = words,
				  .platform = pull->platform.architecture ? &pull->platform : NULL,
				  .only_folders = pull->only_folders, .is_survey = pull->is_survey };
	struct job job;
	int result = plan_make(&pull->name, &source.plan, e);

	job_init(&job, &request);
	job.source = &registry_source;
	job.source_data = &source;
	result = result || job_run(&job, e) ? -1 : 0;
	if (result == 0) {
		*ret_image = take_ptr(&job.image);
		*ret_source = alloc_copy(source.digest);
	}
	pull->told = request.told;
	pull->warnings = request.warnings;
	job_release(&job);
	free(source.top.media_type);
	plan_release(&source.plan);
	return result;
}
