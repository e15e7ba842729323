/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_remove.c - somebody asks that an image leaves the store.
 */
#include "images/image_remove.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/places.h"
#include "base/text.h"
#include "images/app_images.h"
#include "images/build_pin.h"
#include "images/catalogue.h"
#include "images/index.h"
#include "images/store.h"
#include "images/store_remove.h"
#include "images/unpack_request.h"
#include "images/usage.h"

/* Until now a pull may have given the name to another image, which nobody asked to remove. */
static int check_still(const struct catalogue *now, const struct catalogue_entry *entry, struct error *e)
{
	const struct catalogue_entry *still = catalogue_named(now, entry->name);

	if (!still)
		return error_set(e, ERROR_MISSING, "remove the image %s: somebody else has just removed it", entry->name);
	if (strcmp(still->image, entry->image) == 0)
		return 0;
	error_set(e, ERROR_EXISTS, "remove the image %s: it was pulled or tagged anew meanwhile, and stands for %.19s… now", entry->name,
		  still->image);
	return error_hint(e, "box rmi %s removes that one", entry->name);
}

/* An app in the background starts from it again, whether it runs now or not. */
static int refuse_apps(int store, const struct catalogue_entry *entry, struct error *e)
{
	autorelease(list) struct list digests = { 0 };

	if (app_images_digests(store, &digests, e))
		return -1;
	if (!list_has(&digests, entry->image))
		return 0;
	error_set(e, ERROR_EXISTS, "remove the image %s: an app in the background is started from it", entry->name);
	return error_hint(e, "box ps -a shows which; box rm NAME removes it");
}

static int remove_record(int store, const struct usage_image *image, const char *name, struct error *e)
{
	int result = store_remove_image(store, image->image, &image->names, e);

	if (result <= 0)
		return result;
	error_set(e, ERROR_EXISTS, "remove the image %s: a container uses it", name);
	return error_hint(e, "box ps shows which; box rm -f NAME ends it");
}

/* What only it needed. */
static int remove_content(int store, const struct usage_image *image, const struct usage *usage, struct error *e)
{
	autorelease(list) struct list blobs = { 0 };
	autorelease(list) struct list layers = { 0 };
	struct error ignored = { 0 };

	/* What a build goes on from may be what the image had; prune finds it later. */
	if (build_is_pinned(store))
		return 0;
	usage_needs(usage, &blobs, &layers);
	for (size_t i = 0; i < image->layers.count; i++)
		if (!list_has(&layers, image->layers.items[i]) && store_remove_layer(store, image->layers.items[i], e))
			return -1;
	for (size_t i = 0; i < image->blobs.count; i++)
		if (!list_has(&blobs, image->blobs.items[i]))
			(void)store_remove_blob(store, image->blobs.items[i], &ignored); /* one that stays is harmless, and prune finds it */
	return sweep_request(store, e);
}

int image_remove(const struct places *places, const struct catalogue_entry *entry, bool *ret_deleted, struct error *e)
{
	autoclose int store = store_open(places->store, e);
	autoclose int lock = store < 0 ? -1 : store_lock(store, e);
	autorelease(catalogue) struct catalogue now = { 0 };
	autorelease(usage) struct usage usage = { 0 };
	struct usage_image *image;

	if (lock < 0 || catalogue_read(places, &now, e) || check_still(&now, entry, e) || usage_read(store, &now, &usage, e))
		return -1;
	image = usage_image(&usage, entry->image);
	*ret_deleted = image->names.count <= 1;
	if (!*ret_deleted)
		return index_remove(store, entry->name, e);
	if (refuse_apps(store, entry, e) || remove_record(store, image, entry->name, e))
		return -1;
	image->is_removed = true;
	return remove_content(store, image, &usage, e);
}
