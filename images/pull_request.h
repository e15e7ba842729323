/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pull_request.h - what box and box-image say to each other about a registry's image.
 *
 *     box-image pull STORE-FD NAME known|new any|folders [PLATFORM]
 *
 * On its stdout come lines "blob DIGEST AT SIZE" for whoever draws progress, then the answer of unpack_request.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;
struct list;
struct unpack_answer;

/* How far a blob is; told often. */
typedef void pull_progress(const char *digest, int64_t at, int64_t size, void *data);

/* Any order to box-image that speaks to a registry. */
struct image_request {
	int store;
	int source; /* one more descriptor that it gets; 0: none */
	const struct list *words; /* behind the program's name */
	const char *name;         /* of the image, for messages */
	pull_progress *progress;  /* or NULL */
	void *data;
};

/* Runs box-image. ret: NULL, or released with unpack_answer_release. */
int image_request(const struct image_request *request, struct unpack_answer *ret, struct error *e);

struct pull_request {
	int store;
	const char *name;     /* full */
	const char *written;  /* without the host where none was written */
	const char *platform; /* NULL: this host's */
	bool is_known;        /* the store has an image by that name */
	pull_progress *progress; /* or NULL */
	void *data;
};

/* Runs box-image. The digests of the image's manifest and of what the registry calls the image; to be freed. */
int pull_request(const struct pull_request *request, char **ret_image, char **ret_source, struct error *e);
