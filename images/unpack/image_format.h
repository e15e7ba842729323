/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_format.h - how each kind of image on this host is read.
 *
 * A new kind of archive is a kind with its word in images/reference.c, a row here, and a file with its two functions.
 */
#pragma once

#include "images/reference.h"

struct error;
struct worker;

struct image_format {
	/* A file that every archive of the kind has. The archive is unpacked as it is first; NULL: there is nothing to unpack before. */
	const char *mark;
	/* In the sandbox: one image, and (of an archive) which there are. */
	int (*read)(const struct worker *worker, int channel, struct error *e);
	int (*list)(int channel, struct error *e);
};

/* NULL: box-image does not unpack such a thing. */
const struct image_format *image_format(enum reference_kind kind);
