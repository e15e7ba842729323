/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_format.c - how each kind of image on this host is read.
 */
#include "images/unpack/image_format.h"

#include <stddef.h>

#include "base/error.h"
#include "images/unpack/wire.h"
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

int worker_unpack(int channel, void *data)
{
	struct worker *worker = data;
	int64_t unpacked = 0;
	struct error e = { 0 };
	int result;

	worker->unpacked = &unpacked;
	result = worker->imports ? worker_import(worker, channel, &e) : image_format(worker->kind)->read(worker, channel, &e);
	worker->unpacked = NULL;
	if (result)
		worker_fail(channel, &e);
	return result ? 1 : 0;
}

int worker_list(int channel, void *data)
{
	const struct worker *worker = data;
	struct error e = { 0 };

	if (image_format(worker->kind)->list(channel, &e) == 0 && wire_ask(channel, WIRE_DONE, NULL, 0, NULL, NULL, &e) == 0)
		return 0;
	worker_fail(channel, &e);
	return 1;
}
