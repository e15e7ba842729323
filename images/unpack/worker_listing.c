/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_listing.c - what is in layers' folders, written down inside the sandbox.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "images/unpack/listing.h"
#include "images/unpack/manifest.h"
#include "images/unpack/wire.h"
#include "images/unpack/worker.h"

static int list_folder(int channel, int root, int number, struct error *e)
{
	autoclose int out = -1;

	if (wire_ask(channel, WIRE_LISTING, NULL, number, NULL, &out, e))
		return -1;
	return listing_write(root, out, e) ? error_as(e, ERROR_IMAGE) : 0;
}

static int end(int channel, int failed, struct error *e)
{
	if (failed == 0 && wire_ask(channel, WIRE_DONE, NULL, 0, NULL, NULL, e) == 0)
		return 0;
	worker_fail(channel, e);
	return 1;
}

int worker_list_root(int channel, void *data)
{
	autoclose int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct error e = { 0 };

	(void)data;
	return end(channel, root < 0 ? error_sys(&e, "open the layer's folder") : list_folder(channel, root, 0, &e), &e);
}

int worker_list_layers(int channel, void *data)
{
	struct error e = { 0 };
	int failed = 0;

	(void)data;
	for (int i = 0; failed == 0 && i < MANIFEST_LAYERS; i++) {
		char name[24];
		autoclose int root = -1;

		(void)snprintf(name, sizeof name, "/%d", i); /* always fits */
		root = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		/* Other layers are tars, or were in the store already. */
		if (root < 0 && errno != ENOENT)
			failed = error_sys(&e, "open the folder of layer %d", i + 1);
		else if (root >= 0 && list_folder(channel, root, i, &e))
			failed = error_in(&e, "layer %d", i + 1);
	}
	return end(channel, failed, &e);
}
