/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_write.h - an image of parts that lie in the store: configuration, manifest, record and names.
 *
 * Both documents have their members in a fixed order, no space, and nothing of this host: equal parts are equal bytes.
 */
#pragma once

#include <stdint.h>

#include "base/text.h"

struct build_config;
struct error;
struct image_parts;
struct places;

struct image_write {
	const struct image_parts *parts;
	const struct build_config *config;
	const struct list
		*names; /* full ones ("docker.io/library/web:1"); without one the image is listed by its digest */
	const struct list *annotations; /* "key=value" of the caller's, or NULL; they win over those made here */
	int64_t epoch;                  /* when it was created: seconds since 1970 */
};

/* The manifest's digest, to be freed. The caller holds build_pin, and not store_lock. What a name stood for before loses it. */
int image_write(const struct places *places, const struct image_write *image, char **ret_digest, struct error *e);

/* A document as a blob of the store: "sha256:…" in ret, 72 bytes. */
int image_write_blob(int store, const struct text *document, char *ret, struct error *e);
