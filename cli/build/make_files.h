/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_files.h - the members of a tar as files of a folder of this host, made by a process with power over files alone.
 */
#pragma once

#include <stdbool.h>

#include "images/tar_apply.h"

struct build_work;

struct make_files {
	struct tar_apply how; /* but for its input */
	int folder;
	const char *prefix;   /* below folder; "": folder itself */
	bool is_confined;     /* folder is that process' root */
	/* Writes the tar to *out, in this process or a worker of its own; may close it, and sets it to -1 then. */
	int (*feed)(int *out, void *data, struct error *e);
	void *data;
};

/* Returns when all is made. Where both ends fail the error is that of who gave up first. */
int build_make_files(const struct build_work *work, const struct make_files *wish, struct error *e);
