/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pusher.h - the process that gives an image to a registry, in the fetcher's sandbox.
 *
 * Here it asks (images/unpack/wire.h): WIRE_BLOB for each blob that the registry lacks and for the manifest, WIRE_LAYER when a blob is
 * there, WIRE_DONE at the end.
 */
#pragma once

#include "base/text.h"

struct plan;

struct pusher {
	const struct plan *plan;
	struct list blobs;     /* digests: all but the manifest */
	const char *manifest;  /* digest */
	const char *from;      /* another repository of the registry that may have the blobs, or NULL */
};

/* A task for sandbox_start; data is a struct pusher. */
int pusher_run(int channel, void *data);
