/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_image.c - one image of a layout, or of docker save, inside the sandbox.
 *
 * Blobs come from the parent, which has compared digest and size before the first byte is looked at here. What is compared here is the
 * rest: media types, the number of layers, and the digest of every uncompressed layer.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "images/digest.h"
#include "images/index.h"
#include "images/store.h"
#include "images/unpack/manifest.h"
#include "images/unpack/wire.h"
#include "images/unpack/worker.h"
#include "specs/image_config.h"

enum { INDEX_DEPTH = 4 };

static int read_fd(int fd, const char *name, struct text *ret, struct error *e)
{
	if (file_read_fd(fd, name, MANIFEST_LIMIT, ret, e))
		return error_as(e, ERROR_IMAGE);
	if (!ret->data)
		return error_set(e, ERROR_IMAGE, "%s is empty", name);
	return 0;
}

int worker_read_file(int channel, const char *name, struct text *ret, struct error *e)
{
	autoclose int fd = -1;

	if (wire_ask(channel, WIRE_FILE, name, 0, NULL, &fd, e))
		return -1;
	return read_fd(fd, name, ret, e);
}

static int open_blob(int channel, enum wire_op op, const struct descriptor *descriptor, const char *what, struct digest *ret,
		     struct error *e)
{
	char name[DIGEST_TEXT];
	int fd = -1;

	if (descriptor_check(descriptor, what, ret, e))
		return -1;
	digest_text(ret, name);
	if (wire_ask(channel, op, name, descriptor->size, NULL, &fd, e))
		return error_in(e, "%s", what);
	return fd;
}

int worker_read_blob(int channel, enum wire_op op, const struct descriptor *descriptor, const char *what, struct text *ret,
		     struct error *e)
{
	struct digest digest;
	autoclose int fd = -1;

	if (descriptor->size > MANIFEST_LIMIT)
		return error_set(e, ERROR_IMAGE, "%s: it has more than %d MiB", what, MANIFEST_LIMIT >> 20);
	fd = open_blob(channel, op, descriptor, what, &digest, e);
	return fd < 0 ? -1 : read_fd(fd, what, ret, e);
}

/* Which layer is the n-th, in the error of whatever fails with it. */
static int name_layer(struct error *e, size_t n, size_t count)
{
	return error_in(e, "layer %zu of %zu", n + 1, count);
}

/* Tells the parent about a layer that is in the store already; 1 where it is, 0 where it has to be unpacked. */
static int skip_layer(int channel, const char *name, struct error *e)
{
	struct wire_message answer;

	if (wire_ask(channel, WIRE_HAS, name, 0, &answer, NULL, e))
		return -1;
	if (!answer.number)
		return 0;
	return wire_ask(channel, WIRE_LAYER, name, -1, NULL, NULL, e) ? -1 : 1;
}

static int parse_diff_id(const char *words, struct digest *ret, struct error *e)
{
	if (digest_parse(words, ret))
		return error_set(e, ERROR_IMAGE, "the image's configuration calls it \"%.200s\", which is no digest", words);
	return 0;
}

/* It becomes the next of the image; unpacked where the store does not have it. */
static int add_layer(const struct worker *worker, int channel, const struct layer_source *source, struct error *e)
{
	struct digest found;
	char name[DIGEST_TEXT];
	int known;

	digest_text(source->expected, name);
	known = skip_layer(channel, name, e);
	if (known)
		return known > 0 ? 0 : -1;
	if (worker_layer(worker, channel, source, &found, NULL, e))
		return -1;
	return wire_ask(channel, WIRE_LAYER, name, source->index, NULL, NULL, e);
}

static int layout_layer(const struct worker *worker, int channel, const struct descriptor *descriptor,
			const char *diff_id, int index, struct error *e)
{
	struct layer_source source = { .fd = -1, .index = index };
	enum compression compression;
	struct digest expected, blob;
	autoclose int fd = -1;

	if (parse_diff_id(diff_id, &expected, e) || layer_media_type(descriptor->media_type, &compression, e))
		return -1;
	/* The blob is kept as received even where its content is known already: the image must stay whole in the store. */
	fd = open_blob(channel, WIRE_BLOB, descriptor, "its blob", &blob, e);
	if (fd < 0)
		return -1;
	source.fd = fd;
	source.expected = &expected;
	source.media_type = &compression;
	return add_layer(worker, channel, &source, e);
}

