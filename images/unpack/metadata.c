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
#include "base/id_map.h"
#include "base/text.h"
#include "images/unpack/apply_options.h"
#include "images/unpack/budget.h"
#include "images/unpack/layer_tree.h"

/* security.capability as the kernel stores it: revision and flags, four words, and from revision 3 the root id. */
enum { CAPABILITY_V2 = 20, CAPABILITY_V3 = 24, REVISION_V2 = 2, REVISION_V3 = 3 };

static int check_id(const char *what, int64_t id, uint32_t count, struct error *e)
{
	if (id >= 0 && id < (int64_t)count)
		return 0;
	return error_set(e, ERROR_IMAGE, "its %s id %lld is outside the %u ids that an app has", what, (long long)id,
			 count);
}

int metadata_owner(struct layer_tree *tree, struct archive_entry *entry, uid_t *ret_uid, gid_t *ret_gid,
		   struct error *e)
{
	int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);

	if (tree->options->squash_ids) {
		if (check_id("user", uid, ID_RANGE, e) || check_id("group", gid, ID_RANGE, e))
			return -1;
		tree->report->squashed += uid || gid;
		uid = gid = 0;
	} else if (check_id("user", uid, tree->options->uid_count, e) ||
		   check_id("group", gid, tree->options->gid_count, e)) {
		return -1;
	}
	*ret_uid = (uid_t)uid;
	*ret_gid = (gid_t)gid;
	return 0;
}

static void entry_times(struct archive_entry *entry, struct timespec ret[2])
{
	long nanoseconds = archive_entry_mtime_nsec(entry);

	ret[1].tv_sec = archive_entry_mtime(entry);
	ret[1].tv_nsec = nanoseconds >= 0 && nanoseconds < 1000000000 ? nanoseconds : 0;
	ret[0] = ret[1];
}

/* A file capability is written as revision 2: the kernel then binds it to this user namespace's root, whatever the archive said. */
static int set_capability(int fd, const void *value, size_t size, struct error *e)
{
	unsigned char bytes[CAPABILITY_V3] = { 0 };

	if (size != CAPABILITY_V2 && size != CAPABILITY_V3)
		return error_set(e, ERROR_IMAGE, "its file capability has %zu bytes", size);
	memcpy(bytes, value, size);
	if (bytes[3] != (size == CAPABILITY_V2 ? REVISION_V2 : REVISION_V3))
		return error_set(e, ERROR_IMAGE, "its file capability has the unknown revision %d", bytes[3]);
	bytes[3] = REVISION_V2; /* little-endian: the highest byte of the first word */
	if (fsetxattr(fd, "security.capability", bytes, CAPABILITY_V2, 0))
		return error_sys(e, "set its file capability");
	return 0;
}

/*
 * user.* and file capabilities are kept. The rest would mean something on this host: labels of security modules, overlayfs' own notes
 * (user.overlay.*, which this store's layers are read by), ACLs whose ids are not the container's.
 */
static int set_xattrs(int fd, struct archive_entry *entry, bool is_folder, struct error *e)
{
	const char *name;
	const void *value;
	size_t size;

	(void)archive_entry_xattr_reset(entry); /* the count, which the loop does not need */
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
		if (!name)
			continue;
		if (strcmp(name, "security.capability") == 0 && !is_folder) {
			if (set_capability(fd, value, size, e))
				return -1;
		} else if (text_starts(name, "user.") && !text_starts(name, "user.overlay.")) {
			if (fsetxattr(fd, name, value, size, 0))
				return error_sys(e, "set its extended attribute %s", name);
		}
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
	if (total > limit)
		return error_set(e, ERROR_IMAGE, "its extended attributes have more than %d bytes", (int)limit);
	return 0;
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
