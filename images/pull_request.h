/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pull_request.h - what box and box-image say to each other about a registry's image.
 *
 *     box-image pull STORE-FD NAME known|new any|folders [PLATFORM]
 *
 * Progress and answer are those of image_request.h.
 */
#pragma once

#include <stdbool.h>

#include "images/image_request.h"

struct error;

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
