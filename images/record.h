/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.h - the small JSON files of the store.
 *
 *     images/sha256-HEX.json        which layers and which configuration make the image (or plain tar) with that digest
 *     sources/KIND-DEV-INO[-TAG].json   which image an archive on this host was found to hold, and how the file looked then
 *
 * The second kind is a cache that saves reading the archive again, as git's index does for files.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/text.h"
#include "images/digest.h"
#include "images/reference.h"

struct error;

struct image_record {
	char *image;        /* digest of the manifest, or of the uncompressed tar */
	char *config;       /* digest of the configuration's blob; NULL for a plain tar */
	struct list layers; /* digests of the uncompressed layers, lowest first */
};

struct source_record {
	char *path; /* for people */
	char *tag;  /* NULL: none was named */
	char *image;
	int64_t device, inode, size;
	int64_t modified_ns, changed_ns; /* mtime and ctime */
	int64_t written_ns;              /* when this record was made */
};

/* Reads and writes below the open store folder. Reading what is not there: errno ENOENT in e->sys. */
int image_record_read(int store, const struct digest *image, struct image_record *ret, struct error *e);
/* One that is there stays as it is: boxes hold locks on that very file. */
int image_record_write(int store, const struct image_record *record, struct error *e);
void image_record_release(struct image_record *record);
/* Calls tell for every record of the first kind; one that cannot be read is an error, as it may need anything. The record may be kept by
 * taking its content. Stops where tell returns -1. */
int image_record_each(int store, int (*tell)(struct image_record *record, void *data, struct error *e), void *data, struct error *e);
/* "images/sha256-….json" */
char *image_record_path(const struct digest *image);

int source_record_read(int store, const struct reference *reference, const struct stat *st, struct source_record *ret,
		       struct error *e);
int source_record_write(int store, enum reference_kind kind, const struct source_record *record, struct error *e);
/* Calls tell for every record of the second kind; those that cannot be read are passed over. Stops where tell returns -1; 1: the record is
 * removed. */
int source_record_each(int store, int (*tell)(struct source_record *record, void *data, struct error *e), void *data, struct error *e);
void source_record_release(struct source_record *record);

/* Fills what st says, and the present as the time of writing. */
void source_record_stat(const struct stat *st, struct source_record *ret);

/*
 * Whether the record still speaks about the file that st describes. A file that was changed within the two seconds before the record was
 * made is not trusted (git's racy rule): it may have been changed once more within the clock's tick, with equal times.
 */
bool source_record_is_true(const struct source_record *record, const struct stat *st, const char *tag);
