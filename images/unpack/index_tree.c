/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index_tree.c - one layer's names in memory.
 *
 * Paths are looked up as openat2(2) does with RESOLVE_IN_ROOT: links inside the root are followed, ".." and a leading "/" of a link's
 * target stop at the root, and after 40 links it is an error.
 */
#include "images/unpack/index_tree.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "images/unpack/apply_options.h"
#include "images/unpack/budget.h"
#include "images/unpack/member_name.h"

enum {
	BLOCK = 64 << 10,
	MEMORY_LIMIT = 256 << 20,
	NAME_COST = 64, /* of one name in its folder's tree */
	LINKS = 40,     /* as the kernel */
	COMPONENT = 256,
	DEPTH = 4096, /* of folders: names through links can go deeper than names may */
};

struct index_block {
	struct index_block *next;
	size_t used, size;
	max_align_t bytes[];
};

void *index_tree_alloc(struct index_tree *tree, size_t size, struct error *e)
{
	struct index_block *block = tree->blocks;
	size_t rounded = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
	void *ret;

	if (!block || block->size - block->used < rounded) {
		size_t wanted = rounded > BLOCK ? rounded : BLOCK;

		tree->memory += (int64_t)wanted;
		if (tree->memory > MEMORY_LIMIT) {
			error_set(e, ERROR_IMAGE, "it holds too many names for an index");
			return NULL;
		}
		block = alloc_zeroed(1, sizeof *block + wanted);
		block->size = wanted;
		block->next = tree->blocks;
		tree->blocks = block;
	}
	ret = (char *)block->bytes + block->used;
	block->used += rounded;
	return ret;
}

struct index_inode *index_tree_inode(struct index_tree *tree, uint32_t mode, struct error *e)
{
	struct index_inode *inode = index_tree_alloc(tree, sizeof *inode, e);

	if (!inode)
		return NULL;
	inode->mode = mode;
	if (S_ISDIR(mode)) {
		inode->next_folder = tree->folders;
		tree->folders = inode;
	}
	return inode;
}

/* A folder that no member describes (layer_tree.c has the reasons). */
static void dress(const struct index_tree *tree, struct index_inode *folder, const char *name)
{
	const struct apply_options *options = tree->options;
	struct stat st;

	if (!options->lower || options->lower(name, &st, options->lower_data))
		return;
	folder->mode = S_IFDIR | (st.st_mode & 07777);
	folder->uid = st.st_uid;
	folder->gid = st.st_gid;
	folder->mtime = st.st_mtim.tv_sec;
	folder->mtime_nsec = (uint32_t)st.st_mtim.tv_nsec;
}

void index_tree_init(struct index_tree *tree, const struct apply_options *options, struct budget *budget, struct apply_report *report)
{
	struct error ignored = { 0 };

	*tree = (struct index_tree){ .options = options, .budget = budget, .report = report };
	tree->root = index_tree_inode(tree, S_IFDIR | 0755, &ignored); /* the first of all: there is room */
	tree->root->parent = tree->root;
	dress(tree, tree->root, ".");
}

static void keep_name(void *name)
{
	(void)name; /* its memory is the tree's */
}

void index_tree_release(struct index_tree *tree)
{
	for (struct index_inode *folder = tree->folders; folder; folder = folder->next_folder)
		tdestroy(folder->names, keep_name);
	while (tree->blocks) {
		struct index_block *next = tree->blocks->next;

		free(tree->blocks);
		tree->blocks = next;
	}
	free(tree->parent_name);
	*tree = (struct index_tree){ 0 };
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct index_name *)a)->name, ((const struct index_name *)b)->name);
}

static struct index_name *find_name(const struct index_inode *folder, const char *base)
{
	const struct index_name key = { .name = base };
	struct index_name **found = tfind(&key, &folder->names, compare);

	return found ? *found : NULL;
}

struct index_inode *index_tree_get(const struct index_inode *folder, const char *base)
{
	const struct index_name *name = find_name(folder, base);

	return name ? name->inode : NULL;
}

int index_tree_put(struct index_tree *tree, struct index_inode *folder, const char *base, struct index_inode *inode, struct error *e)
{
	size_t size = strlen(base) + 1;
	struct index_name *name = index_tree_alloc(tree, sizeof *name + size, e);
	char *copy = name ? (char *)(name + 1) : NULL;

	if (!name)
		return -1;
	tree->memory += NAME_COST;
	memcpy(copy, base, size);
	name->name = copy;
	name->inode = inode;
	if (S_ISDIR(inode->mode)) {
		inode->parent = folder;
		inode->depth = folder->depth + 1;
		if (inode->depth > DEPTH)
			return error_set(e, ERROR_IMAGE, "its folders are too deep for an index");
	}
	if (!tsearch(name, &folder->names, compare))
		return error_set(e, ERROR_INTERNAL, "no memory");
	folder->name_count++;
	return 0;
}

struct index_inode *index_tree_remove(struct index_tree *tree, struct index_inode *folder, const char *base)
{
	struct index_name *name = find_name(folder, base);

	if (!name)
		return NULL;
	(void)tdelete(name, &folder->names, compare); /* it is there */
	folder->name_count--;
	/* A link or folder that the cached path went through may be the one that is gone. */
	free(tree->parent_name);
	tree->parent_name = NULL;
	return name->inode;
}

