/* SPDX-License-Identifier: Apache-2.0 */
/*
 * choose.c - which image of several: by tag, and by platform.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "images/platform.h"
#include "images/unpack/manifest.h"
#include "specs/field.h"

/* Under which an index names its images; the first is the standard's, the second containerd's. */
static const char *const name_keys[] = { "org.opencontainers.image.ref.name", "io.containerd.image.name" };

static bool is_named(const struct descriptor *descriptor, const char *tag)
{
	for (size_t i = 0; i < sizeof name_keys / sizeof name_keys[0]; i++)
		if (text_equal(list_env_get(&descriptor->annotations, name_keys[i]), tag))
			return true;
	return false;
}

/* The tags that exist, escaped and bounded, for the error. */
static void add_tag(struct text *tags, const char *tag)
{
	if (!tag || tags->length > 600)
		return;
	if (tags->length)
		text_add(tags, ", ");
	text_add_escaped(tags, tag, strnlen(tag, 100));
}

static int refuse_tag(const char *tag, size_t count, const struct text *tags, struct error *e)
{
	const char *known = tags->data ? tags->data : "none has a name";

	if (tag)
		return error_set(e, ERROR_MISSING, "no image with the tag \"%.100s\"; there are: %s", tag, known);
	if (!count)
		return error_set(e, ERROR_IMAGE, "it holds no image");
	error_set(e, ERROR_IMAGE, "it holds %zu images: %s", count, known);
	return error_hint(e, "name one by its tag behind the path, such as \":%.60s\"", tags->data ? "TAG" : "latest");
}

const struct descriptor *document_choose_tag(const struct document *document, const char *tag, struct error *e)
{
	autorelease(text) struct text tags = { 0 };

	if (!tag && document->manifest_count == 1)
		return &document->manifests[0];
	for (size_t i = 0; i < document->manifest_count; i++) {
		if (tag && is_named(&document->manifests[i], tag))
			return &document->manifests[i];
		add_tag(&tags, list_env_get(&document->manifests[i].annotations, name_keys[0]));
	}
	refuse_tag(tag, document->manifest_count, &tags, e);
	return NULL;
}

static int refuse_item(size_t count, struct error *e)
{
	return error_set(e, ERROR_IMAGE, "its list of %zu images has changed", count);
}

const struct descriptor *document_choose_item(const struct document *document, int item, struct error *e)
{
	if (item >= 0 && (size_t)item < document->manifest_count)
		return &document->manifests[item];
	refuse_item(document->manifest_count, e);
	return NULL;
}

const char *descriptor_name(const struct descriptor *descriptor)
{
	const char *full = list_env_get(&descriptor->annotations, name_keys[1]);

	return full ? full : list_env_get(&descriptor->annotations, name_keys[0]);
}

const struct descriptor *document_choose_platform(const struct document *document, const struct platform *platform, struct error *e)
{
	autorelease(text) struct text platforms = { 0 };
	const struct platform host = { .os = (char *)(uintptr_t)"linux", .architecture = (char *)(uintptr_t)platform_host_architecture() };
	const struct platform *wanted = platform ? platform : &host; /* both are only read */
	const struct descriptor *best = NULL;
	int best_fit = 0;

	for (size_t i = 0; i < document->manifest_count; i++) {
		const struct platform *found = &document->manifests[i].platform;
		int fit = platform_fits(found, wanted);
		autofree char *words = NULL;

		if (fit > best_fit) {
			best_fit = fit;
			best = &document->manifests[i];
		}
		words = text_format("%.40s/%.40s%s%.40s", found->os ? found->os : "?", found->architecture ? found->architecture : "?",
				    found->variant ? "/" : "", found->variant ? found->variant : "");
		add_tag(&platforms, words);
	}
	if (best)
		return best;
	/* One without a word about its platform is taken at its word by everybody. */
	if (document->manifest_count == 1 && !document->manifests[0].platform.os)
		return &document->manifests[0];
	error_set(e, ERROR_IMAGE, "it has no image for %.40s/%.40s%s%.40s; there are: %s", wanted->os, wanted->architecture,
		  wanted->variant ? "/" : "", wanted->variant ? wanted->variant : "", platforms.data ? platforms.data : "none");
	return NULL;
}

