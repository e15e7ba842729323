/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_tree.h - one layer's folder while a tar is applied to it: how names are found, made and replaced.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct archive;
struct archive_entry;
struct budget;
struct error;
struct apply_options;
struct apply_report;

struct folder_times {
	char *name;
	struct timespec times[2];
};

/* Open only to applier.c, member.c, metadata.c and whiteout.c. */
struct layer_tree {
	int root;
	const struct apply_options *options;
	struct apply_report *report;
	struct budget *budget;
	char *parent_name; /* the folder that parent stands for, so that members of one folder share one lookup; NULL: none */
	int parent;        /* O_PATH, or -1 */
	struct folder_times *folders; /* set last: every file made in a folder changes its time */
	size_t folder_count;
	int64_t folder_bytes;
};

void layer_tree_init(struct layer_tree *tree, int root, const struct apply_options *options, struct budget *budget,
		     struct apply_report *report);
void layer_tree_release(struct layer_tree *tree);

/* Before the first member: the root looks as in the layers below, as every folder that no member describes. */
int layer_tree_begin(struct layer_tree *tree, struct error *e);

/* The folder of the clean name, as an O_PATH descriptor (borrowed until the next call), made with its parents where missing. */
int layer_tree_parent(struct layer_tree *tree, const char *name, struct error *e);

enum removed {
	REMOVED_NOTHING,
	REMOVED_FILE, /* a file, link or whiteout: what lies below in other layers stays hidden */
	REMOVED_FOLDER,
};

/* Removes what stands at base in parent, folders with all they hold. */
int layer_tree_remove(struct layer_tree *tree, int parent, const char *base, struct error *e);

/* Remembers a folder's times for layer_tree_set_times. */
int layer_tree_remember(struct layer_tree *tree, const char *name, const struct timespec times[2], struct error *e);
int layer_tree_set_times(struct layer_tree *tree, struct error *e);

/* One member of the archive (member.c). name is clean. 1: the archive ends with it (MEMBER_LAST). */
enum { MEMBER_LAST = 1 };
int member_apply(struct layer_tree *tree, struct archive *archive, struct archive_entry *entry, const char *name,
		 struct error *e);

/* Owner, mode, attributes and times of what fd is open on (metadata.c). Times of folders are remembered, not set. */
int metadata_apply(struct layer_tree *tree, int fd, struct archive_entry *entry, const char *name, struct error *e);
/* The same for a link or FIFO, which cannot be opened: owner, times, and the mode where it is no link. */
int metadata_apply_at(struct layer_tree *tree, int parent, const char *base, struct archive_entry *entry,
		      struct error *e);
/* Owner of an entry after checks (-1: refused). */
int metadata_owner(struct layer_tree *tree, struct archive_entry *entry, uid_t *ret_uid, gid_t *ret_gid,
		   struct error *e);

/* Whiteouts in overlayfs' form (whiteout.c). */
int whiteout_hide(struct layer_tree *tree, int parent, const char *target, struct error *e);
int whiteout_set_opaque(int folder, struct error *e);
bool whiteout_is(const struct stat *st);
