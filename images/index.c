/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.c - the store's index.json.
 */
#include "images/index.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "specs/field.h"

enum { LIMIT = 16 << 20 };

struct index_file {
	int64_t schema_version;
	char *media_type;
	struct index index;
};

static const struct field index_fields[] = {
	{ "schemaVersion", FIELD_INTEGER, offsetof(struct index_file, schema_version), .flags = FIELD_OPEN, .min = 1, .max = 2, .help = "2" },
	{ "mediaType", FIELD_TEXT, offsetof(struct index_file, media_type), .help = "index" },
	{ "manifests", FIELD_OBJECT_LIST, offsetof(struct index_file, index.items), .sub = descriptor_fields,
	  .size = sizeof(struct descriptor), .count_offset = offsetof(struct index_file, index.count), .help = "images" },
	{ 0 },
};

int index_parse(const char *json, size_t length, struct index *ret, struct error *e)
{
	struct index_file file = { 0 };

	if (length > LIMIT)
		return error_set(e, ERROR_INTERNAL, "the store's index.json is too large");
	if (field_decode_text(json, length, "index.json", index_fields, &file, e)) {
		field_release(index_fields, &file);
		return -1;
	}
	*ret = file.index;
	file.index = (struct index){ 0 };
	field_release(index_fields, &file);
	return 0;
}

void index_release(struct index *index)
{
	struct index_file file = { .index = *index };
	int saved = errno;

	field_release(index_fields, &file);
	*index = (struct index){ 0 };
	errno = saved;
}

int index_read(int store, struct index *ret, struct error *e)
{
	autorelease(text) struct text json = { 0 };

	if (file_read(store, "index.json", LIMIT, &json, e) || index_parse(json.data ? json.data : "", json.length, ret, e))
		return error_in(e, "read the image store's index.json");
	return 0;
}

const char *index_name_of(const struct descriptor *entry)
{
	return list_env_get(&entry->annotations, INDEX_NAME);
}

const struct descriptor *index_find(const struct index *index, const char *name)
{
	for (size_t i = 0; i < index->count; i++)
		if (text_equal(index_name_of(&index->items[i]), name))
			return &index->items[i];
	return NULL;
}

void index_print(const struct index *index, struct text *ret)
{
	text_add(ret, "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[");
	for (size_t i = 0; i < index->count; i++) {
		text_add(ret, i ? "," : "");
		descriptor_write(&index->items[i], ret);
	}
	text_add(ret, "]}");
}

/* index without name, and with descriptor (may be NULL) under it. */
static void write_changed(const struct index *index, const char *name, const struct descriptor *descriptor, struct text *ret)
{
	struct index changed = { .items = alloc_zeroed(index->count + 1, sizeof *changed.items) }; /* borrows all but the new annotations */
	struct list annotations = { 0 };

	for (size_t i = 0; i < index->count; i++)
		if (!text_equal(index_name_of(&index->items[i]), name))
			changed.items[changed.count++] = index->items[i];
	if (descriptor) {
		list_copy(&annotations, &descriptor->annotations);
		list_env_set(&annotations, INDEX_NAME, name);
		changed.items[changed.count] = *descriptor;
		changed.items[changed.count++].annotations = annotations;
	}
	index_print(&changed, ret);
	list_release(&annotations);
	free(changed.items);
}

int index_change(const char *json, size_t length, const char *name, const struct descriptor *descriptor, struct text *ret, struct error *e)
{
	autorelease(index) struct index index = { 0 };

	if (index_parse(json, length, &index, e))
		return -1;
	write_changed(&index, name, descriptor, ret);
	return 0;
}

static int change(int store, const char *name, const struct descriptor *descriptor, struct error *e)
{
	autorelease(text) struct text old = { 0 };
	autorelease(text) struct text new = { 0 };

	if (file_read(store, "index.json", LIMIT, &old, e) || index_change(old.data ? old.data : "", old.length, name, descriptor, &new, e))
		return error_in(e, "read the image store's index.json");
	return file_replace(store, "index.json", new.data, new.length, 0600, e);
}

int index_set(int store, const char *name, const struct descriptor *descriptor, struct error *e)
{
	return change(store, name, descriptor, e) ? error_in(e, "add %s to the image store's index.json", name) : 0;
}

int index_remove(int store, const char *name, struct error *e)
{
	return change(store, name, NULL, e) ? error_in(e, "take %s from the image store's index.json", name) : 0;
}

static bool is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void index_name(const char *words, struct text *ret)
{
	const char *path = strchr(words, '/');

	/* Separators stand alone and between letters or digits; anything else becomes one. */
	for (const char *c = path ? path : words; *c; c++) {
		bool is_behind_name = ret->length && is_alphanumeric(ret->data[ret->length - 1]);

		if (is_alphanumeric(*c))
			text_add_char(ret, *c);
		else if (is_behind_name && is_alphanumeric(c[1]))
			text_add_char(ret, strchr("/-._:@+", *c) ? *c : '-');
		else if (*c == '/' && is_behind_name)
			text_add_char(ret, '/');
	}
	while (ret->length && !is_alphanumeric(ret->data[ret->length - 1]))
		ret->data[--ret->length] = '\0';
}
