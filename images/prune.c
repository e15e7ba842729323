/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune.c - the store gives back what it does not need: marks what images need, and removes the rest.
 */
#include "images/prune.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/places.h"
#include "base/text.h"
#include "images/build_pin.h"
#include "images/catalogue.h"
#include "images/index.h"
#include "images/record.h"
#include "images/store.h"
#include "images/store_files.h"
#include "images/store_remove.h"
#include "images/unpack_request.h"
#include "images/usage.h"

enum { RESULT_KEPT_S = 30 * 86400 };

struct prune {
	int store;
	const struct prune_options *options;
	struct prune_report *report;
	struct usage usage;
	struct store_files blobs, layers;
	int claim;       /* build_pin.h */
	struct list own; /* blobs of images that go: these go even while somebody pulls, as by box rmi */
};

static void prune_release(struct prune *prune)
{
	int saved = errno;

	if (prune->claim >= 0)
		close(prune->claim);
	usage_release(&prune->usage);
	store_files_release(&prune->blobs);
	store_files_release(&prune->layers);
	list_release(&prune->own);
	errno = saved;
}

/* What cannot be read may need anything. */
static int read_images(struct prune *prune, const struct places *places, struct error *e)
{
	autorelease(catalogue) struct catalogue catalogue = { 0 };
	autorelease(index) struct index index = { 0 };

	if (index_read(prune->store, &index, e) || catalogue_read(places, &catalogue, e))
		return -1;
	if (index.count != catalogue.count) {
		error_set(e, ERROR_IMAGE, "an image of the store cannot be read, so nobody knows what it needs");
		return error_hint(e, "box store check --repair");
	}
	return usage_read(prune->store, &catalogue, &prune->usage, e) || usage_ask(prune->store, &prune->usage, e) ||
			       store_list_blobs(prune->store, &prune->blobs, e) || store_list_layers(prune->store, &prune->layers, e)
		       ? -1
		       : 0;
}

static int64_t weight_of(const struct store_files *files, const struct list *needed)
{
	int64_t bytes = 0;

	for (size_t i = 0; i < files->count; i++)
		if (list_has(needed, files->items[i].digest))
			bytes += files->items[i].bytes;
	return bytes;
}

/* What the images and the results that stay need. */
static void find_needs(const struct prune *prune, struct list *ret_blobs, struct list *ret_layers)
{
	const struct prune_options *options = prune->options;

	usage_needs(&prune->usage, ret_blobs, ret_layers);
	for (size_t i = 0; i < options->cached_count; i++) {
		const struct prune_cached *item = &options->cached[i];

		if (item->is_removed || !item->layer)
			continue;
		if (!list_has(ret_layers, item->layer))
			list_add(ret_layers, item->layer);
		if (!list_has(ret_blobs, item->blob))
			list_add(ret_blobs, item->blob);
	}
}

/* Of all that stays. */
static int64_t weigh(const struct prune *prune)
{
	autorelease(list) struct list blobs = { 0 };
	autorelease(list) struct list layers = { 0 };
	int64_t bytes = 0;

	find_needs(prune, &blobs, &layers);
	for (size_t i = 0; i < prune->options->cached_count; i++)
		bytes += prune->options->cached[i].is_removed ? 0 : prune->options->cached[i].bytes;
	return bytes + weight_of(&prune->blobs, &blobs) + weight_of(&prune->layers, &layers);
}

static bool is_wished(const struct prune *prune, const struct usage_image *item)
{
	return (prune->options->all || !item->is_named) && (!prune->options->until || item->used_s < prune->options->until);
}

/* The image that was not used for the longest time, of those that may go; NULL: none. */
static struct usage_image *find_oldest(const struct prune *prune)
{
	struct usage_image *oldest = NULL;

	for (size_t i = 0; i < prune->usage.count; i++) {
		struct usage_image *item = &prune->usage.items[i];

		if (!item->is_removed && !item->is_used && is_wished(prune, item) && (!oldest || item->used_s < oldest->used_s))
			oldest = item;
	}
	return oldest;
}

static void tell(const struct prune *prune, const struct usage_image *item)
{
	struct prune_report *report = prune->report;

	report->images++;
	for (size_t i = 0; i < item->names.count; i++)
		report->image(item->names.items[i], item->used_s, report->data);
	if (!item->names.count)
		report->image(item->image, item->used_s, report->data);
}

static int remove_image(struct prune *prune, struct usage_image *item, struct error *e)
{
	int result = prune->options->dry_run ? 0 : store_remove_image(prune->store, item->image, &item->names, e);

	if (result < 0)
		return -1;
	/* 1: somebody has begun to use it since it was looked at. */
	item->is_removed = result == 0;
	item->is_used = result > 0;
	if (!item->is_removed)
		return 0;
	for (size_t i = 0; i < item->blobs.count; i++)
		list_add(&prune->own, item->blobs.items[i]);
	tell(prune, item);
	return 0;
}

/* Without a budget the result of a step stays while an image has its layer, and a month where it takes no space. */
static bool may_go(const struct prune *prune, const struct prune_cached *item, const struct list *layers)
{
	const struct prune_options *options = prune->options;

	if (item->is_removed || (options->until && item->used_s >= options->until))
		return false;
	if (options->keep >= 0)
		return item->is_mount || item->layer || !item->used_s;
	return item->is_mount ? options->all
	       : item->layer && !list_has(layers, item->layer) ? true : time(NULL) - item->used_s > RESULT_KEPT_S;
}

