/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job.h - one unpacking, as box-image's outer half sees it. Used by unpack.c and answers.c only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "images/digest.h"
#include "images/store.h"
#include "images/unpack/budget.h"
#include "images/unpack/store_ids.h"

struct error;
struct unpack;
struct wire_message;

struct job_layer {
	struct digest digest;
	int folder; /* number below the worker's root, or -1: in the store already */
};

/* A blob that this job brought: it lies in staging under its digest's name until all of the image is there. */
struct job_blob {
	struct digest digest;
	dev_t device; /* the file that it was copied from */
	ino_t inode;
};

struct job {
	struct unpack *request;
	struct id_map ids;
	char staging_name[STORE_NAME];
	int staging; /* holds the lock on staging/NAME */
	int work;    /* staging/NAME/work: the worker's root */
	int layout;  /* where files and blobs come from: the layout's folder, or the unpacked archive; -1 for a tar */
	struct job_layer *layers;
	size_t layer_count;
	struct job_blob *blobs;
	size_t blob_count;
	struct budget budget; /* of all blobs */
	char *image, *config; /* digests */
	bool is_docker;       /* the manifest is of Docker's own kind */
	bool is_done;
};

/* Answers the worker's questions until it is done or gone. */
int job_serve(struct job *job, int channel, struct error *e);

/* A blob of the layout: from the store, or copied to staging, hashed and compared on the way (blobs.c). A descriptor for reading. */
int job_blob(struct job *job, const struct digest *digest, int64_t size, struct error *e);
/* The file name below folder becomes a blob, whatever its digest is; a file that did before is not copied again. */
int job_add_blob(struct job *job, int folder, const char *name, struct digest *ret, int64_t *ret_size, struct error *e);
/* Moves what was staged to the store's blobs; it is on disk already. */
int job_publish_blobs(struct job *job, struct error *e);
/* A regular file of a folder that strangers filled. */
int job_open_file(int folder, const char *name, struct error *e);
