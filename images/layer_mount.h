/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_mount.h - a layer that is a tar with an EROFS index, as a detached mount.
 *
 * From the files themselves where the kernel can (Linux 6.12, on most disk file systems), else over two loop devices (6.4, for the tar's
 * blocks of 512 bytes). Only the host's root may do either.
 */
#pragma once

struct error;

/* Opens the mount, read-only and without devices; index and tar are borrowed and open for reading. Ids are as on disk: the store's. */
int layer_mount(int index, int tar, struct error *e);

/* Mounts a tiny layer made for this in folder, as nothing else could say whether kernel, file system and privileges suffice: the words for
 * how it is done, or NULL with an error. */
const char *layer_mount_probe(int folder, struct error *e);

/* One way alone: 0 is the best. -1 with e->sys ENOENT where there are no more ways. */
int layer_mount_by(unsigned way, int index, int tar, struct error *e);
