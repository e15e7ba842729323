/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push_request.c - what box and box-image say to each other about an image that goes to a registry; box's side.
 */
#include "images/push_request.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/places.h"
#include "base/text.h"
#include "images/catalogue.h"
#include "images/digest.h"
#include "images/image_name.h"
#include "images/index.h"
#include "images/referrers.h"
#include "images/store.h"

static bool has_layer(const struct catalogue_entry *entry, const char *digest)
{
	for (size_t i = 0; i < entry->layer_count; i++)
		if (text_equal(entry->layers[i].digest, digest))
			return true;
	return false;
}

/* A repository of the same registry from which an image with the lowest layer came; "" without one. To be freed. */
static char *other_repository(const struct catalogue *catalogue, const struct catalogue_entry *entry, const struct image_name *target)
{
	for (size_t i = 0; entry->layer_count && i < catalogue->count; i++) {
		autorelease(image_name) struct image_name name = { 0 };
		struct error ignored = { 0 };

		if (has_layer(&catalogue->items[i], entry->layers[0].digest) &&
		    image_name_parse(catalogue->items[i].name, &name, &ignored) == 0 && strcmp(name.host, target->host) == 0 &&
		    strcmp(name.repository, target->repository) != 0)
			return text_format("%s", name.repository);
	}
	return text_format("%s", "");
}

static int push_one(const struct places *places, const struct catalogue *catalogue, const struct catalogue_entry *entry, const char *words,
		    pull_progress *progress, void *data, struct error *e)
{
	autorelease(image_name) struct image_name name = { 0 };
	autorelease(list) struct list argv = { 0 };
	autofree char *from = NULL;
	autofree char *full = NULL;
	autofree char *written = NULL;
	autoclose int store = store_open(places->store, e);
	autofree char *attempt = NULL;
	struct image_request request = { .words = &argv, .is_online = true, .progress = progress, .data = data };

	if (store < 0 || image_name_parse(words, &name, e))
		return -1;
	from = other_repository(catalogue, entry, &name);
	full = image_name_text(&name);
	written = image_name_written(&name);
	request.store = store;
	request.about = full;
	attempt = text_format("push %s", full);
	request.attempt = attempt;
	list_add(&argv, "push");
	list_addf(&argv, "%d", store);
	list_add(&argv, written);
	list_add(&argv, entry->image);
	list_add(&argv, from);
	/* What others wait for longest comes first: the layers, then the configuration. */
	for (size_t i = 0; i < entry->layer_count; i++)
		if (!list_has(&argv, entry->layers[i].digest))
			list_add(&argv, entry->layers[i].digest);
	list_add(&argv, entry->config.digest);
	return image_request(&request, NULL, e);
}

/* By its digest, beside the image: no tag of the repository changes. */
static int push_referrer(const struct places *places, const struct catalogue *catalogue, const char *manifest, const char *repository,
			 pull_progress *progress, void *data, struct error *e)
{
	autofree char *words = text_format("%s@%s", repository, manifest);
	struct catalogue_entry entry = { 0 };
	int result = catalogue_manifest(places, manifest, &entry, e);

	if (!result) {
		entry.image = alloc_copy(manifest);
		result = push_one(places, catalogue, &entry, words, progress, data, e);
	}
	catalogue_entry_release(&entry);
	return result;
}

int push_request(const struct places *places, const struct catalogue *catalogue, const struct catalogue_entry *entry, const char *words,
		 pull_progress *progress, void *data, struct error *e)
{
	autorelease(image_name) struct image_name name = { 0 };
	autorelease(index) struct index referrers = { 0 };
	autofree char *repository = NULL;
	autoclose int store = -1;
	struct digest image;

	if (push_one(places, catalogue, entry, words, progress, data, e))
		return -1;
	store = store_open(places->store, e);
	if (store < 0 || digest_parse(entry->image, &image) || image_name_parse(words, &name, e) || referrers_read(store, &image, &referrers, e))
		return -1;
	repository = text_format("%s/%s", name.host, name.repository);
	for (size_t i = 0; i < referrers.count; i++)
		if (push_referrer(places, catalogue, referrers.items[i].digest, repository, progress, data, e))
			return error_in(e, "push what refers to the image");
	return 0;
}
