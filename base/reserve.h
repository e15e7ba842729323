/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reserve.h - small files that can be written on a full disk, too.
 *
 * A new file needs an inode and a block, which a full disk has not. What has to be noted all the same (that an app is to stop, how it
 * ended) is written over what is there, where that has room. Unlike file_replace this is not one step: a crash of the host may leave a
 * mixture.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

/* As file_replace; on a full disk, and beyond a quota, as file_overwrite. */
int reserve_replace(int dirfd, const char *path, const void *bytes, size_t length, mode_t mode, struct error *e);

/* Writes over an existing file, which ends behind the bytes then. -1 with e->sys ENOSPC where its blocks do not hold them. */
int reserve_overwrite(int dirfd, const char *path, const void *bytes, size_t length, struct error *e);

/* Makes an empty file, where there is none, with blocks for so many bytes. Where the file system cannot give blocks beforehand it is just
 * empty. */
int reserve_make(int dirfd, const char *path, int64_t size, struct error *e);
