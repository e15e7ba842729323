/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index_member.c - one member of a tar becomes one name in the index.
 *
 * The same in memory as member.c and metadata.c on disk, step by step; a test compares the two. What is refused here is refused there, and
 * there with the words that the user reads (indexer.c).
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/id_map.h"
#include "images/unpack/apply_options.h"
#include "images/unpack/budget.h"
#include "images/unpack/index_tree.h"
#include "images/unpack/member_name.h"
#include "images/unpack/member_rules.h"
#include "images/tar_member.h"

static int set_owner(struct index_tree *tree, struct index_inode *inode, const struct tar_member *member, struct error *e)
{
	uid_t uid = 0;
	gid_t gid = 0;

	if (member_rule_owner(tree->options, tree->report, member->uid, member->gid, &uid, &gid, e))
		return -1;
	inode->uid = uid;
	inode->gid = gid;
	inode->mtime = member->mtime;
	inode->mtime_nsec = member->mtime_nsec;
	return 0;
}

/* Revision 3 with the store's root, as the kernel writes it on disk for the folder form; the id-mapped mount makes it the app's. */
static int set_capability(struct index_tree *tree, struct index_inode *inode, const struct tar_xattr *xattr, struct error *e)
{
	unsigned char bytes[CAPABILITY_V3];
	const uint32_t root = ID_POOL_BASE;

	if (member_rule_capability(xattr->value, xattr->size, bytes, e))
		return -1;
	bytes[3] = 3;
	memcpy(bytes + CAPABILITY_V2, &root, sizeof root);
	return index_tree_set_xattr(tree, inode, xattr->name, bytes, sizeof bytes, e);
}

static int set_xattrs(struct index_tree *tree, struct index_inode *inode, const struct tar_member *member, struct error *e)
{
	int64_t total = 0;

	for (size_t i = 0; i < member->xattr_count; i++)
		total += (int64_t)(strlen(member->xattrs[i].name) + member->xattrs[i].size);
	if (member_rule_xattr_bytes(total, tree->budget->limits->xattr_bytes, e))
		return -1;
	for (size_t i = 0; i < member->xattr_count; i++) {
		const struct tar_xattr *xattr = &member->xattrs[i];
		enum xattr_rule rule = member_rule_xattr(xattr->name, S_ISDIR(inode->mode));

		if (rule == XATTR_CAPABILITY && set_capability(tree, inode, xattr, e))
			return -1;
		if (rule == XATTR_KEPT && index_tree_set_xattr(tree, inode, xattr->name, xattr->value, xattr->size, e))
			return -1;
	}
	return 0;
}

static int set_metadata(struct index_tree *tree, struct index_inode *inode, const struct tar_member *member, struct error *e)
{
	inode->mode = (inode->mode & S_IFMT) | member->mode;
	return set_owner(tree, inode, member, e) || set_xattrs(tree, inode, member, e) ? -1 : 0;
}

/* inode in the place of whatever is at name. */
static int replace(struct index_tree *tree, struct index_inode *parent, const char *name, struct index_inode *inode, struct error *e)
{
	(void)index_tree_remove(tree, parent, member_name_base(name));
	return index_tree_put(tree, parent, member_name_base(name), inode, e);
}

static int make_file(struct index_tree *tree, const struct tar_member *member, const char *name, struct error *e)
{
	struct index_inode *parent = index_tree_parent(tree, name, e), *inode;

	if (!parent || budget_file(tree->budget, member->size, e))
		return -1;
	inode = index_tree_inode(tree, S_IFREG, e);
	if (!inode)
		return -1;
	inode->size = member->size;
	inode->data = member->data;
	return replace(tree, parent, name, inode, e) || set_metadata(tree, inode, member, e) ? -1 : 0;
}

static int make_folder(struct index_tree *tree, const struct tar_member *member, const char *name, struct error *e)
{
	struct index_inode *parent = index_tree_parent(tree, name, e), *inode;
	bool is_hiding;

	if (!parent)
		return -1;
	inode = index_tree_get(parent, member_name_base(name));
	if (inode && S_ISDIR(inode->mode))
		return set_metadata(tree, inode, member, e);
	/* In the place of a whiteout or file, the folder is a new one: what lower layers have there does not shine through. */
	is_hiding = inode != NULL;
	inode = index_tree_inode(tree, S_IFDIR, e);
	if (!inode || replace(tree, parent, name, inode, e) || (is_hiding && index_tree_set_opaque(tree, inode, e)))
		return -1;
	return set_metadata(tree, inode, member, e);
}

