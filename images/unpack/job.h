/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job.h - one unpacking, as box-image's outer half sees it. Used by unpack.c, answers.c, blobs.c and by a pull.
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
struct job;
struct unpack;
struct wire_message;

struct job_layer {
	struct digest digest;
	int folder; /* number below the worker's root, or -1: in the store already */
	bool is_indexed; /* a tar and its index, not a folder */
	int root; /* opened for the layers above, or -1 */
};

/* A blob that this job brought: it lies in staging under its digest's name until all of the image is there. */
struct job_blob {
	struct digest digest;
	dev_t device; /* the file that it was copied from */
	ino_t inode;
};

/* One name of one image of an archive. */
struct job_item {
	int number;
	char *name; /* as the archive has it; NULL: none */
};

enum { JOB_ITEMS = 1000 };

/* Where an image comes from that is no folder of this host (images/registry/fetch.c). All but wait return descriptors, or -1. */
struct job_source {
	/* Before anything is asked; job's staging is there: 0. */
	int (*begin)(struct job *job, struct error *e);
	/* A file of the layout that the source would be: "index.json". */
	int (*file)(struct job *job, const char *name, struct error *e);
	/* A blob or manifest, for reading from its beginning. It may still be on its way (a pipe), then and is compared by finish. */
	int (*blob)(struct job *job, const struct digest *digest, int64_t size, bool is_manifest, struct error *e);
	/* It will be asked for: 0. */
	int (*want)(struct job *job, const struct digest *digest, int64_t size, struct error *e);
	/* Works until the worker has something to say on channel: 0. */
	int (*wait)(struct job *job, int channel, struct error *e);
	/* 0: every blob that was given is whole and compared, and lies in the store. */
	int (*finish)(struct job *job, struct error *e);
	/* What begin started ends; also after a failure. */
	void (*end)(struct job *job);
};

struct job {
	struct unpack *request;
	const struct job_source *source; /* NULL: layout, or a tar */
	void *source_data;
	struct id_map ids;
	char staging_name[STORE_NAME];
	int staging; /* holds the lock on staging/NAME */
	int work;    /* staging/NAME/work: the worker's root */
	bool owns_layout; /* it is an archive that was unpacked here */
	int layout;  /* where files and blobs come from: the layout's folder, or the unpacked archive; -1 for a tar */
	struct job_layer *layers;
	size_t layer_count;
	struct job_blob *blobs;
	size_t blob_count;
	struct budget budget; /* of all blobs */
	struct job_item *items; /* of an archive that is loaded */
	size_t item_count;
	int item; /* the number of the one at hand; -1: by tag */
	char *image, *config; /* digests */
	char *index;          /* of an archive's image that was chosen from an index: its digest; or NULL */
	bool can_index;       /* this host mounts a tar by its index */
	bool is_docker;       /* the manifest is of Docker's own kind */
	bool is_done;
};

/* From request to an image in the store; begins with job_init. On success job->image is its digest. */
void job_init(struct job *job, struct unpack *request);
int job_run(struct job *job, struct error *e);
void job_release(struct job *job);

/* Steps of job_run (unpack.c), for what is no image on this host. A staging folder and what is fixed for a job; its end, which may come
 * without a beginning. */
int job_begin(struct job *job, struct error *e);
void job_end(struct job *job);
/* Answers the worker behind pidfd until it is done, and waits for it. */
int job_finish_worker(struct job *job, int pidfd, int channel, struct error *e);
/* Waits until all that was written is on disk. */
int job_settle(const struct job *job, struct error *e);
/* The same for a job of few files: what others are writing on that disk, above all the writable layer that is about to be removed, is not
 * waited for. */
int job_settle_files(const struct job *job, struct error *e);
int job_make_root(struct job *job, int staging, const char *name, struct error *e);
int job_run_worker(struct job *job, int folder, int (*task)(int, void *), struct error *e);
int job_publish(struct job *job, struct error *e);
/* The request's archive as it is, below staging, becomes the layout. */
int job_extract(struct job *job, struct error *e);

/* All images of request->source, which is an archive (load.c); staging is there. */
int job_load(struct job *job, struct error *e);

/* A blob that the store has, or that was staged; -1 with errno. */
int job_open_known(const struct job *job, const struct digest *digest);

/* Answers the worker's questions until it is done or gone. */
int job_serve(struct job *job, int channel, struct error *e);

/* Layers (job_layers.c). Whether the store has the layer in a form that this host can use. */
bool job_has_layer(const struct job *job, const struct digest *digest);
/* The next layer of the image: what the worker made of it under that number, or -1: the store has it. */
int job_add_layer(struct job *job, const struct digest *digest, int number, struct error *e);
/* The listing of the folder with that number, in staging. */
int job_open_listing(const struct job *job, int number, int flags, struct error *e);
/* Its root folder, borrowed, or -1. */
int job_layer_root(const struct job *job, struct job_layer *layer);
/* Waits until tars and indexes are on disk. */
int job_sync_layers(const struct job *job, struct error *e);
/* What is on disk already gets its final name. */
int job_publish_layers(const struct job *job, struct error *e);
void job_release_layers(struct job *job);

/* A blob of the layout: from the store, or copied to staging, hashed and compared on the way (blobs.c). A descriptor for reading. */
int job_blob(struct job *job, const struct digest *digest, int64_t size, struct error *e);
/* The file name below folder becomes a blob, whatever its digest is; a file that did before is not copied again. */
int job_add_blob(struct job *job, int folder, const char *name, struct digest *ret, int64_t *ret_size, struct error *e);
/* The archive that the request names becomes a blob. */
int job_take_source(struct job *job, struct digest *ret, int64_t *ret_size, struct error *e);
/* Waits until what was staged is on disk. */
int job_sync_blobs(const struct job *job, struct error *e);
/* Moves what was staged to the store's blobs; it is on disk already. */
int job_publish_blobs(struct job *job, struct error *e);
/* A regular file of a folder that strangers filled. */
int job_open_file(int folder, const char *name, struct error *e);
