/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_listing.c - what is in a layer's folder, written down inside the sandbox.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "images/unpack/listing.h"
#include "images/unpack/wire.h"
#include "images/unpack/worker.h"

int worker_list_layer(int channel, int root, int number, const struct content_notes *notes, struct error *e)
{
	autoclose int out = -1;

	if (wire_ask(channel, WIRE_LISTING, NULL, number, NULL, &out, e))
		return -1;
	return listing_write(root, out, notes, e) ? error_as(e, ERROR_IMAGE) : 0;
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
	return end(channel, root < 0 ? error_sys(&e, "open the layer's folder") : worker_list_layer(channel, root, 0, NULL, &e), &e);
}
