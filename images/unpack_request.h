/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack_request.h - what box asks box-image to unpack, and to sweep.
 *
 *     box-image unpack KIND STORE-FD SOURCE-FD known|new any|folders REFERENCE [TAG]
 *
 * STORE-FD is the store's folder, SOURCE-FD the archive or the layout's folder. any: layers get the best form that this host can use. The
 * answer is that of unpack_answer.h.
 */
#pragma once

#include <stdbool.h>

struct error;
struct reference;

struct unpack_wish {
	const struct reference *reference;
	const char *words; /* what the user named */
	bool is_known;     /* the file was seen before, so its content may be in the store already */
	bool is_rootless;  /* layers can only be folders */
};

/* Runs box-image; the caller holds the store's lock. */
int unpack_request(int store, const struct unpack_wish *wish, char **ret_image, struct error *e);

/* Lets box-image remove what lies in the store's staging and belongs to nobody: "box-image sweep STORE-FD". */
int sweep_request(int store, struct error *e);
