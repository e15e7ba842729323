/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upper_tar.h - what overlayfs wrote to an upper folder, as the tar of a layer.
 *
 * The same changes are the same bytes, whoever made them, when, and on which kernel:
 *
 *     order       by the bytes of the names, each folder before what is in it
 *     times       whole seconds, none later than the epoch; of marks: the epoch
 *     owners      numbers of the container
 *     attributes  those of base/tar_attributes.h
 *     removed     ".wh.NAME" for a device 0:0
 *     replaced    ".wh..wh..opq" for a folder that hides one below. overlayfs marks new folders that hide nothing, too; which ones is
 *                 the kernel's choice. They get no mark
 *     unchanged   a folder that was only copied up (because a name in it came and went, or to make a stub) is left out, and so is an empty
 *                 file (because it was opened for writing: the locks of dpkg and useradd)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct error;
struct list;

/* In the sandbox an id that it has no number for is shown as the kernel's overflow id, which is a good id of containers as well ("nobody").
 * So the sandbox calls that one by this number, and what is shown as the overflow id is a stranger's. */
enum { UPPER_MOVED_ID = 1 << 24 };

/* No file belongs to it. */
#define UPPER_NO_ID UINT32_MAX

struct upper_tar {
	int fd; /* the tar: an empty file or a pipe. Where nothing changed, nothing is written */
	int64_t epoch;
	uint32_t overflow_uid, overflow_gid;
	bool has_lower;           /* the folder lies over layers */
	bool has_sockets;         /* a socket stands for what is removed: images/build/root_changes.h */
	const struct list *stubs; /* names without a "/" at their end; see images/commit_request.h */
	/* What the layers below have under the name: 0 and its owner and mode, or -1 where that is no folder. */
	int (*lower)(const char *name, struct stat *ret, void *data);
	int (*lower_file)(const char *name, struct stat *ret, void *data); /* the same for a file that is empty and has no attributes */
	void *data;
};

struct upper_report {
	int64_t members;
	int64_t left_out; /* device nodes and sockets */
};

int upper_tar_write(const struct upper_tar *how, int root, struct upper_report *ret, struct error *e);
