/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metadata.c - owner, mode, extended attributes and times of a member.
 *
 * Everything goes through the descriptor that was just made, or by its name without following links. The order matters: chown clears
 * setuid bits and file capabilities, so it comes first; times come last.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "images/unpack/apply_options.h"
#include "images/unpack/budget.h"
#include "images/unpack/layer_tree.h"
#include "images/unpack/member_rules.h"

int metadata_owner(struct layer_tree *tree, struct archive_entry *entry, uid_t *ret_uid, gid_t *ret_gid,
		   struct error *e)
{
	return member_rule_owner(tree->options, tree->report, archive_entry_uid(entry), archive_entry_gid(entry), ret_uid, ret_gid, e);
}

static void entry_times(struct archive_entry *entry, struct timespec ret[2])
{
	long nanoseconds = archive_entry_mtime_nsec(entry);

	ret[1].tv_sec = archive_entry_mtime(entry);
	ret[1].tv_nsec = nanoseconds >= 0 && nanoseconds < 1000000000 ? nanoseconds : 0;
	ret[0] = ret[1];
}

/* The kernel binds revision 2 to this user namespace's root. */
static int set_capability(int fd, const void *value, size_t size, struct error *e)
{
	unsigned char bytes[CAPABILITY_V2];

	if (member_rule_capability(value, size, bytes, e))
		return -1;
	if (fsetxattr(fd, "security.capability", bytes, sizeof bytes, 0))
		return error_sys(e, "set its file capability");
	return 0;
}

static int set_xattrs(int fd, struct archive_entry *entry, bool is_folder, struct error *e)
{
	const char *name;
	const void *value;
	enum xattr_rule rule;
	size_t size;

	(void)archive_entry_xattr_reset(entry); /* the count, which the loop does not need */
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
		rule = name ? member_rule_xattr(name, is_folder) : XATTR_DROPPED;
		if (rule == XATTR_CAPABILITY && set_capability(fd, value, size, e))
			return -1;
		if (rule == XATTR_KEPT && fsetxattr(fd, name, value, size, 0))
			return error_sys(e, "set its extended attribute %s", name);
	}
	return 0;
}

/* Counted before the first is set: a file system's own limit (4 KiB on ext4) would hide this one. */
static int check_xattrs(struct archive_entry *entry, int64_t limit, struct error *e)
{
	int64_t total = 0;
	const char *name;
	const void *value;
	size_t size;

	(void)archive_entry_xattr_reset(entry); /* the count, which the loop does not need */
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
		total += (int64_t)((name ? strlen(name) : 0) + size);
	return member_rule_xattr_bytes(total, limit, e);
}

int metadata_apply(struct layer_tree *tree, int fd, struct archive_entry *entry, const char *name, struct error *e)
{
	bool is_folder = archive_entry_filetype(entry) == AE_IFDIR;
	struct timespec times[2];
	uid_t uid = 0;
	gid_t gid = 0;

	if (metadata_owner(tree, entry, &uid, &gid, e))
		return -1;
	if (fchown(fd, uid, gid))
		return error_sys(e, "give it to user %u and group %u", uid, gid);
	if (fchmod(fd, archive_entry_perm(entry) & 07777))
		return error_sys(e, "set its mode");
	if (check_xattrs(entry, tree->budget->limits->xattr_bytes, e) || set_xattrs(fd, entry, is_folder, e))
		return -1;
	entry_times(entry, times);
	if (is_folder)
		return layer_tree_remember(tree, name, times, e);
	if (futimens(fd, times))
		return error_sys(e, "set its time");
	return 0;
}

int metadata_apply_at(struct layer_tree *tree, int parent, const char *base, struct archive_entry *entry,
		      struct error *e)
{
	struct timespec times[2];
	uid_t uid = 0;
	gid_t gid = 0;

	if (metadata_owner(tree, entry, &uid, &gid, e))
		return -1;
	if (fchownat(parent, base, uid, gid, AT_SYMLINK_NOFOLLOW))
		return error_sys(e, "give it to user %u and group %u", uid, gid);
	/* The name was made exclusively a moment ago and nobody else lives in this folder: it is no link. */
	if (archive_entry_filetype(entry) != AE_IFLNK && fchmodat(parent, base, archive_entry_perm(entry) & 07777, 0))
		return error_sys(e, "set its mode");
	entry_times(entry, times);
	if (utimensat(parent, base, times, AT_SYMLINK_NOFOLLOW))
		return error_sys(e, "set its time");
	return 0;
}
