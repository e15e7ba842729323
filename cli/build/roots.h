/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roots.h - where nobody may mount (base/isolation.h): folders of the store that hold all files of a stage, or of an image.
 *
 *     STORE/staging/NAME/KEY          the files; KEY is "stage-2", or "image-HASH"
 *     STORE/staging/NAME/KEY.layers   which layers are in it; gone while something changes it
 *     STORE/staging/NAME/KEY.lock     held by who uses it
 *
 * They are as old as the build: the first step that is made fills its stage's, and the next ones go on in it.
 */
#pragma once

struct build_from;
struct build_work;
struct error;
struct list;

struct build_root {
	char *key;
	int folder, lock;
};

/* In the build's own process, before the first step is made. */
int build_roots_begin(struct build_work *work, struct error *e);
void build_roots_end(struct build_work *work);

/* Opens the root with these layers, filled as far as it is not; it stays as it is until it is closed. NULL key: an image's. */
int build_root_open(struct build_work *work, const char *key, const struct list *diff_ids, struct build_root *ret, struct error *e);
/* The same for a step, which may change it: what is not noted at the end is made again. */
int build_root_open_to_change(struct build_work *work, const char *key, const struct list *diff_ids, struct build_root *ret,
			      struct error *e);
/* It holds these layers now, and diff_id on top where there is one. */
int build_root_note(struct build_work *work, const struct build_root *root, const struct list *diff_ids, const char *diff_id,
		    struct error *e);
void build_root_close(struct build_root *root);

/* All its files as a tar. */
int build_root_write(struct build_work *work, const struct list *diff_ids, int fd, struct error *e);

/* What from's root is called; NULL: it is an image's. The caller frees it. */
char *build_root_key(const struct build_from *from);
