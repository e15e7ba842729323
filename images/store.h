/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - the image store on disk.
 *
 *     oci-layout, index.json, blobs/   an OCI image layout, which other tools read as it stands
 *     layers/sha256-HEX/               one layer, by the digest of its uncompressed tar, in the forms of layer.h
 *     images/, sources/                record.h
 *     locks/                           lock_files.h
 *     downloads/sha256-HEX-ORIGIN      a blob on its way from a registry; who fetches it holds a lock on the file
 *     staging/NAME/                    what is being made; its maker holds a lock on the folder
 *
 * Things are made in staging and renamed: what has no final name does not exist. Images are pinned by a shared flock(2) on their record;
 * who wants to remove one takes it exclusively first.
 */
#pragma once

#include <stdbool.h>

#include "images/digest.h"

struct error;

enum { STORE_NAME = 32 };

/* Opens the store, making it where missing: 0700 and the caller's own. */
int store_open(const char *path, struct error *e);

/* The one lock for changes of index.json and for unpacking what lies on this host; held while the descriptor is open. */
int store_lock(int store, struct error *e);

/* "blobs/sha256/HEX" */
char *store_blob_path(const struct digest *blob);

/* A lock on the image's record while the descriptor is open; -1 with errno ENOENT where there is no such image. */
int store_pin(int store, const struct digest *image);

/* The same for one who removes it: nobody has it pinned. -1 with errno EWOULDBLOCK where somebody has. */
int store_claim(int store, const struct digest *image);

/* A new, locked folder below staging: its name, and a descriptor that holds the lock. */
int store_staging_make(int store, char ret_name[static STORE_NAME], struct error *e);

/* Makes a folder of the store that not every store has, and those above it; it is fine where they are there. */
int store_make_folder(int store, const char *folder, struct error *e);

/* The path of the file that stands for text and holds it, "FOLDER/PREFIXHASH-N" (to be freed). It is made where it is missing, and its
 * folder too. Whoever chooses texts can choose two of one hash: these get two files. */
char *store_slot(int store, const char *folder, const char *prefix, const char *text, struct error *e);

/* Calls remove(staging, name, data) for every folder below staging whose maker is gone. */
int store_staging_sweep(int store, int (*remove)(int staging, const char *name, void *data, struct error *e),
			void *data, struct error *e);
