/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_layout.c - one image of an OCI layout, inside the sandbox. A registry looks like one, too.
 *
 * Blobs come from the parent, which has compared digest and size before the first byte is looked at here. What is compared here is the
 * rest: media types, the number of layers, and the digest of every uncompressed layer.
 */
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "images/digest.h"
#include "images/index.h"
#include "images/platform.h"
#include "images/store.h"
#include "images/unpack/manifest.h"
#include "images/unpack/wire.h"
#include "images/unpack/worker.h"
#include "specs/image_config.h"

enum { INDEX_DEPTH = 4 };

static int layout_layer(const struct worker *worker, int channel, const struct descriptor *descriptor,
			const char *diff_id, int index, struct error *e)
{
	struct layer_source source = { .fd = -1, .index = index };
	enum compression compression;
	struct digest expected, blob;
	autoclose int fd = -1;

	if (worker_diff_id(diff_id, &expected, e) || layer_media_type(descriptor->media_type, &compression, e))
		return -1;
	/* The blob is kept as received even where its content is known already: the image must stay whole in the store. */
	fd = worker_open_blob(channel, WIRE_BLOB, descriptor, "its blob", &blob, e);
	if (fd < 0)
		return -1;
	source.fd = fd;
	source.expected = &expected;
	source.media_type = &compression;
	return worker_add_layer(worker, channel, &source, e);
}

/* Tells the parent which blobs will be asked for, so that a pull can fetch several at once. */
static int announce(int channel, const struct document *manifest, struct error *e)
{
	struct digest digest;
	char name[DIGEST_TEXT];

	for (size_t i = 0; i < manifest->layer_count; i++) {
		if (descriptor_check(&manifest->layers[i], "its blob", &digest, e))
			return worker_name_layer(e, i, manifest->layer_count);
		digest_text(&digest, name);
		if (wire_ask(channel, WIRE_WANT, name, manifest->layers[i].size, NULL, NULL, e))
			return worker_name_layer(e, i, manifest->layer_count);
	}
	return 0;
}

/* Of an image that no index of platforms led to: what its configuration says has to be what was asked for. A variant is not compared, as
 * configurations leave it out. */
static int check_platform(const struct platform *wanted, const struct image_config *config, struct error *e)
{
	if (!wanted || !config->architecture || !config->os ||
	    (strcmp(config->architecture, wanted->architecture) == 0 && strcmp(config->os, wanted->os) == 0))
		return 0;
	return error_set(e, ERROR_IMAGE, "it is for %.40s/%.40s alone, and %.40s/%.40s was asked for", config->os, config->architecture,
			 wanted->os, wanted->architecture);
}

static int layout_image(const struct worker *worker, int channel, const struct document *manifest, const struct platform *wanted,
			struct error *e)
{
	autorelease(image_config) struct image_config config = { 0 };
	autorelease(text) struct text json = { 0 };
	struct digest digest;
	char name[DIGEST_TEXT];

	if (descriptor_check(&manifest->config, "the image's configuration", &digest, e) ||
	    worker_read_blob(channel, WIRE_BLOB, &manifest->config, "the image's configuration", &json, e) ||
	    image_config_decode(json.data, json.length, "the image's configuration", &config, e))
		return -1;
	if (check_platform(wanted, &config, e))
		return -1;
	if (config.diff_ids.count != manifest->layer_count || !manifest->layer_count)
		return error_set(e, ERROR_IMAGE, "the manifest has %zu layers, and the image's configuration %zu",
				 manifest->layer_count, config.diff_ids.count);
	digest_text(&digest, name);
	if (wire_ask(channel, WIRE_CONFIG, name, 0, NULL, NULL, e) || announce(channel, manifest, e))
		return -1;
	for (size_t i = 0; i < manifest->layer_count; i++)
		if (layout_layer(worker, channel, &manifest->layers[i], config.diff_ids.items[i], (int)i, e))
			return worker_name_layer(e, i, manifest->layer_count);
	return 0;
}

/* Follows descriptor through indexes of platforms down to a manifest, and unpacks that. */
static int follow(const struct worker *worker, int channel, const struct descriptor *descriptor, int depth,
		  struct error *e)
{
	autorelease(document) struct document document = { 0 };
	autorelease(text) struct text json = { 0 };
	const struct descriptor *next;
	struct digest digest;
	char name[DIGEST_TEXT];

