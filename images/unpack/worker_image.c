/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_image.c - what the readers of images (worker_layout.c, worker_docker.c, worker_import.c) share, inside the sandbox.
 */
#include "images/unpack/worker.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "images/digest.h"
#include "images/unpack/manifest.h"
#include "images/unpack/wire.h"

int worker_read_fd(int fd, const char *name, struct text *ret, struct error *e)
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
	return worker_read_fd(fd, name, ret, e);
}

int worker_open_blob(int channel, enum wire_op op, const struct descriptor *descriptor, const char *what, struct digest *ret,
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
	fd = worker_open_blob(channel, op, descriptor, what, &digest, e);
	return fd < 0 ? -1 : worker_read_fd(fd, what, ret, e);
}

int worker_name_layer(struct error *e, size_t n, size_t count)
{
	return error_in(e, "layer %zu of %zu", n + 1, count);
}

int worker_diff_id(const char *words, struct digest *ret, struct error *e)
{
	if (digest_parse(words, ret))
		return error_set(e, ERROR_IMAGE, "the image's configuration calls it \"%.200s\", which is no digest", words);
	return 0;
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

int worker_add_layer(const struct worker *worker, int channel, const struct layer_source *source, struct error *e)
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

int worker_tell(int channel, const char *name, size_t number, struct error *e)
{
	if (name && strlen(name) >= WIRE_TEXT)
		return error_set(e, ERROR_IMAGE, "the name of its image %zu is too long", number);
	return wire_ask(channel, WIRE_LIST, name, (int64_t)number, NULL, NULL, e);
}