static int make_symlink(struct index_tree *tree, const struct tar_member *member, const char *name, struct error *e)
{
	struct index_inode *parent = index_tree_parent(tree, name, e), *inode;
	size_t length = strlen(member->target);
	char *target;

	if (!parent || member_rule_target(member->target, tree->budget->limits->path, e))
		return -1;
	inode = index_tree_inode(tree, S_IFLNK | 0777, e);
	target = inode ? index_tree_alloc(tree, length + 1, e) : NULL;
	if (!target)
		return -1;
	memcpy(target, member->target, length);
	inode->target = target;
	return replace(tree, parent, name, inode, e) || set_owner(tree, inode, member, e) ? -1 : 0;
}

static int make_fifo(struct index_tree *tree, const struct tar_member *member, const char *name, struct error *e)
{
	struct index_inode *parent = index_tree_parent(tree, name, e);
	struct index_inode *inode = parent ? index_tree_inode(tree, S_IFIFO | member->mode, e) : NULL;

	return !inode || replace(tree, parent, name, inode, e) || set_owner(tree, inode, member, e) ? -1 : 0;
}

static int refuse_link(struct error *e)
{
	return error_set(e, ERROR_IMAGE, "it is a hard link to something that cannot have one");
}

static int make_hard_link(struct index_tree *tree, const struct tar_member *member, const char *name, struct error *e)
{
	autofree char *target = member_name_clean(member->target, tree->budget->limits, e);
	struct index_inode *inode, *parent;

	if (!target)
		return -1;
	inode = *target && strcmp(target, name) != 0 ? index_tree_find(tree, target) : NULL;
	if (!inode || !S_ISREG(inode->mode))
		return refuse_link(e);
	parent = index_tree_parent(tree, name, e);
	if (!parent)
		return -1;
	if (index_tree_get(parent, member_name_base(name)) == inode)
		return 0;
	(void)index_tree_remove(tree, parent, member_name_base(name));
	/* What was just removed may have been a folder that the file was in. */
	if (index_tree_find(tree, target) != inode)
		return refuse_link(e);
	return index_tree_put(tree, parent, member_name_base(name), inode, e);
}

static int hide(struct index_tree *tree, struct index_inode *parent, const char *target, struct error *e)
{
	struct index_inode *inode = index_tree_get(parent, target);

	/* Whiteouts speak about the layers below only: what this layer itself brings stays. */
	if (inode)
		return S_ISDIR(inode->mode) ? index_tree_set_opaque(tree, inode, e) : 0;
	inode = index_tree_inode(tree, S_IFCHR, e);
	return inode ? index_tree_put(tree, parent, target, inode, e) : -1;
}

static int apply_whiteout(struct index_tree *tree, const struct tar_member *member, const char *name, int kind, const char *target,
			  struct error *e)
{
	struct index_inode *parent;

	if (member->type != TAR_FILE || member->size)
		return member_rule_refuse_whiteout(e);
	parent = index_tree_parent(tree, name, e);
	if (!parent)
		return -1;
	return kind == WHITEOUT_NAME ? hide(tree, parent, target, e) : index_tree_set_opaque(tree, parent, e);
}

static int apply(struct index_tree *tree, const struct tar_member *member, const char *name, struct error *e)
{
	const char *target = NULL;
	int kind;

	if (!*name)
		return member->type == TAR_FOLDER ? set_metadata(tree, tree->root, member, e) : member_rule_refuse_root(e);
	kind = whiteout_parse(member_name_base(name), &target, e);
	if (kind < 0)
		return -1;
	if (kind != WHITEOUT_NONE)
		return apply_whiteout(tree, member, name, kind, target, e);
	switch (member->type) {
	case TAR_FILE: return make_file(tree, member, name, e);
	case TAR_HARD_LINK: return make_hard_link(tree, member, name, e);
	case TAR_LINK: return make_symlink(tree, member, name, e);
	case TAR_FOLDER: return make_folder(tree, member, name, e);
	case TAR_FIFO: return make_fifo(tree, member, name, e);
	default: return member_rule_node(tree->report, member->type == TAR_CHARACTER, member->major, member->minor, e);
	}
}

int index_member_apply(struct index_tree *tree, const struct tar_member *member, struct error *e)
{
	autofree char *name = NULL;

	if (budget_entry(tree->budget, e))
		return -1;
	name = member_name_clean(member->name, tree->budget->limits, e);
	return name ? apply(tree, member, name, e) : -1;
}
