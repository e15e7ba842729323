/* SPDX-License-Identifier: Apache-2.0 */
/*
 * survey.c - what an image is for every platform, by digests.
 */
#include "images/survey.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/places.h"
#include "base/text.h"
#include "images/catalogue.h"
#include "images/digest.h"
#include "images/image.h"
#include "images/platform.h"
#include "images/image_request.h"
#include "images/reference.h"
#include "images/store.h"
#include "images/unpack_answer.h"
#include "specs/lock.h"

static int is_confused(struct error *e)
{
	return error_set(e, ERROR_INTERNAL, "box-image told nonsense about the image");
}

/* Splits line at spaces into exactly count words. */
static int split(char *line, const char **ret, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *space = strchr(line, ' ');

		ret[i] = line;
		if (!space != (i + 1 == count))
			return -1;
		if (space)
			*space++ = '\0';
		line = space;
	}
	return 0;
}

/* "MANIFEST CONFIG" of a new platform. Of two for the same one the first counts, as it does where an image is chosen. */
static int take_platform(char *line, struct lock_image *ret, struct lock_platform **ret_current, struct error *e)
{
	autorelease(platform) struct platform platform = { 0 };
	struct lock_platform *current;
	struct digest digest;
	const char *words[3];

	if (split(line, words, 3) || platform_parse(words[0], &platform, e) || digest_parse(words[1], &digest) ||
	    digest_parse(words[2], &digest))
		return is_confused(e);
	current = lock_add_platform(ret, words[0]);
	*ret_current = current->manifest ? NULL : current;
	if (current->manifest)
		return 0;
	current->manifest = alloc_copy(words[1]);
	current->config = alloc_copy(words[2]);
	return 0;
}

static int take_layer(char *line, struct lock_platform *current, struct error *e)
{
	struct digest digest;
	const char *words[2];

	if (split(line, words, 2) || digest_parse(words[0], &digest) || digest_parse(words[1], &digest))
		return is_confused(e);
	if (!current)
		return 0;
	list_add(&current->layers, words[0]);
	list_add(&current->diff_ids, words[1]);
	return 0;
}

static int take(const struct unpack_answer *answer, struct lock_image *ret, struct error *e)
{
	static const char platform[] = "platform ", layer[] = "layer ";
	struct lock_platform *current = NULL;
	struct digest digest;

	if (digest_parse(answer->image, &digest))
		return is_confused(e);
	ret->digest = alloc_copy(answer->source ? answer->source : answer->image);
	for (size_t i = 0; i < answer->told.count; i++) {
		char *line = answer->told.items[i];

		if (text_starts(line, platform) ? take_platform(line + strlen(platform), ret, &current, e)
		    : text_starts(line, layer)  ? take_layer(line + strlen(layer), current, e)
						: is_confused(e))
			return -1;
	}
	return ret->platform_count ? 0 : is_confused(e);
}

static int ask(const struct places *places, const struct reference *reference, const char *words,
	       struct unpack_answer *ret, struct error *e)
{
	const bool is_registry = reference->kind == REFERENCE_REGISTRY;
	autofree char *name = is_registry ? image_name_text(&reference->name) : alloc_copy(words);
	autorelease(list) struct list argv = { 0 };
	autoclose int store = store_open(places->store, e), source = -1;
	autofree char *attempt = text_format("survey %s", name);
	struct image_request request = { .store = store, .words = &argv, .about = name, .attempt = attempt, .is_online = true };

	if (store < 0)
		return -1;
	list_add(&argv, "survey");
	list_add(&argv, reference_kind_name(reference->kind));
	list_addf(&argv, "%d", store);
	if (!is_registry) {
		source = reference_open(reference, e);
		if (source < 0)
			return -1;
		request.source = source;
		list_addf(&argv, "%d", source);
	}
	list_add(&argv, name);
	if (reference->tag)
		list_add(&argv, reference->tag);
	return image_request(&request, ret, e);
}

/* One image, of this host's platform as far as anybody knows. */
static int survey_stored(const struct places *places, const char *words, struct lock_image *ret, struct error *e)
{
	const struct image_options options = { .pull = PULL_NEVER };
	autorelease(image) struct image image = { .pin = -1 };
	autofree char *name = NULL;
	struct lock_platform *platform;

	if (image_resolve(places, words, &options, &image, e))
		return -1;
	name = text_format("%s/%s", image.config.os ? image.config.os : "linux",
			   image.config.architecture ? image.config.architecture : platform_host_architecture());
	platform = lock_add_platform(ret, name);
	ret->digest = alloc_copy(image.digest);
	platform->manifest = alloc_copy(image.digest);
	platform->config = alloc_copy(image.config_digest);
	list_copy(&platform->diff_ids, &image.diff_ids);
	return catalogue_layers(places, image.digest, &platform->layers, e);
}

/* The registry did not answer e. What box import and box load brought is nowhere but in the store: as it is there, for this host alone. */
static int survey_unasked(const struct places *places, const char *words, struct lock_image *ret, struct error *e)
{
	struct error missing = { 0 };

	if (survey_stored(places, words, ret, &missing))
		return -1;
	log_warning("%s, so %s is locked as it lies in the store, for this host's platform alone", e->text, words);
	error_clear(e);
	return 0;
}

int image_survey(const struct places *places, const char *words, bool needs_registry, struct lock_image *ret, struct error *e)
{
	autorelease(reference) struct reference reference = { 0 };
	autorelease(unpack_answer) struct unpack_answer answer = { 0 };

	if (reference_parse(words, &reference, e))
		return -1;
	if (reference.kind == REFERENCE_DOCKER_ARCHIVE)
		return survey_stored(places, words, ret, e);
	if (reference.kind == REFERENCE_FOLDER || reference.kind == REFERENCE_TAR)
		return error_set(e, ERROR_USAGE, "look at %s: it is no image", words);
	if (ask(places, &reference, words, &answer, e))
		return reference.kind == REFERENCE_REGISTRY && !needs_registry ? survey_unasked(places, words, ret, e) : -1;
	return take(&answer, ret, e);
}
