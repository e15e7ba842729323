/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff_request.h - where two images of the store differ, and what is in one: what box asks box-image.
 *
 *     box-image diff STORE-FD alone|above WORD…       each "a DIGEST SIZE" or "b DIGEST SIZE": layers, lowest first
 *     box-image sbom STORE-FD NAME DIGEST CREATED "DIGEST SIZE"…
 *
 * The answer is that of unpack_answer.h. "told" has for diff a line "WHAT\tFIRST\tSECOND\t/PATH" for each difference, in the order of the
 * paths, with what steers a terminal escaped; for sbom one line, "DIGEST SIZE", of a blob that is in the store.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct commit_layer;
struct error;
struct list;
struct places;

/*
 * Compares two images by their manifests' digests: what their layers show, from the first layer on that is not the same. Adds lines to ret;
 * none: the trees are equal, whatever the layers are. Of the first file whose content differs WHAT is "content at byte N",
 * and FIRST and SECOND are that line; of others they are digests.
 */
int diff_request(const struct places *places, const char *first, const char *second, struct list *ret, struct error *e);

/* The same for two layers that lie on the same ones; NULL: none was made. */
int diff_layers_request(const struct places *places, const struct commit_layer *first, const struct commit_layer *second, struct list *ret,
			struct error *e);

/* Makes the SBOM of an image, by its manifest's digest: ret gets its digest, to be freed, and its size. created: RFC 3339. */
int sbom_request(const struct places *places, const char *manifest, const char *name, const char *created,
		 char **ret_digest, int64_t *ret_size, struct error *e);
