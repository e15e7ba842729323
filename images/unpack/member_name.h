/* SPDX-License-Identifier: Apache-2.0 */
/*
 * member_name.h - the names of a tar's members, brought into one form, and what whiteouts say.
 *
 * "/a", "./a", "a/" and "a//." are all "a"; the root itself is "". A name with ".." is refused: there is no honest use for it.
 */
#pragma once

#include <stddef.h>

struct budget_limits;
struct error;

enum whiteout {
	WHITEOUT_NONE,
	WHITEOUT_NAME,   /* ".wh.NAME": NAME of the layers below is gone */
	WHITEOUT_OPAQUE, /* ".wh..wh..opq": everything below in this folder is gone */
};

/* A new text: raw in its one form. NULL with an error that does not repeat the name. */
char *member_name_clean(const char *raw, const struct budget_limits *limits, struct error *e);

/* The last part of a clean name. */
const char *member_name_base(const char *name);

/* What base says; *ret_target points to the hidden name inside base for WHITEOUT_NAME. -1: a whiteout of nothing that can exist. */
int whiteout_parse(const char *base, const char **ret_target, struct error *e);
