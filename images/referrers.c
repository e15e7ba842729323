/* SPDX-License-Identifier: Apache-2.0 */
/*
 * referrers.c - what refers to an image of the store.
 */
#include "images/referrers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/sha256.h"
#include "images/catalogue.h"
#include "images/digest.h"
#include "images/image_write.h"
#include "images/index.h"
#include "images/store.h"

#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define EMPTY_TYPE    "application/vnd.oci.empty.v1+json"
#define FOLDER        "referrers"

enum { LIMIT = 4 << 20 };

static char *path_of(const struct digest *image)
{
	char name[DIGEST_TEXT];

	digest_file_name(image, name);
	return text_format(FOLDER "/%s.json", name);
}

int referrers_read(int store, const struct digest *image, struct index *ret, struct error *e)
{
	autofree char *path = path_of(image);
	autorelease(text) struct text json = { 0 };
	struct error failed = { 0 };

	*ret = (struct index){ 0 };
	if (file_read(store, path, LIMIT, &json, &failed)) {
		if (failed.sys == ENOENT)
			return 0;
		*e = failed;
		return -1;
	}
	return index_parse(json.data ? json.data : "", json.length, ret, e)
		       ? error_in(e, "read what refers to an image")
		       : 0;
}

static int write_index(int store, const struct digest *image, const struct index *index, struct error *e)
{
	autofree char *path = path_of(image);
	autorelease(text) struct text json = { 0 };

	if (mkdirat(store, FOLDER, 0700) && errno != EEXIST)
		return error_sys(e, "make the folder " FOLDER " in the image store");
	index_print(index, &json);
	return file_replace(store, path, json.data, json.length, 0600, e);
}

/* The index with this one in place of that of its type. */
static int enter(int store, const char *image, const struct descriptor *manifest, struct error *e)
{
	autorelease(index) struct index index = { 0 };
	struct index changed = { 0 }; /* borrows */
	struct digest digest;
	int result;

	if (digest_parse(image, &digest))
		return error_set(e, ERROR_INTERNAL, "\"%s\" is no digest", image);
	if (referrers_read(store, &digest, &index, e))
		return -1;
	changed.items = alloc_zeroed(index.count + 1, sizeof *changed.items);
	for (size_t i = 0; i < index.count; i++)
		if (!text_equal(index.items[i].artifact_type, manifest->artifact_type))
			changed.items[changed.count++] = index.items[i];
	changed.items[changed.count++] = *manifest;
	result = write_index(store, &digest, &changed, e);
	free(changed.items);
	return result;
}

/* All texts are digests, constants and what box writes itself. */
static int write_manifest(int store, const struct descriptor *subject, const struct referrer *referrer,
			  struct text *ret, struct error *e)
{
	struct text empty = { .data = (char *)(uintptr_t) "{}", .length = 2 }; /* only read */
	char config_digest[SHA256_TEXT];
	struct descriptor config = { .media_type = (char *)(uintptr_t)EMPTY_TYPE, .digest = config_digest, .size = 2 };
	struct descriptor document = { .media_type = (char *)(uintptr_t)referrer->artifact_type,
				       .digest = (char *)(uintptr_t)referrer->document,
				       .size = referrer->size };

	if (image_write_blob(store, &empty, config_digest, e))
		return -1;
	text_addf(ret, "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_TYPE "\",\"artifactType\":\"%s\",\"config\":",
		  referrer->artifact_type);
	descriptor_write(&config, ret);
	text_add(ret, ",\"layers\":[");
	descriptor_write(&document, ret);
	text_add(ret, "],\"subject\":");
	descriptor_write(subject, ret);
	if (referrer->annotations && referrer->annotations->count)
		descriptor_write_annotations(referrer->annotations, ret);
	text_add_char(ret, '}');
	return 0;
}

int referrers_add(const struct places *places, const char *image, const struct referrer *referrer, char **ret_manifest,
		  struct error *e)
{
	autoclose int store = store_open(places->store, e);
	autoclose int lock = store < 0 ? -1 : store_lock(store, e);
	struct descriptor subject = { .media_type = (char *)(uintptr_t)MANIFEST_TYPE,
				      .digest = (char *)(uintptr_t)image }; /* only read */
	struct descriptor manifest = { .media_type = (char *)(uintptr_t)MANIFEST_TYPE,
				       .artifact_type = (char *)(uintptr_t)referrer->artifact_type };
	autorelease(text) struct text subject_json = { 0 };
	autorelease(text) struct text json = { 0 };
	char digest[SHA256_TEXT];

	if (lock < 0 || catalogue_blob(places, image, &subject_json, e))
		return -1;
	subject.size = (int64_t)subject_json.length;
	if (write_manifest(store, &subject, referrer, &json, e) || image_write_blob(store, &json, digest, e))
		return error_in(e, "write what refers to the image");
	manifest.digest = digest;
	manifest.size = (int64_t)json.length;
	if (referrer->annotations)
		manifest.annotations = *referrer->annotations;
	if (enter(store, image, &manifest, e))
		return -1;
	*ret_manifest = alloc_copy(digest);
	return 0;
}

int referrers_blobs(int store, const char *image, struct list *ret, struct error *e)
{
	autorelease(index) struct index index = { 0 };
	struct digest digest;

	if (digest_parse(image, &digest) || referrers_read(store, &digest, &index, e))
		return e->kind ? -1 : 0;
	for (size_t i = 0; i < index.count; i++) {
		struct catalogue_entry entry = { 0 };
		struct error failed = { 0 };

		list_add(ret, index.items[i].digest);
		/* One that is broken needs no more than itself. */
		if (catalogue_manifest_of(store, index.items[i].digest, &entry, &failed))
			continue;
		list_add(ret, entry.config.digest);
		for (size_t k = 0; k < entry.layer_count; k++)
			list_add(ret, entry.layers[k].digest);
		catalogue_entry_release(&entry);
	}
	return 0;
}

void referrers_remove(int store, const struct digest *image)
{
	autofree char *path = path_of(image);

	(void)unlinkat(store, path, 0); /* nearly always there is none */
}
