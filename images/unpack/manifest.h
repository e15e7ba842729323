/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.h - OCI indexes and manifests, and the manifest.json of docker save.
 *
 * One decoder reads index and manifest, so that a document which is both can be seen and refused (CVE-2021-41190). Keys that are not
 * named here are allowed, as the specification demands.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "images/descriptor.h"
#include "images/digest.h"
#include "images/unpack/decoder.h"

struct error;

enum { MANIFEST_LIMIT = 4 << 20, MANIFEST_LAYERS = 500 };

struct document {
	int64_t schema_version;
	char *media_type;
	struct descriptor config;
	struct descriptor *layers;
	size_t layer_count;
	struct descriptor *manifests;
	size_t manifest_count;
	struct descriptor subject; /* what it refers to; digest NULL: nothing */
	char *artifact_type;
	struct list annotations;
};

enum document_kind { DOCUMENT_INDEX, DOCUMENT_MANIFEST };

/* media_type: what the descriptor that led here said, or NULL. */
int document_decode(const char *json, size_t length, const char *name, const char *media_type, struct document *ret,
		    struct error *e);
void document_release(struct document *document);
enum document_kind document_kind(const struct document *document);

/* Whether it is a manifest of Docker's own kind; descriptor led here. */
bool document_is_docker(const struct document *document, const struct descriptor *descriptor);
const char *manifest_media_type(bool is_docker);

/* The descriptor for tag (NULL: the only one) in a layout's index.json. Borrowed from document. */
const struct descriptor *document_choose_tag(const struct document *document, const char *tag, struct error *e);
/* The one with that number. Borrowed. */
const struct descriptor *document_choose_item(const struct document *document, int item, struct error *e);
/* What an index calls it: its full name if it has one, or its tag; NULL: nothing. Borrowed. */
const char *descriptor_name(const struct descriptor *descriptor);
/* The descriptor for platform (NULL: this host's) in an index of several. Borrowed. */
const struct descriptor *document_choose_platform(const struct document *document, const struct platform *platform, struct error *e);

/* What a layer's media type says about its compression; refused where it is no tar. */
int layer_media_type(const char *media_type, enum compression *ret, struct error *e);

/* Digest and size of a descriptor, checked. */
int descriptor_check(const struct descriptor *descriptor, const char *what, struct digest *ret, struct error *e);

/* docker save's manifest.json. */
struct docker_image {
	char *config;       /* name of a file in the archive */
	struct list tags;   /* "debian:12" */
	struct list layers; /* names of files, lowest first */
};

struct docker_archive {
	struct docker_image *images;
	size_t image_count;
};

int docker_archive_decode(const char *json, size_t length, const char *name, struct docker_archive *ret,
			  struct error *e);
void docker_archive_release(struct docker_archive *archive);
const struct docker_image *docker_archive_choose(const struct docker_archive *archive, const char *tag,
						 struct error *e);

const struct docker_image *docker_archive_item(const struct docker_archive *archive, int item, struct error *e);

/* An OCI manifest as text, in one fixed form. Media types by compressions. */
void manifest_write(const struct descriptor *config, const struct descriptor *layers, size_t layer_count,
		    struct text *ret);
const char *layer_media_type_of(enum compression compression);
