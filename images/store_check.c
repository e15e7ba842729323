/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_check.c - whether the store is whole.
 */
#include "images/store_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/places.h"
#include "base/text.h"
#include "images/catalogue.h"
#include "images/digest.h"
#include "images/index.h"
#include "images/layer.h"
#include "images/record.h"
#include "images/store.h"

void store_problems_release(struct store_problems *problems)
{
	int saved = errno;

	for (size_t i = 0; i < problems->count; i++) {
		free(problems->items[i].what);
		free(problems->items[i].wrong);
		free(problems->items[i].image);
	}
	free(problems->items);
	*problems = (struct store_problems){ 0 };
	errno = saved;
}

static void add(struct store_problems *problems, const char *what, const char *wrong, const char *image)
{
	struct store_problem *problem = alloc_append(&problems->items, &problems->count, sizeof *problem);

	*problem = (struct store_problem){ .what = alloc_copy(what), .wrong = alloc_copy(wrong), .image = image ? alloc_copy(image) : NULL };
}

static void add_image(struct store_problems *problems, const char *image, const char *wrong_taken)
{
	autofree char *what = text_format("image %s", image);

	add(problems, what, wrong_taken, image);
}

/* "blob DIGEST WORDS" and "layer DIGEST WORDS" */
static void add_hashed(struct store_problems *problems, const char *line)
{
	const char *digest = strchr(line, ' '), *words = digest ? strchr(digest + 1, ' ') : NULL;
	autofree char *what = words ? alloc_copy_bytes(line, (size_t)(words - line)) : NULL;

	if (what)
		add(problems, what, words + 1, NULL);
}

/* NULL, or what is wrong with it (to be freed). */
static char *check_blob(int store, const struct descriptor *descriptor)
{
	struct digest digest;
	autofree char *path = digest_parse(descriptor->digest, &digest) ? NULL : store_blob_path(&digest);
	struct stat st;

	if (!path)
		return text_format("it names a blob by no digest");
	if (fstatat(store, path, &st, AT_SYMLINK_NOFOLLOW))
		return text_format("its blob %.19s… is missing", descriptor->digest);
	if (st.st_size != descriptor->size)
		return text_format("its blob %.19s… has %lld bytes in place of %lld", descriptor->digest, (long long)st.st_size,
				   (long long)descriptor->size);
	return NULL;
}

/* NULL, or which layer of the record is missing. */
static char *check_layers(int store, const struct image_record *record)
{
	for (size_t i = 0; i < record->layers.count; i++) {
		struct digest layer;

		if (digest_parse(record->layers.items[i], &layer) || (!layer_has_folder(store, &layer) && !layer_has_index(store, &layer)))
			return text_format("its layer %.19s… is missing", record->layers.items[i]);
	}
	return NULL;
}

static char *check_entry(int store, const struct catalogue_entry *entry)
{
	autorelease(image_record) struct image_record record = { 0 };
	struct error missing = { 0 };
	struct digest digest;
	char *wrong = check_blob(store, &entry->config);

	for (size_t i = 0; !wrong && i < entry->layer_count; i++)
		wrong = check_blob(store, &entry->layers[i]);
	if (wrong)
		return wrong;
	if (digest_parse(entry->image, &digest) || image_record_read(store, &digest, &record, &missing))
		return text_format("it is not unpacked");
	if (record.layers.count != entry->layer_count)
		return text_format("it has %zu layers, and %zu are unpacked", entry->layer_count, record.layers.count);
	return check_layers(store, &record);
}

static int check_names(int store, const struct places *places, struct store_problems *ret, struct error *e)
{
	autorelease(catalogue) struct catalogue catalogue = { 0 };
	autorelease(index) struct index index = { 0 };

	if (index_read(store, &index, e) || catalogue_read(places, &catalogue, e))
		return -1;
	for (size_t i = 0; i < index.count; i++) {
		const char *name = index_name_of(&index.items[i]), *image = index.items[i].digest ? index.items[i].digest : "?";
		const struct catalogue_entry *entry = catalogue_named(&catalogue, name ? name : image);
		autofree char *wrong = check_blob(store, &index.items[i]);

		if (!wrong)
			wrong = entry ? check_entry(store, entry) : text_format("its manifest cannot be read");
		if (wrong)
			add_image(ret, name ? name : image, wrong);
	}
	return 0;
}

struct records {
	int store;
	struct store_problems *problems;
};

/* Of plain tars, which index.json does not name. */
static int check_record(struct image_record *record, void *data, struct error *e)
{
	const struct records *records = data;
	autofree char *wrong = record->config ? NULL : check_layers(records->store, record);

	(void)e;
	if (wrong)
		add_image(records->problems, record->image, wrong);
	return 0;
}

int store_check(const struct places *places, struct store_problems *ret, struct error *e)
{
	autoclose int store = store_open(places->store, e);
	autoclose int lock = store < 0 ? -1 : store_lock(store, e);
	autorelease(store_problems) struct store_problems problems = { 0 };
	autorelease(list) struct list wrong = { 0 };
	struct records records = { .store = store, .problems = &problems };

	if (lock < 0 || store_hash_request(store, &wrong, e))
		return -1;
	for (size_t i = 0; i < wrong.count; i++)
		add_hashed(&problems, wrong.items[i]);
	if (check_names(store, places, &problems, e) || image_record_each(store, check_record, &records, e))
		return -1;
	*ret = problems;
	problems = (struct store_problems){ 0 };
	return 0;
}