/* Cuts the next component off *path; false at its end, or with *ret empty where it is longer than a name can be. */
static bool next_component(const char **path, char ret[static COMPONENT])
{
	size_t length;

	*path += strspn(*path, "/");
	length = strcspn(*path, "/");
	ret[0] = '\0';
	if (length == 0)
		return false;
	if (length < COMPONENT) {
		memcpy(ret, *path, length);
		ret[length] = '\0';
	}
	*path += length;
	return true;
}

static struct index_inode *follow(const struct index_tree *tree, struct index_inode *at, const char *path, int *links);

/* The folder behind found, which may be a link to one; NULL where it is none. */
static struct index_inode *enter(const struct index_tree *tree, struct index_inode *at, struct index_inode *found, int *links)
{
	if (found && S_ISDIR(found->mode))
		return found;
	if (!found || !S_ISLNK(found->mode) || ++*links > LINKS)
		return NULL;
	return follow(tree, at, found->target, links);
}

/* The folder that a link's target leads to from at. It calls itself at most LINKS times, as links counts. */
static struct index_inode *follow(const struct index_tree *tree, struct index_inode *at, const char *path, int *links)
{
	char base[COMPONENT];

	if (*path == '/')
		at = tree->root;
	while (at && next_component(&path, base)) {
		if (!base[0])
			return NULL;
		if (strcmp(base, "..") == 0)
			at = at->parent;
		else if (strcmp(base, ".") != 0)
			at = enter(tree, at, index_tree_get(at, base), links);
	}
	return at;
}

/* Makes the folder base in at; a whiteout in its place makes it hide what is below. */
static struct index_inode *make_folder(struct index_tree *tree, struct index_inode *at, const char *base, const char *name, struct error *e)
{
	bool is_hiding = index_tree_remove(tree, at, base) != NULL;
	struct index_inode *folder;

	if (budget_folder(tree->budget, e))
		return NULL;
	folder = index_tree_inode(tree, S_IFDIR | 0755, e);
	if (!folder || index_tree_put(tree, at, base, folder, e))
		return NULL;
	if (is_hiding && index_tree_set_opaque(tree, folder, e))
		return NULL;
	if (!is_hiding)
		dress(tree, folder, name);
	return folder;
}

static struct index_inode *make_parent(struct index_tree *tree, const char *path, struct error *e)
{
	struct index_inode *at = tree->root, *found;
	const char *rest = path;
	char base[COMPONENT];
	int links = 0;

	while (at && next_component(&rest, base)) {
		autofree char *name = alloc_copy_bytes(path, (size_t)(rest - path));

		found = index_tree_get(at, base);
		if (!found || S_ISCHR(found->mode))
			at = make_folder(tree, at, base, name, e);
		else
			at = enter(tree, at, found, &links);
	}
	if (!at && e->kind == ERROR_NONE)
		error_set(e, ERROR_IMAGE, "something that is no folder stands where its folder should be");
	return at;
}

struct index_inode *index_tree_parent(struct index_tree *tree, const char *name, struct error *e)
{
	const char *base = member_name_base(name);
	autofree char *folder = alloc_copy_bytes(name, base > name ? (size_t)(base - name) - 1 : 0);
	struct index_inode *found;

	if (text_equal(tree->parent_name, folder))
		return tree->parent;
	found = make_parent(tree, folder, e);
	if (!found)
		return NULL;
	free(tree->parent_name);
	tree->parent_name = take_ptr(&folder);
	tree->parent = found;
	return found;
}

struct index_inode *index_tree_find(struct index_tree *tree, const char *name)
{
	const char *base = member_name_base(name);
	autofree char *path = alloc_copy_bytes(name, base > name ? (size_t)(base - name) - 1 : 0);
	int links = 0;
	struct index_inode *folder = follow(tree, tree->root, path, &links);

	return folder ? index_tree_get(folder, base) : NULL;
}

int index_tree_set_xattr(struct index_tree *tree, struct index_inode *inode, const char *name, const void *value, size_t size,
			 struct error *e)
{
	struct index_xattr **place = &inode->xattrs, *xattr;
	size_t length = strlen(name) + 1;
	char *bytes;

	while (*place && strcmp((*place)->name, name) != 0)
		place = &(*place)->next;
	xattr = index_tree_alloc(tree, sizeof *xattr + length + size, e);
	if (!xattr)
		return -1;
	bytes = (char *)(xattr + 1);
	memcpy(bytes, name, length);
	if (size)
		memcpy(bytes + length, value, size);
	xattr->name = bytes;
	xattr->value = bytes + length;
	xattr->size = size;
	xattr->next = *place ? (*place)->next : NULL;
	*place = xattr;
	return 0;
}

int index_tree_set_opaque(struct index_tree *tree, struct index_inode *folder, struct error *e)
{
	return index_tree_set_xattr(tree, folder, "user.overlay.opaque", "y", 1, e);
}

/* For twalk_r, which has one pointer to give. */
static void list_one(const void *node, VISIT visit, void *data)
{
	struct index_name ***next = data;

	if (visit == postorder || visit == leaf)
		*(*next)++ = *(struct index_name *const *)node;
}

void index_tree_list(const struct index_inode *folder, struct index_name **names)
{
	twalk_r(folder->names, list_one, &names);
}
