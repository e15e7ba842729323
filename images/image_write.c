/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_write.c - an image of parts that lie in the store.
 *
 * Blobs first, then the record, then names: whatever is interrupted leaves what prune removes.
 */
#include "images/image_write.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_text.h"
#include "base/places.h"
#include "base/sha256.h"
#include "images/descriptor.h"
#include "images/digest.h"
#include "images/image_parts.h"
#include "images/index.h"
#include "images/layer.h"
#include "images/platform.h"
#include "images/record.h"
#include "images/store.h"
#include "specs/build_plan.h"

#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define CONFIG_TYPE   "application/vnd.oci.image.config.v1+json"
#define BASE_NAME     "org.opencontainers.image.base.name"
#define BASE_DIGEST   "org.opencontainers.image.base.digest"
#define CREATED       "org.opencontainers.image.created"

int image_write_blob(int store, const struct text *document, char *ret, struct error *e)
{
	struct digest digest;
	autofree char *path = NULL;

	sha256_bytes(document->data, document->length, ret);
	if (digest_parse(ret, &digest))
		return error_set(e, ERROR_INTERNAL, "\"%s\" is no digest", ret);
	path = store_blob_path(&digest);
	return file_replace(store, path, document->data, document->length, 0600, e);
}

static void write_config(const struct image_write *image, const char *created, struct text *ret)
{
	const struct build_config *config = image->config;

	text_add_char(ret, '{');
	json_add_member(ret, "created", created);
	json_add_member(ret, "author", config->author);
	json_add_member(ret, "architecture",
			config->architecture ? config->architecture : platform_host_architecture());
	json_add_member(ret, "os", config->os ? config->os : "linux");
	json_add_member(ret, "variant", config->variant);
	json_add_key(ret, "config");
	build_config_write(config, ret);
	json_add_key(ret, "rootfs");
	text_add(ret, "{\"type\":\"layers\",\"diff_ids\":");
	json_add_array(ret, &image->parts->diff_ids);
	text_addf(ret, "},\"history\":[%s]}", image->parts->history.length ? image->parts->history.data : "");
}

/* Those of the image, sorted. */
static void find_annotations(const struct image_write *image, const char *created, struct list *ret)
{
	list_addf(ret, CREATED "=%s", created);
	if (image->parts->base_name)
		list_addf(ret, BASE_NAME "=%s", image->parts->base_name);
	if (image->parts->base_digest)
		list_addf(ret, BASE_DIGEST "=%s", image->parts->base_digest);
	for (size_t i = 0; image->annotations && i < image->annotations->count; i++)
		(void)list_env_put(ret, image->annotations->items[i]); /* one without a key says nothing */
	list_sort(ret);
}

static void write_manifest(const struct image_write *image, const struct descriptor *config, const char *created,
			   struct text *ret)
{
	autorelease(list) struct list annotations = { 0 };

	text_add(ret, "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_TYPE "\",\"config\":");
	descriptor_write(config, ret);
	text_add(ret, ",\"layers\":[");
	for (size_t i = 0; i < image->parts->layer_count; i++) {
		text_add(ret, i ? "," : "");
		descriptor_write(&image->parts->layers[i], ret);
	}
	text_add_char(ret, ']');
	find_annotations(image, created, &annotations);
	descriptor_write_annotations(&annotations, ret);
	text_add_char(ret, '}');
}

/* What an image needs is there, or it is none. */
static int check_parts(int store, const struct image_parts *parts, struct error *e)
{
	for (size_t i = 0; i < parts->layer_count; i++) {
		struct digest layer, blob;
		autofree char *path = NULL;

		if (digest_parse(parts->diff_ids.items[i], &layer) || digest_parse(parts->layers[i].digest, &blob))
			return error_set(e, ERROR_INTERNAL, "layer %zu of the image has no digest", i + 1);
		path = store_blob_path(&blob);
		if (faccessat(store, path, F_OK, AT_SYMLINK_NOFOLLOW) ||
		    (!layer_has_folder(store, &layer) && !layer_has_index(store, &layer)))
			return error_set(e, ERROR_MISSING, "layer %zu of the image, %s, is not in the store any more",
					 i + 1, parts->diff_ids.items[i]);
	}
	return 0;
}

static int write_record(int store, const struct image_parts *parts, char *manifest, char *config, struct error *e)
{
	const struct image_record record = { .image = manifest, .config = config, .layers = parts->diff_ids };

	return image_record_write(store, &record, e);
}

static int write_names(int store, const struct image_write *image, const struct descriptor *manifest, struct error *e)
{
	if (!image->names || !image->names->count)
		return index_set(store, manifest->digest, manifest, e);
	for (size_t i = 0; i < image->names->count; i++)
		if (index_set(store, image->names->items[i], manifest, e))
			return -1;
	return 0;
}

int image_write(const struct places *places, const struct image_write *image, char **ret_digest, struct error *e)
{
	char config_digest[SHA256_TEXT], manifest_digest[SHA256_TEXT], created[CLOCK_TEXT];
	struct descriptor config = { .media_type = (char *)(uintptr_t)CONFIG_TYPE,
				     .digest = config_digest }; /* only read, as the next */
	struct descriptor manifest = { .media_type = (char *)(uintptr_t)MANIFEST_TYPE, .digest = manifest_digest };
	autorelease(text) struct text config_json = { 0 };
	autorelease(text) struct text manifest_json = { 0 };
	autoclose int store = store_open(places->store, e);
	autoclose int lock = store < 0 ? -1 : store_lock(store, e);

	if (lock < 0 || check_parts(store, image->parts, e))
		return -1;
	clock_print(image->epoch, 0, 0, created);
	write_config(image, created, &config_json);
	config.size = (int64_t)config_json.length;
	if (image_write_blob(store, &config_json, config_digest, e))
		return error_in(e, "write the image's configuration");
	write_manifest(image, &config, created, &manifest_json);
	manifest.size = (int64_t)manifest_json.length;
	if (image_write_blob(store, &manifest_json, manifest_digest, e))
		return error_in(e, "write the image's manifest");
	if (write_record(store, image->parts, manifest_digest, config_digest, e) ||
	    write_names(store, image, &manifest, e))
		return -1;
	*ret_digest = alloc_copy(manifest_digest);
	return 0;
}
