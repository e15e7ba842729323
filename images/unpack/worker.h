/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.h - what runs in the sandbox: the reading of everything foreign.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "images/reference.h"
#include "images/unpack/apply_options.h"

struct error;
struct platform;

struct worker {
	enum reference_kind kind;
	const char *tag; /* NULL: the only image */
	int item;        /* the image with that number in its archive's list; -1: by tag */
	bool imports;    /* a tar becomes an image with a manifest */
	const struct platform *platform; /* of several images; NULL: this host's */
	bool is_known;   /* a tar that was seen before: hash it first, it may be in the store */
	bool makes_index; /* a layer becomes a tar and its index where that is possible, else a folder */
	int64_t *unpacked; /* bytes of the image's layers so far, after decompression */
	struct apply_options ids;
};

/* Tasks for sandbox_start; data is a struct worker. */
int worker_unpack(int channel, void *data);  /* a tar, or an image by the wire's files and blobs (image_format.c) */
int worker_survey(int channel, void *data);  /* what an image is for every platform (worker_survey.c) */
int worker_extract(int channel, void *data); /* an archive of blobs into the root, as it is */
int worker_list(int channel, void *data);    /* tells which images an archive holds (image_format.c) */
int worker_clear(int channel, void *data);   /* removes everything in the root */
int worker_list_root(int channel, void *data); /* writes down what is in the root (worker_listing.c) */
void worker_fail(int channel, const struct error *error);

/* One layer (worker_layer.c): the tar in fd becomes the folder INDEX in the root, or INDEX.tar and INDEX.erofs. */
struct digest;
enum compression;
struct layer_source {
	int fd;
	int index;
	const struct digest *expected;      /* of the uncompressed tar; NULL: not known */
	const enum compression *media_type; /* what the compression has to be; NULL: whatever it is */
};
int worker_layer(const struct worker *worker, int channel, const struct layer_source *source, struct digest *ret,
		 enum compression *ret_compression, struct error *e);
/* How the folder (is_file: the empty file) name looks in the layers below (WIRE_LOWER): 0, or -1 where there is none. */
struct stat;
int worker_ask_lower(int channel, const char *name, bool is_file, struct stat *ret);
/* Writes down what is in root, the folder of the layer with that number (worker_listing.c). notes: what is known already, or NULL. */
struct content_notes;
int worker_list_layer(int channel, int root, int number, const struct content_notes *notes, struct error *e);
/* The digest of the uncompressed tar in fd, which stands at its beginning again afterwards. */
int worker_identify(int fd, struct digest *ret, struct error *e);

/* One image, read as its format wants it (image_format.h): a plain tar, a layout (worker_layout.c), what docker save wrote
 * (worker_docker.c). */
int worker_tar(const struct worker *worker, int channel, struct error *e);
int worker_layout(const struct worker *worker, int channel, struct error *e);
int worker_docker(const struct worker *worker, int channel, struct error *e);
/* Calls worker_tell for each name of each image. */
int worker_layout_list(int channel, struct error *e);
int worker_docker_list(int channel, struct error *e);
/* A root file system's tar as an image of its own (worker_import.c). */
int worker_import(const struct worker *worker, int channel, struct error *e);

/* What these share (worker_image.c). A file of the image: read whole, or made a blob and described. */
struct descriptor;
struct text;
enum wire_op;
int worker_read_fd(int fd, const char *name, struct text *ret, struct error *e);
int worker_read_file(int channel, const char *name, struct text *ret, struct error *e);
/* A blob that the parent has compared; what: in errors. */
int worker_open_blob(int channel, enum wire_op op, const struct descriptor *descriptor, const char *what, struct digest *ret,
		     struct error *e);
/* A blob of at most MANIFEST_LIMIT: a manifest, or a configuration. */
int worker_read_blob(int channel, enum wire_op op, const struct descriptor *descriptor, const char *what, struct text *ret,
		     struct error *e);
int worker_add_file(int channel, enum wire_op op, const char *name, const char *media_type, struct descriptor *ret, int *ret_fd,
		    struct error *e);
/* The digest that the configuration gives a layer. */
int worker_diff_id(const char *words, struct digest *ret, struct error *e);
/* The layer becomes the next of the image; it is unpacked where the store does not have it. */
int worker_add_layer(const struct worker *worker, int channel, const struct layer_source *source, struct error *e);
/* Puts which layer of how many it is into the error; -1. */
int worker_name_layer(struct error *e, size_t n, size_t count);
/* Tells the parent about an image of an archive. name: NULL where it has none. */
int worker_tell(int channel, const char *name, size_t number, struct error *e);
/* The media type of the layer in fd, by its first bytes; fd stays where it is. */
int worker_layer_type(int fd, struct descriptor *ret, struct error *e);
/* Writes a manifest for an image that came without one, and names the image by it. */
int worker_finish(int channel, const struct descriptor *config, const struct descriptor *layers, size_t count, struct error *e);
