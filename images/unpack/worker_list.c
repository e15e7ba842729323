/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_list.c - which images an archive holds, and what it calls them.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "images/unpack/manifest.h"
#include "images/unpack/wire.h"
#include "images/unpack/worker.h"

static int tell(int channel, const char *name, size_t number, struct error *e)
{
	if (name && strlen(name) >= WIRE_TEXT)
		return error_set(e, ERROR_IMAGE, "the name of its image %zu is too long", number);
	return wire_ask(channel, WIRE_LIST, name, (int64_t)number, NULL, NULL, e);
}

static int list_layout(int channel, struct error *e)
{
	autorelease(document) struct document index = { 0 };
	autorelease(text) struct text json = { 0 };

	if (worker_read_file(channel, "index.json", &json, e) || document_decode(json.data, json.length, "index.json", NULL, &index, e))
		return -1;
	if (document_kind(&index) != DOCUMENT_INDEX)
		return error_set(e, ERROR_IMAGE, "index.json is a manifest, not an index");
	for (size_t i = 0; i < index.manifest_count; i++)
		if (tell(channel, descriptor_name(&index.manifests[i]), i, e))
			return -1;
	return 0;
}

static int list_docker(int channel, struct error *e)
{
	autorelease(docker_archive) struct docker_archive archive = { 0 };
	autorelease(text) struct text json = { 0 };

	if (worker_read_file(channel, "manifest.json", &json, e) ||
	    docker_archive_decode(json.data, json.length, "manifest.json", &archive, e))
		return -1;
	for (size_t i = 0; i < archive.image_count; i++) {
		const struct list *tags = &archive.images[i].tags;

		for (size_t k = 0; k < tags->count; k++)
			if (tell(channel, tags->items[k], i, e))
				return -1;
		if (!tags->count && tell(channel, NULL, i, e))
			return -1;
	}
	return 0;
}

int worker_list(int channel, void *data)
{
	const struct worker *worker = data;
	struct error e = { 0 };

	if ((worker->kind == REFERENCE_DOCKER_ARCHIVE ? list_docker(channel, &e) : list_layout(channel, &e)) == 0 &&
	    wire_ask(channel, WIRE_DONE, NULL, 0, NULL, NULL, &e) == 0)
		return 0;
	worker_fail(channel, &e);
	return 1;
}
