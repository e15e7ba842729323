/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.c - OCI indexes and manifests: tables, checks, writing.
 */
#include "images/unpack/manifest.h"

#include <string.h>

#include "base/error.h"
#include "specs/field.h"

static const char index_type[] = "application/vnd.oci.image.index.v1+json";
static const char manifest_type_oci[] = "application/vnd.oci.image.manifest.v1+json";
static const char manifest_type_docker[] = "application/vnd.docker.distribution.manifest.v2+json";

static const struct field document_fields[] = {
	{ "schemaVersion", FIELD_INTEGER, offsetof(struct document, schema_version),
	  .flags = FIELD_REQUIRED | FIELD_OPEN, .min = 1, .max = 2, .help = "2" },
	{ "mediaType", FIELD_TEXT, offsetof(struct document, media_type), .help = "index or manifest" },
	{ "config", FIELD_OBJECT, offsetof(struct document, config), .sub = descriptor_fields,
	  .help = "the configuration" },
	{ "layers", FIELD_OBJECT_LIST, offsetof(struct document, layers), .sub = descriptor_fields,
	  .size = sizeof(struct descriptor), .count_offset = offsetof(struct document, layer_count),
	  .help = "lowest first" },
	{ "manifests", FIELD_OBJECT_LIST, offsetof(struct document, manifests), .sub = descriptor_fields,
	  .size = sizeof(struct descriptor), .count_offset = offsetof(struct document, manifest_count),
	  .help = "of an index" },
	{ "subject", FIELD_OBJECT, offsetof(struct document, subject), .sub = descriptor_fields, .help = "what it refers to" },
	{ "artifactType", FIELD_TEXT, offsetof(struct document, artifact_type), .help = "what an artifact is" },
	{ "annotations", FIELD_MAP, offsetof(struct document, annotations), .help = "free words" },
	{ "fsLayers", FIELD_UNSUPPORTED,
	  .help = "images of schema version 1 are not read; push it again with a current tool" },
	{ 0 },
};

static const struct {
	const char *media_type;
	enum document_kind kind;
} document_types[] = {
	{ index_type, DOCUMENT_INDEX },
	{ "application/vnd.docker.distribution.manifest.list.v2+json", DOCUMENT_INDEX },
	{ manifest_type_oci, DOCUMENT_MANIFEST },
	{ manifest_type_docker, DOCUMENT_MANIFEST },
};

enum document_kind document_kind(const struct document *document)
{
	/* A manifest has a configuration; an index may be empty. */
	return document->config.digest || document->layer_count ? DOCUMENT_MANIFEST : DOCUMENT_INDEX;
}

bool document_is_docker(const struct document *document, const struct descriptor *descriptor)
{
	return text_equal(document->media_type ? document->media_type : descriptor->media_type, manifest_type_docker);
}

const char *manifest_media_type(bool is_docker)
{
	return is_docker ? manifest_type_docker : manifest_type_oci;
}

/* What a document says to be must be what it is, and what the descriptor called it. */
static int check_kind(const struct document *document, const char *called, struct error *e)
{
	enum document_kind kind = document_kind(document);
	const char *says = document->media_type;

	if (document->schema_version != 2)
		return error_set(e, ERROR_IMAGE, "its schemaVersion is %d, and box reads 2",
				 (int)document->schema_version);
	if (kind == DOCUMENT_MANIFEST && document->manifest_count)
		return error_set(e, ERROR_IMAGE, "it is a manifest and an index at once");
	if (kind == DOCUMENT_MANIFEST && !document->config.digest)
		return error_set(e, ERROR_IMAGE, "it has layers and no configuration");
	if (says && called && strcmp(says, called) != 0)
		return error_set(e, ERROR_IMAGE, "it calls itself \"%.100s\", and what led to it calls it \"%.100s\"",
				 says, called);
	says = says ? says : called;
	for (size_t i = 0; says && i < sizeof document_types / sizeof document_types[0]; i++)
		if (strcmp(says, document_types[i].media_type) == 0) {
			if (document_types[i].kind == kind)
				return 0;
			return error_set(e, ERROR_IMAGE, "it calls itself \"%.100s\" and is something else", says);
		}
	return says ? error_set(e, ERROR_UNSUPPORTED, "box does not read \"%.100s\"", says) : 0;
}

