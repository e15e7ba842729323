/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apply_options.h - what the unpacking of one layer is told, and what it tells.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct content_notes;

struct apply_options {
	uint32_t uid_count, gid_count; /* ids 0 … count-1 exist here; others are refused */
	bool squash_ids; /* there is only id 0: everything belongs to it (an ordinary user without subordinate ids) */
	/* Metadata of the folder name in the layers below this one: 0, or -1 where there is none. NULL: nothing is below. */
	int (*lower)(const char *name, struct stat *ret, void *data);
	void *lower_data;
	struct content_notes *notes; /* gets what each file's content is; NULL: nobody asks */
	bool holds_blobs; /* an archive of blobs, not a layer: ".wh." means nothing, and files with holes are refused */
};

struct apply_report {
	int64_t members;
	int64_t devices;  /* device nodes and sockets that were left out */
	int64_t squashed; /* members whose owner became 0 */
};
