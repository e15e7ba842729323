/* SPDX-License-Identifier: Apache-2.0 */
/*
 * member.c - one member of a tar becomes one name in the layer.
 *
 * What stands at the name already goes first (the later member wins), then the new thing is made exclusively: nothing is ever written
 * through a name that the archive made before.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "images/unpack/apply_options.h"
#include "images/unpack/budget.h"
#include "images/unpack/content_hash.h"
#include "images/unpack/content_notes.h"
#include "images/unpack/layer_tree.h"
#include "images/unpack/member_name.h"
#include "images/unpack/member_rules.h"
#include "images/unpack/write_behind.h"

static int write_at(int fd, const char *bytes, size_t length, int64_t at, struct error *e)
{
	while (length > 0) {
		ssize_t done = pwrite(fd, bytes, length, at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return error_sys(e, "write it");
		bytes += done;
		length -= (size_t)done;
		at += done;
	}
	return 0;
}

static int refuse_hole(struct error *e)
{
	return error_set(e, ERROR_IMAGE, "it has holes (a sparse file), and files in an archive of blobs have none");
}

/*
 * The content: blocks in rising order, holes between them (the sparse forms), nothing past the size that was charged. Blobs have no holes:
 * they are copied and hashed byte by byte, which a few bytes of an archive must not make hours of.
 */
static int copy_content(struct archive *archive, int fd, int64_t size, bool has_holes, struct content_hash *hash, struct error *e)
{
	autorelease(write_behind) struct write_behind *behind = size >= WRITE_BEHIND_WORTH ? write_behind_begin(fd, "write it") : NULL;
	const void *block;
	size_t length;
	int64_t at, end = 0;
	int code;

	while ((code = archive_read_data_block(archive, &block, &length, &at)) == ARCHIVE_OK) {
		if (at < end || at > size || (int64_t)length > size - at)
			return error_set(e, ERROR_IMAGE, "its pieces overlap or reach past its size");
		if (at > end && !has_holes)
			return refuse_hole(e);
		if (at > end && behind) {
			if (write_behind_end(behind, e))
				return -1;
			write_behind_release(&behind);
		}
		if (behind ? write_behind_add(behind, block, length, e) : write_at(fd, block, length, at, e))
			return -1;
		if (hash)
			content_hash_add(hash, at, block, length);
		end = at + (int64_t)length;
	}
	if (behind && write_behind_end(behind, e))
		return -1;
	/* Some writers (umoci's insert) leave the padding behind the last content out. The content itself is whole: that is all there is. */
	if (code != ARCHIVE_EOF && end == size && size > 0)
		return MEMBER_LAST;
	if (code != ARCHIVE_EOF)
		return error_set(e, ERROR_IMAGE, "%s",
				 archive_error_string(archive) ? archive_error_string(archive)
							       : "its content is broken");
	if (end < size && !has_holes)
		return refuse_hole(e);
	if (end < size && ftruncate(fd, size))
		return error_sys(e, "set its size");
	return 0;
}

/* After the attributes, which belong to it. */
static int note_content(struct content_notes *notes, struct content_hash *hash, int fd, int64_t size, struct error *e)
{
	struct digest digest;
	struct stat st;

	content_hash_finish(hash, size);
	if (content_hash_xattrs(hash, fd, e))
		return -1;
	if (fstat(fd, &st))
		return error_sys(e, "look at it");
	content_hash_end(hash, &digest);
	content_notes_add(notes, st.st_ino, &digest);
	return 0;
}

static int make_file(struct layer_tree *tree, struct archive *archive, struct archive_entry *entry, const char *name,
		     struct error *e)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int64_t size = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : 0;
	struct content_notes *notes = tree->options->notes;
	autorelease(content_hash) struct content_hash *hash = NULL;
	int parent = layer_tree_parent(tree, name, e), copied;
	autoclose int fd = -1;

	if (notes && !(hash = content_hash_begin(e)))
		return -1;
	if (parent < 0 || budget_file(tree->budget, size, e))
		return -1;
	fd = openat(parent, member_name_base(name), flags, 0600);
	if (fd < 0 && errno == EEXIST) {
		if (layer_tree_remove(tree, parent, member_name_base(name), e) < 0)
			return -1;
		fd = openat(parent, member_name_base(name), flags, 0600);
	}
	if (fd < 0)
		return error_sys(e, "create it");
	copied = copy_content(archive, fd, size, !tree->options->holds_blobs, hash, e);
	if (copied < 0 || metadata_apply(tree, fd, entry, name, e) || (hash && note_content(notes, hash, fd, size, e)))
		return -1;
	return copied;
}

