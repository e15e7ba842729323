/* SPDX-License-Identifier: Apache-2.0 */
/*
 * content_digests.h - the digests of a selection's files, each read once: what was read before is found by how the file looks.
 *
 * STORE/build/digests/DEV-INO, named after the root's folder, has for each file its device, inode, size, times and digest. A file that was
 * changed within the two seconds before it was read is read again the next time (git's racy rule): it may have been changed once more
 * within the clock's tick, with equal times.
 */
#pragma once

#include <stddef.h>

struct error;
struct selection;

struct content_digests;

/* What is known of the files below root. Whatever is wrong with it, it is as if nothing were known. */
struct content_digests *content_digests_open(int store, int root);

/* Fills the digest of every file of selection, whose paths are root's. *ret_read (may be NULL): files that were read for it. */
int content_digests_fill(struct content_digests *digests, struct selection *selection, size_t *ret_read, struct error *e);

/* Writes what is new, and frees it; what cannot be written is read again the next time. */
void content_digests_close(struct content_digests *digests);