static struct prune_cached *find_oldest_cached(const struct prune *prune, const struct list *layers)
{
	struct prune_cached *oldest = NULL;

	for (size_t i = 0; i < prune->options->cached_count && !prune->report->is_building; i++) {
		struct prune_cached *item = &prune->options->cached[i];

		if (may_go(prune, item, layers) && (!oldest || item->used_s < oldest->used_s))
			oldest = item;
	}
	return oldest;
}

static int remove_cached(struct prune *prune, struct prune_cached *item, struct error *e)
{
	const struct prune_options *options = prune->options;
	struct prune_report *report = prune->report;
	int result = options->dry_run ? 0 : options->drop(item, options->data, e);

	item->is_removed = true; /* or it is used, and not to be tried again */
	if (result)
		return result < 0 ? -1 : 0;
	report->results += !item->is_mount;
	report->mounts += item->is_mount;
	report->cached_bytes += item->bytes;
	report->bytes += item->bytes;
	return 0;
}

/* All that may go; images first, so that what only they had is no reason for a result to stay. */
static int remove_all(struct prune *prune, struct error *e)
{
	autorelease(list) struct list blobs = { 0 };
	autorelease(list) struct list layers = { 0 };
	struct prune_cached *item;
	struct usage_image *image;

	while ((image = find_oldest(prune)))
		if (remove_image(prune, image, e))
			return -1;
	usage_needs(&prune->usage, &blobs, &layers);
	while ((item = find_oldest_cached(prune, &layers)))
		if (remove_cached(prune, item, e))
			return -1;
	return 0;
}

static int remove_oldest(struct prune *prune, struct error *e)
{
	static const struct list none;

	while (weigh(prune) > prune->options->keep) {
		struct usage_image *image = find_oldest(prune);
		struct prune_cached *item = find_oldest_cached(prune, &none);
		bool is_image = image && (!item || image->used_s <= item->used_s);

		if (!image && !item)
			return 0;
		if (is_image ? remove_image(prune, image, e) : remove_cached(prune, item, e))
			return -1;
	}
	return 0;
}

static int remove_images(struct prune *prune, struct error *e)
{
	const struct prune_options *options = prune->options;

	if (options->keep < 0 ? remove_all(prune, e) : remove_oldest(prune, e))
		return -1;
	for (size_t i = 0; i < prune->usage.count && (options->keep < 0 || weigh(prune) > options->keep); i++)
		prune->report->used += prune->usage.items[i].is_used && is_wished(prune, &prune->usage.items[i]);
	return 0;
}

static int remove_blobs(struct prune *prune, const struct list *needed, struct error *e)
{
	struct prune_report *report = prune->report;

	for (size_t i = 0; i < prune->blobs.count; i++) {
		const struct store_file *file = &prune->blobs.items[i];

		if (list_has(needed, file->digest) || report->is_building ||
		    (report->is_pulling && !list_has(&prune->own, file->digest))) {
			report->left += file->bytes;
			continue;
		}
		if (!prune->options->dry_run && store_remove_blob(prune->store, file->digest, e))
			return -1;
		report->blobs++;
		report->bytes += file->bytes;
	}
	return 0;
}

static int remove_layers(struct prune *prune, const struct list *needed, struct error *e)
{
	struct prune_report *report = prune->report;

	for (size_t i = 0; i < prune->layers.count; i++) {
		const struct store_file *file = &prune->layers.items[i];

		if (list_has(needed, file->digest) || report->is_building) {
			report->left += file->bytes;
			continue;
		}
		if (!prune->options->dry_run && store_remove_layer(prune->store, file->digest, e))
			return -1;
		report->layers++;
		report->bytes += file->bytes;
	}
	return 0;
}

/* What is remembered of files whose images are gone: 1 removes it. */
static int judge_source(struct source_record *record, void *data, struct error *e)
{
	const struct prune *prune = data;

	(void)e;
	for (size_t i = 0; i < prune->usage.count; i++)
		if (strcmp(prune->usage.items[i].image, record->image) == 0)
			return prune->usage.items[i].is_removed;
	return 1;
}

static int run(struct prune *prune, struct error *e)
{
	autorelease(list) struct list blobs = { 0 };
	autorelease(list) struct list layers = { 0 };

	prune->report->is_pulling = store_is_pulling(prune->store);
	prune->claim = build_claim(prune->store);
	prune->report->is_building = prune->claim < 0;
	if (remove_images(prune, e))
		return -1;
	find_needs(prune, &blobs, &layers);
	/* Layers are set aside by a rename before the first blob goes: a blob without its layer is not missed by anybody. */
	if (remove_layers(prune, &layers, e) || remove_blobs(prune, &blobs, e))
		return -1;
	if (prune->options->dry_run)
		return 0;
	if (!prune->report->is_pulling)
		prune->report->bytes += store_remove_unfinished(prune->store);
	return source_record_each(prune->store, judge_source, prune, e) ? -1 : sweep_request(prune->store, e);
}

int store_prune(const struct places *places, const struct prune_options *options, struct prune_report *report, struct error *e)
{
	autoclose int store = store_open(places->store, e);
	autoclose int lock = store < 0 ? -1 : store_lock(store, e);
	autorelease(prune) struct prune prune = { .store = store, .options = options, .report = report, .claim = -1 };

	if (lock < 0 || read_images(&prune, places, e))
		return -1;
	return run(&prune, e);
}
