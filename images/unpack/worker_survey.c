/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_survey.c - what an image is for every platform, without its layers.
 *
 * All manifests are read before the first configuration: a registry's are fetched in that order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "images/digest.h"
#include "images/platform.h"
#include "images/unpack/manifest.h"
#include "images/unpack/wire.h"
#include "images/unpack/worker.h"
#include "specs/image_config.h"

enum { INDEX_DEPTH = 4, PLATFORMS = 64, DOCUMENTS = 256 };

/* One manifest that was found. */
struct member {
	struct document manifest;
	struct platform platform; /* as an index says it, or empty; its texts are its own */
	char digest[DIGEST_TEXT];
};

struct survey {
	int channel;
	struct member *members;
	size_t count;
	int documents; /* read so far: one index may be named thousands of times, and so may those that it names */
};

static void survey_release(struct survey *survey)
{
	for (size_t i = 0; i < survey->count; i++) {
		document_release(&survey->members[i].manifest);
		platform_release(&survey->members[i].platform);
	}
	free(survey->members);
}

/* Builders put proofs of origin beside the images, under a platform of this name. */
static bool is_no_image(const struct platform *platform)
{
	return text_equal(platform->os, "unknown");
}

static int add_member(struct survey *survey, struct document *manifest, const struct digest *digest,
		      const struct platform *platform, struct error *e)
{
	struct member *member;

	if (survey->count == PLATFORMS)
		return error_set(e, ERROR_IMAGE, "it is for more than %d platforms", PLATFORMS);
	member = alloc_append(&survey->members, &survey->count, sizeof *member);
	member->manifest = *manifest;
	*manifest = (struct document){ 0 };
	digest_text(digest, member->digest);
	member->platform = (struct platform){ .os = alloc_copy(platform->os),
					      .architecture = alloc_copy(platform->architecture),
					      .variant = alloc_copy(platform->variant) };
	return 0;
}

/* Follows descriptor down to all its manifests. */
static int gather(struct survey *survey, const struct descriptor *descriptor, const struct platform *platform,
		  int depth, struct error *e)
{
	autorelease(document) struct document document = { 0 };
	autorelease(text) struct text json = { 0 };
	struct digest digest;

	if (depth > INDEX_DEPTH)
		return error_set(e, ERROR_IMAGE, "its indexes lead to indexes more than %d times", INDEX_DEPTH);
	if (++survey->documents > DOCUMENTS)
		return error_set(e, ERROR_IMAGE, "its indexes lead to more than %d indexes and manifests", DOCUMENTS);
	if (descriptor_check(descriptor, "the index", &digest, e) ||
	    worker_read_blob(survey->channel, WIRE_MANIFEST, descriptor, "the manifest", &json, e) ||
	    document_decode(json.data, json.length, "the manifest", descriptor->media_type, &document, e))
		return -1;
	if (document_kind(&document) == DOCUMENT_MANIFEST)
		return add_member(survey, &document, &digest, platform, e);
	for (size_t i = 0; i < document.manifest_count; i++) {
		const struct descriptor *next = &document.manifests[i];

		if (!is_no_image(&next->platform) &&
		    gather(survey, next, next->platform.os ? &next->platform : platform, depth + 1, e))
			return -1;
	}
	return 0;
}

/* What the index says, else the configuration, else that it is for whoever has it. */
static char *platform_words(const struct platform *said, const struct image_config *config)
{
	const char *os = said->os ? said->os : config->os ? config->os : "linux";
	const char *architecture = said->architecture     ? said->architecture
				   : config->architecture ? config->architecture
							  : platform_host_architecture();

	return text_format("%s/%s%s%s", os, architecture, said->variant ? "/" : "", said->variant ? said->variant : "");
}

static int tell(int channel, const char *word, const char *first, const char *second, const char *third,
		struct error *e)
{
	autofree char *line = text_format("%s %s %s%s%s", word, first, second, third ? " " : "", third ? third : "");

	return wire_ask(channel, WIRE_TELL, line, 0, NULL, NULL, e);
}

static int tell_layers(int channel, const struct document *manifest, const struct list *diff_ids, struct error *e)
{
	struct digest digest;

	if (diff_ids->count != manifest->layer_count || !manifest->layer_count)
		return error_set(e, ERROR_IMAGE, "the manifest has %zu layers, and the image's configuration %zu",
				 manifest->layer_count, diff_ids->count);
	for (size_t i = 0; i < diff_ids->count; i++) {
		if (descriptor_check(&manifest->layers[i], "a layer", &digest, e))
			return -1;
		if (digest_parse(diff_ids->items[i], &digest))
			return error_set(e, ERROR_IMAGE,
					 "the image's configuration calls a layer \"%.200s\", which is no digest",
					 diff_ids->items[i]);
		if (tell(channel, "layer", manifest->layers[i].digest, diff_ids->items[i], NULL, e))
			return -1;
	}
	return 0;
}

static int tell_member(int channel, const struct member *member, struct error *e)
{
	autorelease(image_config) struct image_config config = { 0 };
	autorelease(platform) struct platform platform = { 0 };
	autorelease(text) struct text json = { 0 };
	autofree char *words = NULL;

	if (worker_read_blob(channel, WIRE_BLOB, &member->manifest.config, "the image's configuration", &json, e) ||
	    image_config_decode(json.data, json.length, "the image's configuration", &config, e))
		return -1;
	words = platform_words(&member->platform, &config);
	if (platform_parse(words, &platform, e))
		return error_as(e, ERROR_IMAGE);
	if (tell(channel, "platform", words, member->digest, member->manifest.config.digest, e))
		return -1;
	return tell_layers(channel, &member->manifest, &config.diff_ids, e);
}

static int survey_image(const struct worker *worker, struct survey *survey, struct error *e)
{
	autorelease(document) struct document index = { 0 };
	autorelease(text) struct text json = { 0 };
	const struct descriptor *chosen;
	const struct platform none = { 0 };

	if (worker_read_file(survey->channel, "index.json", &json, e) ||
	    document_decode(json.data, json.length, "index.json", NULL, &index, e))
		return -1;
	chosen = document_choose_tag(&index, worker->tag, e);
	if (!chosen || gather(survey, chosen, chosen->platform.os ? &chosen->platform : &none, 0, e))
		return -1;
	if (!survey->count)
		return error_set(e, ERROR_IMAGE, "it holds no image");
	for (size_t i = 0; i < survey->count; i++)
		if (tell_member(survey->channel, &survey->members[i], e))
			return error_in(e, "image %zu of %zu", i + 1, survey->count);
	return wire_ask(survey->channel, WIRE_DONE, chosen->digest, 0, NULL, NULL, e);
}

int worker_survey(int channel, void *data)
{
	const struct worker *worker = data;
	struct survey survey = { .channel = channel };
	struct error e = { 0 };
	int result = survey_image(worker, &survey, &e);

	survey_release(&survey);
	if (result)
		worker_fail(channel, &e);
	return result ? 1 : 0;
}
