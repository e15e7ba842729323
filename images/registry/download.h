/* SPDX-License-Identifier: Apache-2.0 */
/*
 * download.h - one blob that becomes a file of the store.
 *
 *     downloads/sha256-HEX-ORIGIN    what is there of it; whoever fetches holds a lock on the file
 *     blobs/sha256/HEX               all of it, compared and on disk
 *
 * Pulls from one registry share what they fetch. What another registry has sent, or is sending, does not count before all of it is
 * compared: it could be the beginning of something else, or take for ever. So ORIGIN tells registries apart.
 * The file outlives its maker: what was interrupted goes on where it stopped, after its bytes were hashed again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "images/digest.h"

struct error;
struct hash;

enum download_state {
	DOWNLOAD_NEW,
	DOWNLOAD_ELSEWHERE, /* another process fetches it */
	DOWNLOAD_READY,     /* the file is ours, bytes are missing */
	DOWNLOAD_RUNNING,
	DOWNLOAD_DONE,
};

enum { DOWNLOAD_ORIGIN = 16 + 1 };

struct download {
	struct digest digest;
	const char *origin; /* borrowed: what download_origin says of the registry */
	int64_t size, have;
	enum download_state state;
	int file;          /* -1 before it is ours */
	struct hash *hash; /* of the have first bytes */
	int64_t flushed;   /* bytes whose way to the disk was begun */
	int follower;      /* a pipe whose reader wants all bytes, or -1 */
	int64_t followed;
};

/* The registry's part in names of files. By a hash that nobody makes two of: whoever names registries must not choose whose file it is. */
int download_origin(const char *host, char ret[static DOWNLOAD_ORIGIN], struct error *e);

/* Looks for it in the store, and else tries to make the file ours: state is anything but NEW and RUNNING afterwards. */
int download_claim(struct download *download, int store, struct error *e);

/* The next bytes. More than there may be is an error. */
int download_add(struct download *download, const char *bytes, int64_t length, struct error *e);

/* All bytes came, it is said: compares, waits for the disk, names. A wrong one is removed. */
int download_finish(struct download *download, int store, struct error *e);

/* Gives the follower what it has not got, without waiting for it; closes it at the end. */
int download_feed(struct download *download, struct error *e);

/* Whether download_feed would have something to do. */
bool download_is_hungry(const struct download *download);

/* What was half fetched a day ago, and is not being fetched now, goes. */
void download_sweep(int store);

void download_release(struct download *download);

/* Adds a small blob at once. */
int download_put(int store, const struct digest *digest, const char *bytes, size_t length, struct error *e);
