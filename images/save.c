/* SPDX-License-Identifier: Apache-2.0 */
/*
 * save.c - images of the store as one archive.
 */
#include "images/save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/places.h"
#include "images/catalogue.h"
#include "images/image_name.h"
#include "images/index.h"
#include "images/store.h"
#include "base/tar_writer.h"

struct save {
	int store, fd;
	struct catalogue catalogue;
	const struct catalogue_entry **entries; /* borrowed from catalogue */
	int *pins;                              /* nobody removes them meanwhile */
	size_t count;
	struct list written; /* digests of blobs, each once */
};

static const char *const formats[] = { [SAVE_OCI] = "oci-archive", [SAVE_DOCKER] = "docker-archive" };

int save_format_of(const char *word)
{
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (strcmp(formats[i], word) == 0)
			return (int)i;
	return -1;
}

static void save_release(struct save *save)
{
	int saved = errno;

	for (size_t i = 0; i < save->count; i++)
		if (save->pins[i] >= 0)
			close(save->pins[i]);
	free(save->pins);
	free(save->entries);
	catalogue_release(&save->catalogue);
	list_release(&save->written);
	if (save->store >= 0)
		close(save->store);
	errno = saved;
}

/* Finds and pins what words name. */
static int choose(struct save *save, const struct list *words, struct error *e)
{
	save->entries = alloc_zeroed(words->count, sizeof *save->entries);
	save->pins = alloc_zeroed(words->count, sizeof *save->pins);
	for (size_t i = 0; i < words->count; i++) {
		const struct catalogue_entry *entry = catalogue_find(&save->catalogue, words->items[i], e);
		struct digest digest;

		if (!entry)
			return -1;
		if (digest_parse(entry->image, &digest))
			return error_set(e, ERROR_INTERNAL, "the store calls an image \"%.200s\"", entry->image);
		save->entries[save->count] = entry;
		save->pins[save->count] = store_pin(save->store, &digest);
		if (save->pins[save->count++] < 0)
			return error_sys(e, "pin the image %s in the store", entry->name);
	}
	return 0;
}

/* A blob of the store under name; one that was written before is not repeated. */
static int write_blob(struct save *save, const char *digest_words, int64_t size, const char *name, struct error *e)
{
	struct digest digest;
	autofree char *path = NULL;
	autoclose int from = -1;
	struct stat st;

	if (list_has(&save->written, digest_words))
		return 0;
	if (digest_parse(digest_words, &digest))
		return error_set(e, ERROR_INTERNAL, "\"%.200s\" is no digest", digest_words ? digest_words : "");
	path = store_blob_path(&digest);
	from = openat(save->store, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0 || fstat(from, &st))
		return error_sys(e, "open %s in the image store", path);
	if (size >= 0 && st.st_size != size) {
		error_set(e, ERROR_IMAGE, "%s in the image store has %lld bytes in place of %lld", path, (long long)st.st_size, (long long)size);
		return error_hint(e, "box store check --repair");
	}
	list_add(&save->written, digest_words);
	return tar_write_file(save->fd, name ? name : path, from, st.st_size, e);
}

static int write_layers(struct save *save, const struct catalogue_entry *entry, bool is_docker, struct error *e)
{
	for (size_t i = 0; i < entry->layer_count; i++) {
		const char *digest = entry->layers[i].digest, *hex = digest ? strchr(digest, ':') : NULL;
		autofree char *name = is_docker && hex ? text_format("%.80s.tar", hex + 1) : NULL;

		if (write_blob(save, digest, entry->layers[i].size, name, e))
			return -1;
	}
	return 0;
}

