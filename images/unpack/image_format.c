/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_format.c - how each kind of image on this host is read.
 */
#include "images/unpack/image_format.h"

#include <stddef.h>

#include "images/unpack/worker.h"

static const struct image_format formats[] = {
	[REFERENCE_TAR] = { .read = worker_tar },
	[REFERENCE_OCI] = { .read = worker_layout },
	/* Docker's newer archives are both, and are taken by the first; a layout keeps more digests. */
	[REFERENCE_OCI_ARCHIVE] = { "index.json", worker_layout, worker_layout_list },
	[REFERENCE_DOCKER_ARCHIVE] = { "manifest.json", worker_docker, worker_docker_list },
	[REFERENCE_REGISTRY] = { 0 },
};

const struct image_format *image_format(enum reference_kind kind)
{
	return formats[kind].read ? &formats[kind] : NULL;
}
