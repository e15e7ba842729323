/* SPDX-License-Identifier: Apache-2.0 */
/*
 * budget.h - how much an image may cost this host before it is refused.
 *
 * An archive of a few kilobytes can ask for terabytes, for millions of folders or for hours. Every cost is charged here before it is
 * paid, in constant time, and the first that runs out ends the unpacking.
 */
#pragma once

#include <stdint.h>

struct error;

struct budget_limits {
	int64_t bytes;        /* after decompression, per layer and for all files together (holes count) */
	int64_t image_bytes;  /* the same for all layers of an image together, and for all its blobs */
	int64_t ratio;        /* bytes after decompression per byte before it … */
	int64_t ratio_from;   /* … once that many came out: small archives may be all zeros */
	int64_t entries;      /* members per layer */
	int64_t depth;        /* folders above a name */
	int64_t path;         /* bytes of one name */
	int64_t component;    /* bytes of one part of it */
	int64_t xattr_bytes;  /* extended attributes of one entry, names and values */
	int64_t folder_names; /* bytes of memory for the folders whose times are set at the end */
	int64_t free_percent; /* of the file system that stay free … */
	int64_t free_bytes;   /* … or so many bytes, whichever is less … */
	int64_t free_files;   /* … and so of its inodes */
	int window_log;       /* zstd: memory for its window, as a power of two */
};

/* What every layer and image gets. */
const struct budget_limits *budget_default_limits(void);

struct budget {
	const struct budget_limits *limits;
	int64_t read;     /* bytes that came in */
	int64_t inflated; /* bytes after decompression */
	int64_t entries;
	int64_t names;           /* members, and the folders that they imply */
	int64_t apparent;        /* sizes of the files made, holes included */
	int64_t next_free_check; /* in bytes of apparent */
	int64_t *image; /* inflated of all layers of the image, or NULL */
	int64_t blobs;  /* sizes of the blobs that were copied */
	int folder;     /* a descriptor on the file system that is filled, or -1 */
};

void budget_init(struct budget *budget, const struct budget_limits *limits, int folder);

/* Bytes that came in and bytes that came out of them. */
int budget_inflate(struct budget *budget, int64_t in, int64_t out, struct error *e);
/* One more member. */
int budget_entry(struct budget *budget, struct error *e);
/* A folder that no member describes is about to be made. */
int budget_folder(struct budget *budget, struct error *e);
/* A file of that size is about to be made. */
int budget_file(struct budget *budget, int64_t size, struct error *e);
/* A blob of that size is about to be copied into the store. */
int budget_blob(struct budget *budget, int64_t size, struct error *e);