int document_decode(const char *json, size_t length, const char *name, const char *media_type, struct document *ret,
		    struct error *e)
{
	struct document document = { 0 };

	if (length > MANIFEST_LIMIT)
		return error_set(e, ERROR_IMAGE, "%s: it has more than %d MiB", name, MANIFEST_LIMIT >> 20);
	if (field_decode_text(json, length, name, document_fields, &document, e)) {
		document_release(&document);
		return error_as(e, ERROR_IMAGE);
	}
	if (check_kind(&document, media_type, e)) {
		document_release(&document);
		return error_in(e, "%s", name);
	}
	if (document.layer_count > MANIFEST_LAYERS) {
		error_set(e, ERROR_IMAGE, "%s: it has %zu layers, and %d are the limit", name, document.layer_count,
			  MANIFEST_LAYERS);
		document_release(&document);
		return -1;
	}
	*ret = document;
	return 0;
}

void document_release(struct document *document)
{
	field_release(document_fields, document);
}

int descriptor_check(const struct descriptor *descriptor, const char *what, struct digest *ret, struct error *e)
{
	if (digest_parse(descriptor->digest, ret))
		return error_set(e, ERROR_IMAGE, "%s: \"%.200s\" is no sha256 or sha512 digest", what,
				 descriptor->digest ? descriptor->digest : "");
	return 0;
}

static const struct {
	const char *media_type;
	enum compression compression;
} layer_types[] = {
	/* The first of each compression is what box writes. */
	{ "application/vnd.oci.image.layer.v1.tar", COMPRESSION_NONE },
	{ "application/vnd.oci.image.layer.v1.tar+gzip", COMPRESSION_GZIP },
	{ "application/vnd.oci.image.layer.v1.tar+zstd", COMPRESSION_ZSTD },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar", COMPRESSION_NONE },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", COMPRESSION_GZIP },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", COMPRESSION_ZSTD },
	{ "application/vnd.docker.image.rootfs.diff.tar", COMPRESSION_NONE },
	{ "application/vnd.docker.image.rootfs.diff.tar.gzip", COMPRESSION_GZIP },
	{ "application/vnd.docker.image.rootfs.diff.tar.zstd", COMPRESSION_ZSTD },
};

int layer_media_type(const char *media_type, enum compression *ret, struct error *e)
{
	for (size_t i = 0; i < sizeof layer_types / sizeof layer_types[0]; i++)
		if (text_equal(media_type, layer_types[i].media_type)) {
			*ret = layer_types[i].compression;
			return 0;
		}
	return error_set(e, ERROR_UNSUPPORTED, "a layer of the kind \"%.100s\" is no tar that box reads",
			 media_type ? media_type : "");
}

const char *layer_media_type_of(enum compression compression)
{
	for (size_t i = 0; i < sizeof layer_types / sizeof layer_types[0]; i++)
		if (layer_types[i].compression == compression)
			return layer_types[i].media_type;
	return NULL;
}

void manifest_write(const struct descriptor *config, const struct descriptor *layers, size_t layer_count,
		    struct text *ret)
{
	/* Every text here is a digest or a constant: nothing to escape. */
	text_addf(ret,
		  "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":{\"mediaType\":\"%s\",\"digest\":\"%s\","
		  "\"size\":%lld},\"layers\":[",
		  manifest_type_oci, config->media_type, config->digest, (long long)config->size);
	for (size_t i = 0; i < layer_count; i++)
		text_addf(ret, "%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%lld}", i ? "," : "",
			  layers[i].media_type, layers[i].digest, (long long)layers[i].size);
	text_add(ret, "]}");
}
