/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_docker.c - one image of an archive that docker save wrote, inside the sandbox. It has no OCI manifest: one is made.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "images/digest.h"
#include "images/unpack/manifest.h"
#include "images/unpack/wire.h"
#include "images/unpack/worker.h"
#include "specs/image_config.h"

static int docker_layer(const struct worker *worker, int channel, const char *file, const char *diff_id, int index,
			struct descriptor *ret, struct error *e)
{
	struct layer_source source = { .fd = -1, .index = index };
	struct digest expected;
	autoclose int fd = -1;

	if (worker_diff_id(diff_id, &expected, e) || worker_add_file(channel, WIRE_ADD, file, NULL, ret, &fd, e) ||
	    worker_layer_type(fd, ret, e))
		return -1;
	source.fd = fd;
	source.expected = &expected;
	return worker_add_layer(worker, channel, &source, e);
}

static int docker_image(const struct worker *worker, int channel, const struct docker_image *image,
			struct descriptor *config, struct descriptor *layers, struct error *e)
{
	autorelease(image_config) struct image_config decoded = { 0 };
	autorelease(text) struct text json = { 0 };
	autoclose int fd = -1;

	if (worker_add_file(channel, WIRE_ADD, image->config, "application/vnd.oci.image.config.v1+json", config, &fd, e) ||
	    worker_read_fd(fd, "the image's configuration", &json, e) ||
	    image_config_decode(json.data, json.length, "the image's configuration", &decoded, e))
		return -1;
	if (decoded.diff_ids.count != image->layers.count)
		return error_set(e, ERROR_IMAGE, "manifest.json has %zu layers, and the image's configuration %zu",
				 image->layers.count, decoded.diff_ids.count);
	if (wire_ask(channel, WIRE_CONFIG, config->digest, 0, NULL, NULL, e))
		return -1;
	for (size_t i = 0; i < image->layers.count; i++)
		if (docker_layer(worker, channel, image->layers.items[i], decoded.diff_ids.items[i], (int)i, &layers[i],
				 e))
			return worker_name_layer(e, i, image->layers.count);
	return worker_finish(channel, config, layers, image->layers.count, e);
}

int worker_docker(const struct worker *worker, int channel, struct error *e)
{
	autorelease(docker_archive) struct docker_archive archive = { 0 };
	autorelease(text) struct text json = { 0 };
	const struct docker_image *chosen;
	struct descriptor config = { 0 };
	autofree struct descriptor *layers = NULL;
	int result;

	if (worker_read_file(channel, "manifest.json", &json, e) ||
	    docker_archive_decode(json.data, json.length, "manifest.json", &archive, e))
		return -1;
	chosen = worker->item < 0 ? docker_archive_choose(&archive, worker->tag, e) : docker_archive_item(&archive, worker->item, e);
	if (!chosen)
		return -1;
	layers = alloc_zeroed(chosen->layers.count, sizeof *layers);
	result = docker_image(worker, channel, chosen, &config, layers, e);
	for (size_t i = 0; i < chosen->layers.count; i++)
		free(layers[i].digest);
	free(config.digest);
	return result;
}

int worker_docker_list(int channel, struct error *e)
{
	autorelease(docker_archive) struct docker_archive archive = { 0 };
	autorelease(text) struct text json = { 0 };

	if (worker_read_file(channel, "manifest.json", &json, e) ||
	    docker_archive_decode(json.data, json.length, "manifest.json", &archive, e))
		return -1;
	for (size_t i = 0; i < archive.image_count; i++) {
		const struct list *tags = &archive.images[i].tags;

		for (size_t k = 0; k < tags->count; k++)
			if (worker_tell(channel, tags->items[k], i, e))
				return -1;
		if (!tags->count && worker_tell(channel, NULL, i, e))
			return -1;
	}
	return 0;
}
