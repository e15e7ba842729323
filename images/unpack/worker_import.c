/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_import.c - the tar of a root file system becomes an image: itself as the one layer, with a configuration and a manifest made here.
 *
 * Nothing in them tells when or where it was done: the same tar is the same image everywhere.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "images/digest.h"
#include "images/platform.h"
#include "images/unpack/manifest.h"
#include "images/unpack/wire.h"
#include "images/unpack/worker.h"

static int write_config(const char *diff_id, struct error *e)
{
	autoclose int file = openat(AT_FDCWD, "config", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	autorelease(text) struct text json = { 0 };

	text_addf(&json,
		  "{\"architecture\":\"%s\",\"os\":\"linux\","
		  "\"config\":{\"Env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"]},"
		  "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]},\"history\":[{\"created_by\":\"box import\"}]}",
		  platform_host_architecture(), diff_id);
	return file < 0 || write_all(file, json.data, json.length) ? error_sys(e, "write the image's configuration") : 0;
}

static int make_config(int channel, const char *diff_id, struct descriptor *ret, struct error *e)
{
	autoclose int fd = -1;

	if (write_config(diff_id, e) ||
	    worker_add_file(channel, WIRE_MADE, "config", "application/vnd.oci.image.config.v1+json", ret, &fd, e))
		return -1;
	return wire_ask(channel, WIRE_CONFIG, ret->digest, 0, NULL, NULL, e);
}

static int import(const struct worker *worker, int channel, struct descriptor *layer, struct descriptor *config, struct error *e)
{
	struct layer_source source = { .fd = -1 };
	char name[DIGEST_TEXT];
	struct digest digest;
	autoclose int fd = -1;

	if (worker_add_file(channel, WIRE_TAKE, NULL, NULL, layer, &fd, e))
		return -1;
	source.fd = fd;
	if (worker_layer_type(fd, layer, e) || worker_layer(worker, channel, &source, &digest, NULL, e))
		return -1;
	digest_text(&digest, name);
	if (wire_ask(channel, WIRE_LAYER, name, 0, NULL, NULL, e) || make_config(channel, name, config, e))
		return -1;
	return worker_finish(channel, config, layer, 1, e);
}

int worker_import(const struct worker *worker, int channel, struct error *e)
{
	struct descriptor layer = { 0 }, config = { 0 };
	int result = import(worker, channel, &layer, &config, e);

	free(layer.digest);
	free(config.digest);
	return result;
}