/* Tells the parent which blobs will be asked for, so that a pull can fetch several at once. */
static int announce(int channel, const struct document *manifest, struct error *e)
{
	struct digest digest;
	char name[DIGEST_TEXT];

	for (size_t i = 0; i < manifest->layer_count; i++) {
		if (descriptor_check(&manifest->layers[i], "its blob", &digest, e))
			return name_layer(e, i, manifest->layer_count);
		digest_text(&digest, name);
		if (wire_ask(channel, WIRE_WANT, name, manifest->layers[i].size, NULL, NULL, e))
			return name_layer(e, i, manifest->layer_count);
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
			return name_layer(e, i, manifest->layer_count);
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
	if (read_fd(fd, "the index", &json, e) || document_decode(json.data ? json.data : "", json.length, "the index", NULL, &index, e))
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

int worker_add_file(int channel, enum wire_op op, const char *name, const char *media_type, struct descriptor *ret, int *ret_fd,
		    struct error *e)
{
	struct wire_message answer;
	struct digest digest;

	if (wire_ask(channel, op, name, 0, &answer, ret_fd, e))
		return -1;
	if (digest_parse(answer.text, &digest))
		return error_set(e, ERROR_INTERNAL, "the sandbox's parent named a blob \"%.200s\"", answer.text);
	*ret = (struct descriptor){
		.media_type = (char *)(uintptr_t)media_type, /* a constant, never freed */
		.digest = alloc_copy(answer.text),
		.size = answer.number,
	};
	return 0;
}

int worker_layer_type(int fd, struct descriptor *ret, struct error *e)
{
	enum compression compression = COMPRESSION_NONE;
	unsigned char start[8];
	ssize_t got = pread(fd, start, sizeof start, 0);

	if (got < 0 || compression_detect(start, (size_t)got, &compression, e))
		return got < 0 ? error_sys(e, "read it") : -1;
	ret->media_type = (char *)(uintptr_t)layer_media_type_of(compression); /* a constant, never freed */
	return 0;
}

static int docker_layer(const struct worker *worker, int channel, const char *file, const char *diff_id, int index,
			struct descriptor *ret, struct error *e)
{
	struct layer_source source = { .fd = -1, .index = index };
	struct digest expected;
	autoclose int fd = -1;

	if (parse_diff_id(diff_id, &expected, e) || worker_add_file(channel, WIRE_ADD, file, NULL, ret, &fd, e) ||
	    worker_layer_type(fd, ret, e))
		return -1;
	source.fd = fd;
	source.expected = &expected;
	return add_layer(worker, channel, &source, e);
}

int worker_finish(int channel, const struct descriptor *config, const struct descriptor *layers, size_t count, struct error *e)
{
	autorelease(text) struct text json = { 0 };
	struct descriptor manifest = { 0 };
	autofree char *digest = NULL;
	autoclose int fd = -1, file = openat(AT_FDCWD, "manifest", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	manifest_write(config, layers, count, &json);
	if (file < 0 || write_all(file, json.data, json.length))
		return error_sys(e, "write the image's manifest");
	if (worker_add_file(channel, WIRE_MADE, "manifest", NULL, &manifest, &fd, e))
		return -1;
	digest = take_ptr(&manifest.digest);
	return wire_ask(channel, WIRE_DONE, digest, /* is docker's: */ 0, NULL, NULL, e);
}

static int docker_image(const struct worker *worker, int channel, const struct docker_image *image,
			struct descriptor *config, struct descriptor *layers, struct error *e)
{
	autorelease(image_config) struct image_config decoded = { 0 };
	autorelease(text) struct text json = { 0 };
	autoclose int fd = -1;

	if (worker_add_file(channel, WIRE_ADD, image->config, "application/vnd.oci.image.config.v1+json", config, &fd, e) ||
	    read_fd(fd, "the image's configuration", &json, e) ||
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
			return name_layer(e, i, image->layers.count);
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