static const struct field docker_image_fields[] = {
	{ "Config", FIELD_TEXT, offsetof(struct docker_image, config), .flags = FIELD_REQUIRED | FIELD_OPEN,
	  .help = "file name" },
	{ "RepoTags", FIELD_TEXT_LIST, offsetof(struct docker_image, tags), .help = "names" },
	{ "Layers", FIELD_TEXT_LIST, offsetof(struct docker_image, layers), .flags = FIELD_REQUIRED,
	  .help = "file names, lowest first" },
	{ 0 },
};

static const struct field docker_archive_fields[] = {
	{ "images", FIELD_OBJECT_LIST, offsetof(struct docker_archive, images), .sub = docker_image_fields,
	  .size = sizeof(struct docker_image), .count_offset = offsetof(struct docker_archive, image_count),
	  .help = "all that were saved" },
	{ 0 },
};

int docker_archive_decode(const char *json, size_t length, const char *name, struct docker_archive *ret,
			  struct error *e)
{
	autorelease(text) struct text wrapped = { 0 };
	struct docker_archive archive = { 0 };

	if (length > MANIFEST_LIMIT)
		return error_set(e, ERROR_IMAGE, "%s: it has more than %d MiB", name, MANIFEST_LIMIT >> 20);
	/* The document is an array; tables decode objects. A text that closes the array early would be an unknown key here. */
	text_add(&wrapped, "{\"images\":");
	text_add_bytes(&wrapped, json, length);
	text_add_char(&wrapped, '}');
	if (field_decode_text(wrapped.data, wrapped.length, name, docker_archive_fields, &archive, e)) {
		docker_archive_release(&archive);
		return error_as(e, ERROR_IMAGE);
	}
	for (size_t i = 0; i < archive.image_count; i++)
		if (archive.images[i].layers.count > MANIFEST_LAYERS || !archive.images[i].layers.count) {
			error_set(e, ERROR_IMAGE, "%s: an image in it has %zu layers, and 1 to %d are allowed", name,
				  archive.images[i].layers.count, MANIFEST_LAYERS);
			docker_archive_release(&archive);
			return -1;
		}
	*ret = archive;
	return 0;
}

void docker_archive_release(struct docker_archive *archive)
{
	field_release(docker_archive_fields, archive);
}

/* "debian", "debian:latest" and "docker.io/library/debian:latest" are the same name, as docker and podman write it. */
static bool has_docker_tag(const struct docker_image *image, const char *tag)
{
	static const char *const prefixes[] = { "", "docker.io/", "docker.io/library/" };
	static const char *const suffixes[] = { "", ":latest" };

	for (size_t i = 0; i < 6; i++) {
		autofree char *full = text_format("%s%s%s", prefixes[i % 3], tag, suffixes[i / 3]);

		if (list_has(&image->tags, full))
			return true;
	}
	return false;
}

const struct docker_image *docker_archive_choose(const struct docker_archive *archive, const char *tag, struct error *e)
{
	autorelease(text) struct text tags = { 0 };

	if (!tag && archive->image_count == 1)
		return &archive->images[0];
	for (size_t i = 0; i < archive->image_count; i++) {
		if (tag && has_docker_tag(&archive->images[i], tag))
			return &archive->images[i];
		for (size_t k = 0; k < archive->images[i].tags.count; k++)
			add_tag(&tags, archive->images[i].tags.items[k]);
	}
	refuse_tag(tag, archive->image_count, &tags, e);
	return NULL;
}

const struct docker_image *docker_archive_item(const struct docker_archive *archive, int item, struct error *e)
{
	if (item >= 0 && (size_t)item < archive->image_count)
		return &archive->images[item];
	refuse_item(archive->image_count, e);
	return NULL;
}
