/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_apply.c - the members of a tar as files below a folder.
 *
 * Folders get their modes and times last, and in reverse: one that forbids writing could not be filled, and filling it changes its time.
 */
#include "images/tar_apply.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "images/tar_reader.h"

enum { BUFFER = 256 << 10, HOLE = 4096 };

struct folder {
	char *path;
	mode_t mode;
	int64_t mtime;
	size_t turn; /* when it came */
};

struct target {
	const struct tar_apply *apply;
	int root;
	const char *prefix;
	bool drops_first;
	struct tar_reader *reader;
	struct folder *folders;
	size_t folder_count;
	unsigned char *buffer;
};

const char *tar_apply_mark(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return text_starts(name, TAR_APPLY_MARK) ? name + strlen(TAR_APPLY_MARK) : NULL;
}

static ssize_t next_bytes(void *data, const unsigned char **ret, struct error *e)
{
	struct target *target = data;
	ssize_t got;

	while ((got = read(target->apply->input, target->buffer, BUFFER)) < 0 && errno == EINTR)
		;
	if (got < 0)
		return error_sys(e, "read the tar");
	*ret = target->buffer;
	return got;
}

/* Where a name of the tar lies in the root; NULL where it has "..". "a/./b//" is PREFIX/a/b. */
static char *place(const struct target *target, const char *name, bool *ret_is_prefix)
{
	struct text path = { 0 };
	bool is_first = true, drops = target->drops_first;

	text_add(&path, target->prefix);
	*ret_is_prefix = true;
	while (*name) {
		size_t length = strcspn(name, "/");

		if (length == 2 && memcmp(name, "..", 2) == 0) {
			text_release(&path);
			return NULL;
		}
		if (length && (length != 1 || *name != '.')) {
			if (!is_first || !drops) {
				text_add_char(&path, '/');
				text_add_bytes(&path, name, length);
				*ret_is_prefix = false;
			}
			is_first = false;
		}
		name += length + (name[length] == '/');
	}
	return text_take(&path);
}

/* The folder that path lies in, made where it is missing, and the last part of path. */
static int open_parent(const struct target *target, const char *path, char ret_name[static 256], struct error *e)
{
	int parent = beneath_parent(target->root, path, ret_name, e);
	const char *slash = strrchr(path, '/');

	if (parent < 0 && e->sys == ENOENT && slash && slash != path) {
		autofree char *folders = alloc_copy_bytes(path, (size_t)(slash - path));
		autoclose int made = -1;

		error_clear(e);
		made = beneath_make_folder(target->root, folders, 0755, e);
		parent = made < 0 ? -1 : beneath_parent(target->root, path, ret_name, e);
	}
	return parent;
}

static mode_t mode_of(const struct target *target, const struct tar_member *member)
{
	return member->mode & (target->apply->keeps_special_modes ? 07777 : 01777);
}

static int set_owner(const struct target *target, int folder, const char *name, const struct tar_member *member, struct error *e)
{
	const struct tar_owner *owner = target->apply->owner;

	if (owner && fchownat(folder, name, owner->uid, owner->gid, AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH)))
		return error_sys(e, "give it to %lld:%lld", (long long)owner->uid, (long long)owner->gid);
	if (owner || !target->apply->keeps_owners)
		return 0;
	if (member->uid > UINT32_MAX - 1 || member->gid > UINT32_MAX - 1)
		return error_set(e, ERROR_IMAGE, "an owner of it is no user id");
	if (fchownat(folder, name, (uid_t)member->uid, (gid_t)member->gid, AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH)))
		return error_sys(e, "give it to %lld:%lld", (long long)member->uid, (long long)member->gid);
	return 0;
}

static int set_xattrs(const struct target *target, int fd, const struct tar_member *member, struct error *e)
{
	for (size_t i = 0; i < member->xattr_count; i++) {
		const struct tar_xattr *xattr = &member->xattrs[i];
		bool is_capability = strcmp(xattr->name, "security.capability") == 0;

		if (!(is_capability && target->apply->keeps_special_modes) &&
		    (!text_starts(xattr->name, "user.") || text_starts(xattr->name, "user.overlay.")))
			continue;
		/* A file system without attributes, as a tmpfs of an older kernel, loses them. */
		if (fsetxattr(fd, xattr->name, xattr->value, xattr->size, 0) && errno != EOPNOTSUPP)
			return error_sys(e, "set the attribute %s", xattr->name);
	}
	return 0;
}

static bool is_zero(const unsigned char *bytes, size_t length)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0;
}

