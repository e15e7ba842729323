/* SPDX-License-Identifier: Apache-2.0 */
/*
 * selection_pack.h - a selection as a tar, for images/tar_apply.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct build_inline;
struct error;
struct selection;

struct pack_wish {
	int root;            /* that the selection was made of */
	int out;             /* a pipe or file */
	const char *chmod;   /* "755" or "u=rwX,go=rX"; NULL: as they are */
	bool is_image;       /* owners, times, attributes and hard links are kept; else everything is root's, at time epoch */
	int64_t epoch;
	const struct build_inline *files; /* more files, whose content is here */
	size_t file_count;
	bool is_reversed;    /* what lies beside each other comes from the last to the first */
};

/* To the end of the tar. A file that is not as it was found any more is an error. */
int selection_pack(const struct selection *selection, const struct pack_wish *wish, struct error *e);

/* Parts of it: the selection's members, several times where need be; then the files whose content is here, and the end. */
int selection_pack_part(const struct selection *selection, const struct pack_wish *wish, struct error *e);
int selection_pack_rest(const struct pack_wish *wish, struct error *e);