	if (depth > INDEX_DEPTH)
		return error_set(e, ERROR_IMAGE, "its indexes lead to indexes more than %d times", INDEX_DEPTH);
	if (descriptor_check(descriptor, "the index", &digest, e) ||
	    worker_read_blob(channel, WIRE_MANIFEST, descriptor, "the manifest", &json, e) ||
	    document_decode(json.data, json.length, "the manifest", descriptor->media_type, &document, e))
		return -1;
	if (document_kind(&document) == DOCUMENT_INDEX) {
		next = document_choose_platform(&document, worker->platform, e);
		return next ? follow(worker, channel, next, depth + 1, e) : -1;
	}
	/* Where an index led here its word counts: some are right where the configuration is not. */
	if (layout_image(worker, channel, &document, depth ? NULL : worker->platform, e))
		return -1;
	digest_text(&digest, name);
	return wire_ask(channel, WIRE_DONE, name, document_is_docker(&document, descriptor), NULL, NULL, e);
}

/* An archive that box saved says which index its registry has the image in, and brings that along: its word counts where the index names
 * the image. */
static int take_index(int channel, const struct descriptor *chosen, struct error *e)
{
	const char *said = list_env_get(&chosen->annotations, INDEX_SOURCE);
	autorelease(document) struct document index = { 0 };
	autorelease(text) struct text json = { 0 };
	struct descriptor found = { 0 };
	struct digest digest;
	autofree char *file = said && digest_parse(said, &digest) == 0 ? store_blob_path(&digest) : NULL;
	autofree char *called = NULL;
	autoclose int fd = -1;

	if (!file)
		return 0;
	if (worker_add_file(channel, WIRE_ADD, file, NULL, &found, &fd, e))
		return error_in(e, "the index that it was chosen from");
	called = take_ptr(&found.digest);
	if (!text_equal(called, said))
		return error_set(e, ERROR_IMAGE, "the index that it says to be from has another digest");
	if (worker_read_fd(fd, "the index", &json, e) || document_decode(json.data ? json.data : "", json.length, "the index", NULL, &index, e))
		return -1;
	for (size_t i = 0; i < index.manifest_count; i++)
		if (text_equal(index.manifests[i].digest, chosen->digest))
			return wire_ask(channel, WIRE_INDEX, said, 0, NULL, NULL, e);
	return wire_ask(channel, WIRE_WARN, "an image says to be from an index that does not name it: its own digest counts, continuing", 0, NULL,
			NULL, e);
}

int worker_layout(const struct worker *worker, int channel, struct error *e)
{
	autorelease(document) struct document index = { 0 };
	autorelease(text) struct text json = { 0 };
	const struct descriptor *chosen;

	if (worker_read_file(channel, "index.json", &json, e) ||
	    document_decode(json.data, json.length, "index.json", NULL, &index, e))
		return -1;
	if (document_kind(&index) != DOCUMENT_INDEX)
		return error_set(e, ERROR_IMAGE, "index.json is a manifest, not an index");
	chosen = worker->item < 0 ? document_choose_tag(&index, worker->tag, e) : document_choose_item(&index, worker->item, e);
	if (chosen && worker->item >= 0 && take_index(channel, chosen, e))
		return -1;
	/* Several entries without a tag may be one image for several platforms, as skopeo copy --all leaves them. */
	return chosen ? follow(worker, channel, chosen, 0, e) : -1;
}

int worker_layout_list(int channel, struct error *e)
{
	autorelease(document) struct document index = { 0 };
	autorelease(text) struct text json = { 0 };

	if (worker_read_file(channel, "index.json", &json, e) || document_decode(json.data, json.length, "index.json", NULL, &index, e))
		return -1;
	if (document_kind(&index) != DOCUMENT_INDEX)
		return error_set(e, ERROR_IMAGE, "index.json is a manifest, not an index");
	for (size_t i = 0; i < index.manifest_count; i++)
		if (worker_tell(channel, descriptor_name(&index.manifests[i]), i, e))
			return -1;
	return 0;
}