/* At offset, up to the next multiple of HOLE each: an empty piece is not written. */
static int write_pieces(int file, const unsigned char *bytes, size_t length, int64_t *offset)
{
	while (length) {
		size_t piece = HOLE - (size_t)(*offset % HOLE);
		ssize_t done;

		if (piece > length)
			piece = length;
		done = is_zero(bytes, piece) ? (ssize_t)piece : pwrite(file, bytes, piece, *offset);
		if (done < 0 && errno != EINTR)
			return -1;
		if (done < 0)
			continue;
		bytes += done;
		length -= (size_t)done;
		*offset += done;
	}
	return 0;
}

static int write_content(struct target *target, int file, struct error *e)
{
	const unsigned char *bytes;
	int64_t offset = 0;
	ssize_t got;

	while ((got = tar_reader_content(target->reader, &bytes, e)) > 0)
		if (write_pieces(file, bytes, (size_t)got, &offset))
			return error_sys(e, "write it");
	if (got < 0)
		return -1;
	return ftruncate(file, offset) ? error_sys(e, "write it") : 0;
}

/* A file that was there is replaced, not written: it may have other names, or be executed. */
static int make_room(const struct target *target, int folder, const char *name, struct error *e)
{
	if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno == EISDIR && (target->apply->replaces || target->apply->is_layer))
		return folder_remove(folder, name, e);
	if (errno == EISDIR)
		return error_set(e, ERROR_EXISTS, "replace it: it is a folder, and becomes none");
	return error_sys(e, "replace it");
}

static int apply_file(struct target *target, int folder, const char *name, const struct tar_member *member, struct error *e)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = member->mtime, .tv_nsec = member->mtime_nsec } };
	autoclose int file = -1;

	if (make_room(target, folder, name, e))
		return -1;
	file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (file < 0)
		return error_sys(e, "make it");
	/* The owner first: a change of it clears setuid bits and capabilities. */
	if (write_content(target, file, e) || set_owner(target, file, "", member, e) || set_xattrs(target, file, member, e))
		return -1;
	if (fchmod(file, mode_of(target, member)) || futimens(file, times))
		return error_sys(e, "set mode and time");
	return 0;
}

/* As the archive says it, where something else than a folder has its name. */
static int open_folder(const struct target *target, int parent, const char *name, struct error *e)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, folder = openat(parent, *name ? name : ".", flags);

	if (folder < 0 && (errno == ENOTDIR || errno == ELOOP) && target->apply->replaces && *name) {
		if (make_room(target, parent, name, e))
			return -1;
		folder = mkdirat(parent, name, 0700) ? -1 : openat(parent, name, flags);
	}
	if (folder < 0 && (errno == ENOTDIR || errno == ELOOP))
		return error_set(e, ERROR_EXISTS, "make the folder: something else has its name");
	return folder < 0 ? error_sys(e, "open the folder") : folder;
}

static int apply_folder(struct target *target, int parent, const char *name, const char *path, const struct tar_member *member,
			struct error *e)
{
	autoclose int folder = -1;
	struct folder *later;
	struct stat st;

	if (target->apply->is_layer && *name && fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode) &&
	    unlinkat(parent, name, 0))
		return error_sys(e, "replace it");
	if (*name && mkdirat(parent, name, 0700) && errno != EEXIST)
		return error_sys(e, "make the folder");
	folder = open_folder(target, parent, name, e);
	if (folder < 0)
		return -1;
	if (set_owner(target, folder, "", member, e) || set_xattrs(target, folder, member, e))
		return -1;
	later = alloc_append(&target->folders, &target->folder_count, sizeof *later);
	*later = (struct folder){ alloc_copy(path), mode_of(target, member), member->mtime, target->folder_count };
	return 0;
}

/* A further name of a file that this tar has made. */
static int apply_hard_link(struct target *target, int folder, const char *name, const struct tar_member *member, struct error *e)
{
	bool is_prefix;
	autofree char *path = place(target, member->target, &is_prefix);
	autoclose int parent = -1;
	char first[256];
	struct stat st;

	if (!path)
		return error_set(e, ERROR_IMAGE, "what it is another name of has \"..\"");
	parent = beneath_parent(target->root, path, first, e);
	if (parent < 0 || make_room(target, folder, name, e))
		return -1;
	if (fstatat(parent, first, &st, AT_SYMLINK_NOFOLLOW) || linkat(parent, first, folder, name, 0))
		return error_sys(e, "make it another name of %s", member->target);
	return 0;
}

