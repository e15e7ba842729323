/* SPDX-License-Identifier: Apache-2.0 */
/*
 * referrers.h - what refers to an image of the store: documents about it (an SBOM, a provenance) that are pushed with it.
 *
 *     referrers/sha256-HEX.json    an OCI index of their manifests, as a registry's tag "sha256-HEX" has it
 *
 * Each is a manifest with the image as its subject and the document as its one layer. They live as long as the image.
 */
#pragma once

#include <stdint.h>

#include "base/text.h"

struct digest;
struct error;
struct index;
struct places;

struct referrer {
	const char *artifact_type;      /* "application/spdx+json": also the document's own type */
	const char *document;           /* digest of its blob, which lies in the store */
	int64_t size;                   /* of the document, in bytes */
	const struct list *annotations; /* "key=value", or NULL */
};

/* Adds one to the image with that manifest, or replaces the one of its type. The caller holds build_pin, and not store_lock. ret_manifest:
 * its digest, to be freed. */
int referrers_add(const struct places *places, const char *image, const struct referrer *referrer, char **ret_manifest,
		  struct error *e);

/* Those of an image; none is no error. ret is released with index_release. */
int referrers_read(int store, const struct digest *image, struct index *ret, struct error *e);

/* The digests of all blobs that an image's referrers are made of. */
int referrers_blobs(int store, const char *image, struct list *ret, struct error *e);

/* The image is gone. The caller holds store_lock. */
void referrers_remove(int store, const struct digest *image);
