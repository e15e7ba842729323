/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push_request.c - what box and box-image say to each other about an image that goes to a registry; box's side.
 */
#include "images/push_request.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/places.h"
#include "base/text.h"
#include "images/catalogue.h"
#include "images/image_name.h"
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

int push_request(const struct places *places, const struct catalogue *catalogue, const struct catalogue_entry *entry, const char *words,
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
