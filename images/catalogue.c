/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalogue.c - the images of the store.
 */
#include "images/catalogue.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/places.h"
#include "images/digest.h"
#include "images/image_name.h"
#include "images/index.h"
#include "images/store.h"
#include "specs/field.h"

enum { LIMIT = 4 << 20, SHORTEST_DIGEST = 6 };

static const struct field manifest_fields[] = {
	{ "config", FIELD_OBJECT, offsetof(struct catalogue_entry, config), .flags = FIELD_OPEN, .sub = descriptor_fields,
	  .help = "the configuration" },
	{ "layers", FIELD_OBJECT_LIST, offsetof(struct catalogue_entry, layers), .sub = descriptor_fields, .size = sizeof(struct descriptor),
	  .count_offset = offsetof(struct catalogue_entry, layer_count), .help = "lowest first" },
	{ 0 },
};

void catalogue_entry_release(struct catalogue_entry *entry)
{
	field_release(manifest_fields, entry);
	free(entry->name);
	free(entry->digest);
	free(entry->image);
	free(entry->media_type);
}

void catalogue_release(struct catalogue *catalogue)
{
	int saved = errno;

	for (size_t i = 0; i < catalogue->count; i++)
		catalogue_entry_release(&catalogue->items[i]);
	free(catalogue->items);
	*catalogue = (struct catalogue){ 0 };
	errno = saved;
}

static int read_blob(int store, const char *digest_words, struct text *ret, struct error *e)
{
	struct digest digest;
	autofree char *path = NULL;

	if (digest_parse(digest_words, &digest))
		return error_set(e, ERROR_IMAGE, "\"%.200s\" is no digest", digest_words ? digest_words : "");
	path = store_blob_path(&digest);
	if (file_read(store, path, LIMIT, ret, e))
		return -1;
	if (!ret->data)
		text_add(ret, "");
	return 0;
}

int catalogue_blob(const struct places *places, const char *digest, struct text *ret, struct error *e)
{
	autoclose int store = store_open(places->store, e);

	return store < 0 ? -1 : read_blob(store, digest, ret, e);
}

static int add(int store, const struct descriptor *named, struct catalogue *ret, struct error *e)
{
	const char *name = index_name_of(named), *source = list_env_get(&named->annotations, INDEX_SOURCE);
	autorelease(text) struct text json = { 0 };
	struct catalogue_entry entry = { 0 };
	struct catalogue_entry *place;

	if (read_blob(store, named->digest, &json, e) || field_decode_text(json.data, json.length, "its manifest", manifest_fields, &entry, e)) {
		field_release(manifest_fields, &entry);
		return -1;
	}
	place = alloc_append(&ret->items, &ret->count, sizeof *place);
	*place = entry;
	place->name = alloc_copy(name ? name : named->digest);
	place->image = alloc_copy(named->digest);
	place->digest = alloc_copy(source ? source : named->digest);
	place->media_type = alloc_copy(named->media_type);
	return 0;
}

int catalogue_manifest(const struct places *places, const char *manifest, struct catalogue_entry *ret, struct error *e)
{
	autoclose int store = store_open(places->store, e);

	return store < 0 ? -1 : catalogue_manifest_of(store, manifest, ret, e);
}

int catalogue_manifest_of(int store, const char *manifest, struct catalogue_entry *ret, struct error *e)
{
	autorelease(text) struct text json = { 0 };
	struct catalogue_entry entry = { 0 };

	if (read_blob(store, manifest, &json, e) ||
	    field_decode_text(json.data, json.length, "its manifest", manifest_fields, &entry, e)) {
		field_release(manifest_fields, &entry);
		return -1;
	}
	*ret = entry;
	return 0;
}

int catalogue_layers(const struct places *places, const char *manifest, struct list *ret, struct error *e)
{
	struct catalogue_entry entry = { 0 };
	int result = catalogue_manifest(places, manifest, &entry, e);

	for (size_t i = 0; !result && i < entry.layer_count; i++)
		list_add(ret, entry.layers[i].digest);
	catalogue_entry_release(&entry);
	return result;
}

/* The nth blob of an entry: its configuration, then its layers. */
static const struct descriptor *blob(const struct catalogue_entry *entry, size_t n)
{
	return n == 0 ? &entry->config : &entry->layers[n - 1];
}

static bool has(const struct catalogue_entry *entry, const struct descriptor *wanted, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (text_equal(blob(entry, i)->digest, wanted->digest))
			return true;
	return false;
}

static bool is_shared(const struct catalogue *catalogue, const struct catalogue_entry *entry, const struct descriptor *wanted)
{
	for (size_t i = 0; i < catalogue->count; i++)
		if (strcmp(catalogue->items[i].image, entry->image) != 0 &&
		    has(&catalogue->items[i], wanted, catalogue->items[i].layer_count + 1))
			return true;
	return false;
}

static void weigh(const struct catalogue *catalogue, struct catalogue_entry *entry)
{
	for (size_t i = 0; i <= entry->layer_count; i++) {
		const struct descriptor *one = blob(entry, i);

		if (has(entry, one, i))
			continue;
		entry->size += one->size;
		if (!is_shared(catalogue, entry, one))
			entry->unique += one->size;
	}
}

