/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pull_request.h - what box and box-image say to each other about a registry's image.
 *
 *     box-image pull STORE-FD NAME [PLATFORM]
 *
 * On its stdout come lines "blob DIGEST AT SIZE" for whoever draws progress, then the answer of unpack_request.h.
 */
#pragma once

#include <stdint.h>

struct error;

/* How far a blob is; told often. */
typedef void pull_progress(const char *digest, int64_t at, int64_t size, void *data);

struct pull_request {
	int store;
	const char *name;     /* full */
	const char *platform; /* NULL: this host's */
	pull_progress *progress; /* or NULL */
	void *data;
};

/* Runs box-image. The digests of the image's manifest and of what the registry calls the image; to be freed. */
int pull_request(const struct pull_request *request, char **ret_image, char **ret_source, struct error *e);