static int make_folder(struct layer_tree *tree, struct archive_entry *entry, const char *name, struct error *e)
{
	const char *base = member_name_base(name);
	int parent = layer_tree_parent(tree, name, e), removed = REMOVED_NOTHING;
	autoclose int fd = -1;
	struct stat st;

	if (parent < 0)
		return -1;
	if (mkdirat(parent, base, 0700)) {
		if (errno != EEXIST || fstatat(parent, base, &st, AT_SYMLINK_NOFOLLOW))
			return error_sys(e, "make the folder");
		if (!S_ISDIR(st.st_mode)) {
			removed = layer_tree_remove(tree, parent, base, e);
			if (removed < 0)
				return -1;
			if (mkdirat(parent, base, 0700))
				return error_sys(e, "make the folder");
		}
	}
	fd = openat(parent, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_sys(e, "open the folder");
	/* In the place of a whiteout or file, the folder is a new one: what lower layers have there does not shine through. */
	if (removed == REMOVED_FILE && whiteout_set_opaque(fd, e))
		return -1;
	return metadata_apply(tree, fd, entry, name, e);
}

static int make_symlink(struct layer_tree *tree, struct archive_entry *entry, const char *name, struct error *e)
{
	const char *target = archive_entry_symlink(entry);
	const char *base = member_name_base(name);
	int parent = layer_tree_parent(tree, name, e);

	if (parent < 0)
		return -1;
	if (member_rule_target(target, tree->budget->limits->path, e))
		return -1;
	if (symlinkat(target, parent, base)) {
		if (errno != EEXIST)
			return error_sys(e, "make the link");
		if (layer_tree_remove(tree, parent, base, e) < 0)
			return -1;
		if (symlinkat(target, parent, base))
			return error_sys(e, "make the link");
	}
	return metadata_apply_at(tree, parent, base, entry, e);
}

static int make_fifo(struct layer_tree *tree, struct archive_entry *entry, const char *name, struct error *e)
{
	const char *base = member_name_base(name);
	int parent = layer_tree_parent(tree, name, e);

	if (parent < 0 || layer_tree_remove(tree, parent, base, e) < 0)
		return -1;
	if (mknodat(parent, base, S_IFIFO | 0600, 0))
		return error_sys(e, "make the FIFO");
	return metadata_apply_at(tree, parent, base, entry, e);
}

/* A hard link: only to a regular file that this layer brought, and never to what a link leads to. */
static int make_hard_link(struct layer_tree *tree, const char *raw_target, const char *name, struct error *e)
{
	autofree char *target = member_name_clean(raw_target, tree->budget->limits, e);
	autoclose int target_parent = -1;
	char target_base[256];
	struct stat st, there;
	int parent;

	if (!target)
		return error_in(e, "link it to \"%s\"", raw_target);
	if (!*target)
		return error_set(e, ERROR_IMAGE, "it is a hard link to the root folder");
	if (strcmp(target, name) == 0)
		return error_set(e, ERROR_IMAGE, "it is a hard link to itself");
	target_parent = beneath_parent(tree->root, target, target_base, e);
	if (target_parent < 0)
		return error_in(e, "link it to %s", target);
	if (fstatat(target_parent, target_base, &st, AT_SYMLINK_NOFOLLOW))
		return error_sys(e, "link it to %s", target);
	if (!S_ISREG(st.st_mode))
		return error_set(e, ERROR_IMAGE, "it is a hard link to %s, which is no regular file", target);
	parent = layer_tree_parent(tree, name, e);
	if (parent < 0)
		return -1;
	/* Two names of one file already: removing this one to make it again could remove the last. */
	if (fstatat(parent, member_name_base(name), &there, AT_SYMLINK_NOFOLLOW) == 0 && there.st_ino == st.st_ino &&
	    there.st_dev == st.st_dev)
		return 0;
	if (layer_tree_remove(tree, parent, member_name_base(name), e) < 0)
		return -1;
	if (linkat(target_parent, target_base, parent, member_name_base(name), 0))
		return error_sys(e, "link it to %s", target);
	return 0;
}

/* The root itself may get an owner, a mode, attributes and times, and nothing else. */
static int apply_root(struct layer_tree *tree, struct archive_entry *entry, struct error *e)
{
	if (archive_entry_filetype(entry) != AE_IFDIR || archive_entry_hardlink(entry))
		return member_rule_refuse_root(e);
	return metadata_apply(tree, tree->root, entry, "", e);
}

static int apply_whiteout(struct layer_tree *tree, struct archive_entry *entry, const char *name, int kind,
			  const char *target, struct error *e)
{
	autoclose int folder = -1;
	int parent;

	if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) ||
	    archive_entry_size(entry) != 0)
		return member_rule_refuse_whiteout(e);
	parent = layer_tree_parent(tree, name, e);
	if (parent < 0)
		return -1;
	if (kind == WHITEOUT_NAME)
		return whiteout_hide(tree, parent, target, e);
	folder = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* O_PATH descriptors take no attributes */
	if (folder < 0)
		return error_sys(e, "open its folder");
	return whiteout_set_opaque(folder, e);
}

static int apply_node(struct layer_tree *tree, struct archive_entry *entry, struct error *e)
{
	return member_rule_node(tree->report, archive_entry_filetype(entry) == AE_IFCHR, archive_entry_rdevmajor(entry),
				archive_entry_rdevminor(entry), e);
}

int member_apply(struct layer_tree *tree, struct archive *archive, struct archive_entry *entry, const char *name,
		 struct error *e)
{
	const char *target = NULL;
	int kind = WHITEOUT_NONE;

	if (!*name)
		return apply_root(tree, entry, e);
	if (!tree->options->holds_blobs)
		kind = whiteout_parse(member_name_base(name), &target, e);
	if (kind < 0)
		return -1;
	if (kind != WHITEOUT_NONE)
		return apply_whiteout(tree, entry, name, kind, target, e);
	if (archive_entry_hardlink(entry))
		return make_hard_link(tree, archive_entry_hardlink(entry), name, e);
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG: return make_file(tree, archive, entry, name, e);
	case AE_IFDIR: return make_folder(tree, entry, name, e);
	case AE_IFLNK: return make_symlink(tree, entry, name, e);
	case AE_IFIFO: return make_fifo(tree, entry, name, e);
	case AE_IFCHR:
	case AE_IFBLK:
	case AE_IFSOCK: return apply_node(tree, entry, e);
	default: return error_set(e, ERROR_IMAGE, "it is of an unknown kind");
	}
}
