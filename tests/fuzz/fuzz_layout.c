/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_layout.c - any bytes as the JSON of an image: index, manifest, docker save's list, configuration, the store's own index.
 *
 * The first byte says as what the rest is read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "images/digest.h"
#include "images/index.h"
#include "images/unpack/manifest.h"
#include "specs/image_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Refusing is as good as taking; an error without words is not. */
static void refused(const struct error *e)
{
	if (e->kind == ERROR_NONE || !e->text[0])
		abort();
}

static void check_descriptor(const struct descriptor *descriptor)
{
	struct error e = { 0 };
	struct digest digest;
	char words[DIGEST_TEXT];
	enum compression compression;

	if (descriptor_check(descriptor, "blob", &digest, &e))
		return refused(&e);
	digest_text(&digest, words);
	/* What was accepted is what is used as a path. */
	if (strcmp(words, descriptor->digest) != 0 || strchr(words, '/') || strstr(words, ".."))
		abort();
	(void)layer_media_type(descriptor->media_type, &compression, &e); /* either answer is fine */
}

static void read_document(const char *json, size_t length)
{
	autorelease(document) struct document document = { 0 };
	struct error e = { 0 };

	if (document_decode(json, length, "fuzz", NULL, &document, &e))
		return refused(&e);
	for (size_t i = 0; i < document.layer_count; i++)
		check_descriptor(&document.layers[i]);
	for (size_t i = 0; i < document.manifest_count; i++)
		check_descriptor(&document.manifests[i]);
	if (!document_choose_tag(&document, NULL, &e))
		refused(&e);
	error_clear(&e);
	if (!document_choose_tag(&document, "latest", &e))
		refused(&e);
	error_clear(&e);
	if (!document_choose_platform(&document, NULL, &e))
		refused(&e);
}

static void read_docker(const char *json, size_t length)
{
	autorelease(docker_archive) struct docker_archive archive = { 0 };
	struct error e = { 0 };

	if (docker_archive_decode(json, length, "fuzz", &archive, &e))
		return refused(&e);
	if (!docker_archive_choose(&archive, "debian:12", &e))
		refused(&e);
}

static void read_config(const char *json, size_t length)
{
	autorelease(image_config) struct image_config config = { 0 };
	struct error e = { 0 };

	if (image_config_decode(json, length, "fuzz", &config, &e))
		refused(&e);
}

/* What index_change writes can be read again and holds the new name. */
static void add_to_index(const char *json, size_t length)
{
	static char media_type[] = "application/vnd.oci.image.manifest.v1+json";
	static char digest[] = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct descriptor descriptor = { .media_type = media_type, .digest = digest, .size = 5 };
	autorelease(document) struct document index = { 0 };
	autorelease(text) struct text new = { 0 };
	struct error e = { 0 };

	if (index_change(json, length, "a/b:c", &descriptor, &new, &e))
		return refused(&e);
	if (document_decode(new.data, new.length, "index.json", NULL, &index, &e) ||
	    !document_choose_tag(&index, "a/b:c", &e))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const char *, size_t) = { read_document, read_docker, read_config,
								 add_to_index };

	if (size > 0)
		readers[data[0] % 4]((const char *)data + 1, size - 1);
	return 0;
}