static int read_all(int store, struct catalogue *ret, struct error *e)
{
	autorelease(index) struct index index = { 0 };

	if (index_read(store, &index, e))
		return -1;
	for (size_t i = 0; i < index.count; i++) {
		struct error failed = { 0 };

		/* One that is broken does not hide the others. */
		if (add(store, &index.items[i], ret, &failed))
			log_warning("the image %s in the store cannot be read: %s, continuing",
				    index_name_of(&index.items[i]) ? index_name_of(&index.items[i]) : index.items[i].digest, failed.text);
	}
	for (size_t i = 0; i < ret->count; i++)
		weigh(ret, &ret->items[i]);
	return 0;
}

int catalogue_read(const struct places *places, struct catalogue *ret, struct error *e)
{
	autoclose int store = store_open(places->store, e);
	autorelease(catalogue) struct catalogue catalogue = { 0 };

	if (store < 0 || read_all(store, &catalogue, e))
		return -1;
	*ret = catalogue;
	catalogue = (struct catalogue){ 0 };
	return 0;
}

static const char *digits_of(const char *words)
{
	return text_starts(words, "sha256:") ? words + strlen("sha256:") : words;
}

bool catalogue_may_be_digest(const char *words)
{
	const char *text = digits_of(words);
	size_t length = strlen(text);

	return length >= SHORTEST_DIGEST && length <= 64 && strspn(text, "0123456789abcdef") == length;
}

/* By the beginning of a digest; *ret_many: several images begin so. */
static const struct catalogue_entry *find_digest(const struct catalogue *catalogue, const char *words, bool *ret_many)
{
	const struct catalogue_entry *found = NULL;
	const char *digits = digits_of(words);

	if (!catalogue_may_be_digest(words))
		return NULL;
	for (size_t i = 0; i < catalogue->count; i++) {
		const struct catalogue_entry *entry = &catalogue->items[i];
		const char *image = strchr(entry->image, ':'), *digest = strchr(entry->digest, ':');

		if (!(image && text_starts(image + 1, digits)) && !(digest && text_starts(digest + 1, digits)))
			continue;
		if (found && strcmp(found->image, entry->image) != 0)
			*ret_many = true;
		found = found ? found : entry;
	}
	return found;
}

const struct catalogue_entry *catalogue_named(const struct catalogue *catalogue, const char *name)
{
	for (size_t i = 0; i < catalogue->count; i++)
		if (strcmp(catalogue->items[i].name, name) == 0)
			return &catalogue->items[i];
	return NULL;
}

/* "repository@digest" means any name of that repository with that digest. */
static const struct catalogue_entry *find_pinned(const struct catalogue *catalogue, const struct image_name *name)
{
	for (size_t i = 0; name->digest && i < catalogue->count; i++) {
		const struct catalogue_entry *entry = &catalogue->items[i];

		if (image_name_behind(name, entry->name) &&
		    (strcmp(entry->image, name->digest) == 0 || strcmp(entry->digest, name->digest) == 0))
			return entry;
	}
	return NULL;
}

/* By a name. Archives and layouts lie under names that are made of their paths. A digest is compared, whatever the entry is called. */
static const struct catalogue_entry *find_name(const struct catalogue *catalogue, const char *words, char **ret_full)
{
	autorelease(image_name) struct image_name name = { 0 };
	const struct catalogue_entry *found;
	struct error ignored = { 0 };

	if (image_name_parse(words, &name, &ignored))
		return catalogue_named(catalogue, words);
	*ret_full = image_name_text(&name);
	if (name.digest)
		return find_pinned(catalogue, &name);
	found = catalogue_named(catalogue, words);
	return found ? found : catalogue_named(catalogue, *ret_full);
}

bool catalogue_has_name(const struct catalogue *catalogue, const char *words)
{
	autofree char *full = NULL;

	return find_name(catalogue, words, &full) != NULL;
}

const struct catalogue_entry *catalogue_find(const struct catalogue *catalogue, const char *words, struct error *e)
{
	autofree char *full = NULL;
	bool is_many = false;
	const struct catalogue_entry *named = find_name(catalogue, words, &full), *begins = find_digest(catalogue, words, &is_many);

	/* An image may be called as another's digest begins ("0123456789ab"): then nobody knows which is meant. */
	if (named && begins && (is_many || strcmp(named->image, begins->image) != 0)) {
		error_set(e, ERROR_USAGE, "%.80s is the name of one image of the store, and the beginning of another's digest", words);
		error_hint(e, "%s, or sha256:%.80s", named->name, words);
		return NULL;
	}
	if (named || (begins && !is_many))
		return named ? named : begins;
	if (is_many)
		error_set(e, ERROR_USAGE, "several images of the store begin with %.80s", words);
	else
		error_set(e, ERROR_MISSING, "the store has no image %.300s", full ? full : words);
	error_hint(e, "box images lists them");
	return NULL;
}

int catalogue_tag(const struct places *places, const struct catalogue_entry *entry, const char *name, struct error *e)
{
	autoclose int store = store_open(places->store, e);
	autoclose int lock = store < 0 ? -1 : store_lock(store, e);
	struct descriptor descriptor = { .media_type = entry->media_type, .digest = entry->image };
	autorelease(text) struct text manifest = { 0 };
	int result;

	if (lock < 0 || read_blob(store, entry->image, &manifest, e))
		return -1;
	descriptor.size = (int64_t)manifest.length;
	if (strcmp(entry->digest, entry->image) != 0)
		list_addf(&descriptor.annotations, INDEX_SOURCE "=%s", entry->digest);
	result = index_set(store, name, &descriptor, e);
	list_release(&descriptor.annotations);
	return result;
}
