/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index_tree.h - one layer's names in memory, while its tar is read.
 *
 * What layer_tree.h is for a folder on disk. Nothing is freed before all of it is: an archive that makes and replaces names for ever runs
 * into the limit. Names of one folder lie in a balanced tree (tsearch(3)): no choice of names makes it slow.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct apply_options;
struct apply_report;
struct budget;
struct error;

struct index_xattr {
	struct index_xattr *next;
	const char *name; /* all of it: "user.x" */
	const void *value;
	size_t size;
};

struct index_inode {
	uint32_t mode; /* with its type; a character device is a whiteout */
	uint32_t uid, gid;
	int64_t mtime;
	uint32_t mtime_nsec;
	int64_t size;       /* of a file */
	int64_t data;       /* where its content begins in the tar */
	const char *target; /* of a symbolic link */
	struct index_xattr *xattrs;
	/* folders */
	void *names; /* tree of struct index_name */
	uint32_t name_count, depth;
	struct index_inode *parent; /* the root is its own */
	struct index_inode *next_folder;
	/* index_writer.c */
	struct index_name **sorted;
	uint64_t at; /* where it lies in the index; 0: not yet known */
	uint64_t content_at;
	uint32_t links, xattr_size, content_size;
	bool is_inline;
};

struct index_name {
	const char *name;
	struct index_inode *inode;
};

/* Open only to indexer.c, index_member.c and index_writer.c. */
struct index_tree {
	const struct apply_options *options;
	struct apply_report *report;
	struct budget *budget;
	struct index_inode *root, *folders;
	struct index_block *blocks; /* of memory */
	int64_t memory;
	char *parent_name; /* the folder that parent stands for; NULL: none */
	struct index_inode *parent;
};

void index_tree_init(struct index_tree *tree, const struct apply_options *options, struct budget *budget, struct apply_report *report);
void index_tree_release(struct index_tree *tree);

/* Zeroed memory that lives as long as the tree; NULL with an error where it holds too much. */
void *index_tree_alloc(struct index_tree *tree, size_t size, struct error *e);

/* What is at base in folder, or NULL. */
struct index_inode *index_tree_get(const struct index_inode *folder, const char *base);
/* A new inode; mode with its type. */
struct index_inode *index_tree_inode(struct index_tree *tree, uint32_t mode, struct error *e);
/* Puts inode at base in folder, where nothing is. */
int index_tree_put(struct index_tree *tree, struct index_inode *folder, const char *base, struct index_inode *inode, struct error *e);
/* Removes what is at base in folder, with all it holds. Gives what it was, or NULL. */
struct index_inode *index_tree_remove(struct index_tree *tree, struct index_inode *folder, const char *base);

/* The folder that the clean name is in, made with its parents where missing; or NULL. */
struct index_inode *index_tree_parent(struct index_tree *tree, const char *name, struct error *e);
/* What the clean name is, links followed in all parts but the last; NULL where nothing is. */
struct index_inode *index_tree_find(struct index_tree *tree, const char *name);

/* Sets or replaces. */
int index_tree_set_xattr(struct index_tree *tree, struct index_inode *inode, const char *name, const void *value, size_t size,
			 struct error *e);
int index_tree_set_opaque(struct index_tree *tree, struct index_inode *folder, struct error *e);

/* Sorted names of folder in names, which has room for all. */
void index_tree_list(const struct index_inode *folder, struct index_name **names);

/* One member (index_member.c). */
struct tar_member;
int index_member_apply(struct index_tree *tree, const struct tar_member *member, struct error *e);