static int apply_other(struct target *target, int folder, const char *name, const struct tar_member *member, struct error *e)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = member->mtime, .tv_nsec = member->mtime_nsec } };
	bool is_link = member->type == TAR_LINK;

	if (make_room(target, folder, name, e))
		return -1;
	/* tar_apply has taken the umask away: there is no chmod(2) that follows no link and needs no /proc. */
	if (is_link ? symlinkat(member->target, folder, name) : mkfifoat(folder, name, member->mode & 0777))
		return error_sys(e, "make it");
	if (set_owner(target, folder, name, member, e))
		return -1;
	return utimensat(folder, name, times, AT_SYMLINK_NOFOLLOW) ? error_sys(e, "set its time") : 0;
}

static int apply_member(struct target *target, const struct tar_member *member, struct error *e)
{
	bool is_prefix;
	autofree char *path = place(target, member->name, &is_prefix);
	autoclose int parent = -1;
	char name[256] = "";

	if (!path)
		return error_set(e, ERROR_IMAGE, "its name has \"..\"");
	/* The folder that everything goes to is as it was, unless it is what was asked for. */
	if (is_prefix && member->type == TAR_FOLDER && !target->drops_first && !target->apply->sets_root)
		return 0;
	if (member->type == TAR_CHARACTER || member->type == TAR_BLOCK || (target->apply->is_layer && tar_apply_mark(path)))
		return 0;
	parent = *path ? open_parent(target, path, name, e) : dup(target->root);
	if (parent < 0)
		return -1;
	if (member->type == TAR_FOLDER)
		return apply_folder(target, parent, name, path, member, e);
	if (!*name)
		return error_set(e, ERROR_IMAGE, "it has no name");
	if (member->type == TAR_FILE)
		return apply_file(target, parent, name, member, e);
	return member->type == TAR_HARD_LINK ? apply_hard_link(target, parent, name, member, e) : apply_other(target, parent, name, member, e);
}

/* Of a folder that a later member has replaced there is nothing to set. */
static bool is_gone(const struct target *target, const char *path)
{
	int folder = target->apply->replaces ? beneath_try(target->root, path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0) : -1;

	if (folder >= 0)
		close(folder);
	return target->apply->replaces && folder < 0;
}

static int by_path(const void *a, const void *b)
{
	const struct folder *one = a, *other = b;
	int order = strcmp(one->path, other->path);

	return order ? order : one->turn < other->turn ? -1 : 1;
}

/* What holds others sorts before them; of what came twice the later one counts. */
static void sort_folders(struct target *target)
{
	size_t kept = 0;

	if (target->folder_count)
		qsort(target->folders, target->folder_count, sizeof *target->folders, by_path);
	for (size_t i = 0; i < target->folder_count; i++) {
		if (i + 1 < target->folder_count && strcmp(target->folders[i].path, target->folders[i + 1].path) == 0)
			free(target->folders[i].path);
		else
			target->folders[kept++] = target->folders[i];
	}
	target->folder_count = kept;
}

static int finish_folders(struct target *target, struct error *e)
{
	sort_folders(target);
	while (target->folder_count) {
		struct folder *last = &target->folders[target->folder_count - 1];
		const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = last->mtime } };
		const char *path = *last->path ? last->path : ".";

		if (!is_gone(target, path)) {
			autoclose int folder = beneath_open(target->root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, e);

			if (folder < 0)
				return -1;
			if (fchmod(folder, last->mode) || futimens(folder, times))
				return error_sys(e, "set mode and time of %s", last->path);
		}
		free(last->path);
		target->folder_count--;
	}
	return 0;
}

int tar_apply(const struct tar_apply *apply, int root, const char *prefix, struct error *e)
{
	struct target target = { .apply = apply, .root = root, .prefix = prefix, .buffer = alloc_zeroed(1, BUFFER) };
	struct tar_member member;
	mode_t mask = umask(0);
	bool is_first = true;
	int got;

	target.drops_first = apply->drops_first;
	target.reader = tar_reader_new(next_bytes, &target);
	while ((got = tar_reader_next(target.reader, &member, e)) > 0) {
		target.drops_first |= is_first && apply->first_is_prefix && member.type != TAR_FOLDER;
		is_first = false;
		if (apply_member(&target, &member, e)) {
			error_in(e, "%s", member.name);
			got = -1;
			break;
		}
	}
	if (got == 0)
		got = finish_folders(&target, e);
	(void)umask(mask); /* returns what was set */
	for (size_t i = 0; i < target.folder_count; i++)
		free(target.folders[i].path);
	free(target.folders);
	free(target.buffer);
	tar_reader_free(target.reader);
	return got;
}
