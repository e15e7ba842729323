/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_request.h - what box and box-image say to each other about archives that become images.
 *
 *     box-image load STORE-FD SOURCE-FD force|keep WORDS
 *     box-image import STORE-FD SOURCE-FD NAME WORDS
 *
 * SOURCE-FD may be a pipe. The answer is as in unpack_answer.h; of load its member "loaded" lists "DIGEST NAME".
 */
#pragma once

#include <stdbool.h>

struct error;
struct list;
struct places;

/* All images of the archive in source (borrowed). is_forced: names may be taken from other images. Adds "DIGEST NAME" to ret for each,
 * also where a later one failed. */
int load_request(const struct places *places, int source, const char *words, bool is_forced, struct list *ret, struct error *e);

/* The tar of a root file system becomes the image with that full name; its digest is to be freed. */
int import_request(const struct places *places, int source, const char *words, const char *name, char **ret_image, struct error *e);