/* Whether the index that the registry has the image in is kept: with it the archive proves what the image was called there. */
static bool has_index(const struct save *save, const struct catalogue_entry *entry)
{
	struct digest digest;
	autofree char *path = digest_parse(entry->digest, &digest) ? NULL : store_blob_path(&digest);

	return path && strcmp(entry->digest, entry->image) != 0 && faccessat(save->store, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int add_descriptor(const struct save *save, const struct catalogue_entry *entry, struct index *ret, struct error *e)
{
	struct digest digest;
	autofree char *path = digest_parse(entry->image, &digest) ? NULL : store_blob_path(&digest);
	struct descriptor *descriptor;
	struct stat st;

	if (!path || fstatat(save->store, path, &st, AT_SYMLINK_NOFOLLOW))
		return error_sys(e, "look at the manifest of %s in the image store", entry->name);
	descriptor = alloc_append(&ret->items, &ret->count, sizeof *descriptor);
	*descriptor = (struct descriptor){ .media_type = alloc_copy(entry->media_type), .digest = alloc_copy(entry->image), .size = st.st_size };
	/* An image without a name is listed by its digest. */
	if (strcmp(entry->name, entry->image) != 0)
		list_addf(&descriptor->annotations, INDEX_NAME "=%s", entry->name);
	if (has_index(save, entry))
		list_addf(&descriptor->annotations, INDEX_SOURCE "=%s", entry->digest);
	return 0;
}

static int write_oci(struct save *save, struct error *e)
{
	autorelease(index) struct index index = { 0 };
	autorelease(text) struct text json = { 0 };

	for (size_t i = 0; i < save->count; i++)
		if (add_descriptor(save, save->entries[i], &index, e))
			return -1;
	index_print(&index, &json);
	if (tar_write_bytes(save->fd, "oci-layout", INDEX_LAYOUT, strlen(INDEX_LAYOUT), e) ||
	    tar_write_bytes(save->fd, "index.json", json.data, json.length, e) || tar_write_folder(save->fd, "blobs/", e) ||
	    tar_write_folder(save->fd, "blobs/sha256/", e))
		return -1;
	for (size_t i = 0; i < save->count; i++) {
		const struct catalogue_entry *entry = save->entries[i];

		if (has_index(save, entry) && write_blob(save, entry->digest, -1, NULL, e))
			return -1;
		if (write_blob(save, entry->image, -1, NULL, e) || write_blob(save, entry->config.digest, entry->config.size, NULL, e) ||
		    write_layers(save, entry, /* is_docker= */ false, e))
			return -1;
	}
	return 0;
}

/* Names as docker has them: those without a tag are none. */
static void add_tags(const struct save *save, const char *image, struct text *ret)
{
	bool is_first = true;

	for (size_t i = 0; i < save->count; i++) {
		autorelease(image_name) struct image_name name = { 0 };
		struct error ignored = { 0 };

		if (strcmp(save->entries[i]->image, image) != 0 || image_name_parse(save->entries[i]->name, &name, &ignored) || name.digest)
			continue;
		text_add(ret, is_first ? "" : ",");
		json_add_text(ret, save->entries[i]->name);
		is_first = false;
	}
}

static int add_docker_image(const struct save *save, const struct catalogue_entry *entry, const char *config, struct text *ret,
			    struct error *e)
{
	text_add(ret, "{\"Config\":");
	json_add_text(ret, config);
	text_add(ret, ",\"RepoTags\":[");
	add_tags(save, entry->image, ret);
	text_add(ret, "],\"Layers\":[");
	for (size_t i = 0; i < entry->layer_count; i++) {
		const char *hex = entry->layers[i].digest ? strchr(entry->layers[i].digest, ':') : NULL;
		autofree char *name = hex ? text_format("%.80s.tar", hex + 1) : NULL;

		if (!name)
			return error_set(e, ERROR_IMAGE, "the manifest of %s names a layer by no digest", entry->name);
		text_add(ret, i ? "," : "");
		json_add_text(ret, name);
	}
	text_add(ret, "]}");
	return 0;
}

static int write_docker(struct save *save, struct error *e)
{
	autorelease(text) struct text manifest = { 0 };
	autorelease(list) struct list images = { 0 };

	text_add(&manifest, "[");
	for (size_t i = 0; i < save->count; i++) {
		const struct catalogue_entry *entry = save->entries[i];
		const char *hex = entry->config.digest ? strchr(entry->config.digest, ':') : NULL;
		autofree char *config = hex ? text_format("%.80s.json", hex + 1) : NULL;

		if (list_has(&images, entry->image))
			continue;
		text_add(&manifest, images.count ? "," : "");
		list_add(&images, entry->image);
		if (!config)
			return error_set(e, ERROR_IMAGE, "the manifest of %s names no configuration", entry->name);
		if (write_blob(save, entry->config.digest, entry->config.size, config, e) ||
		    write_layers(save, entry, /* is_docker= */ true, e) || add_docker_image(save, entry, config, &manifest, e))
			return -1;
	}
	text_add(&manifest, "]");
	return tar_write_bytes(save->fd, "manifest.json", manifest.data, manifest.length, e);
}

int image_save(const struct places *places, const struct list *words, enum save_format format, int fd, struct error *e)
{
	autorelease(save) struct save save = { .fd = fd, .store = store_open(places->store, e) };

	if (save.store < 0 || catalogue_read(places, &save.catalogue, e) || choose(&save, words, e))
		return -1;
	if (format == SAVE_DOCKER ? write_docker(&save, e) : write_oci(&save, e))
		return -1;
	return tar_write_end(fd, e);
}
