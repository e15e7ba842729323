/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copy_whole.c - a copy of a folder that keeps all there is to keep.
 *
 * The source is an app's, so it is hostile: names are opened one at a time without following links. The target is the caller's alone, which
 * is why a hard link may be made by a path below it.
 */
#include "runtime/storage/copy_whole.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hard_links.h"
#include "base/text.h"

enum { DEEPEST = 128, XATTR_NAMES = 64 << 10, XATTR_VALUE = 64 << 10, BUFFER = 128 << 10 };

struct whole {
	int target; /* its top */
	struct hard_links *links; /* paths below the target */
	struct text path; /* of where the walk is, without a slash in front */
	char *buffer;
};

static int copy_folder(struct whole *w, int from, int to, int depth, struct error *e);

/* Those that this user namespace may set: what it may not is the host's own. */
static int copy_xattrs(int from, int to, struct error *e)
{
	autofree char *names = alloc_zeroed(1, XATTR_NAMES), *value = alloc_zeroed(1, XATTR_VALUE);
	ssize_t length = flistxattr(from, names, XATTR_NAMES);

	if (length < 0)
		return errno == EOPNOTSUPP ? 0 : error_sys(e, "list its attributes");
	for (char *name = names; name < names + length; name += strlen(name) + 1) {
		ssize_t size = fgetxattr(from, name, value, XATTR_VALUE);

		if (size < 0 && (errno == ENODATA || errno == EPERM || errno == EOPNOTSUPP))
			continue;
		if (size < 0)
			return error_sys(e, "read its attribute %s", name);
		if (fsetxattr(to, name, value, (size_t)size, 0) && errno != EPERM && errno != EOPNOTSUPP)
			return error_sys(e, "set its attribute %s", name);
	}
	return 0;
}

/* Owner before mode and attributes: a change of owner clears setuid bits and file capabilities. Times last. */
static int copy_facts(int from, int to, const struct stat *st, struct error *e)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchown(to, st->st_uid, st->st_gid))
		return error_sys(e, "set its owner");
	if (fchmod(to, st->st_mode & 07777))
		return error_sys(e, "set its mode");
	if (copy_xattrs(from, to, e))
		return -1;
	return futimens(to, times) ? error_sys(e, "set its times") : 0;
}

static int copy_range(const struct whole *w, int from, int to, off_t at, off_t end, struct error *e)
{
	while (at < end) {
		size_t wanted = end - at < BUFFER ? (size_t)(end - at) : BUFFER;
		ssize_t got = pread(from, w->buffer, wanted, at);

		if (got < 0)
			return error_sys(e, "read it");
		if (got == 0)
			return 0; /* it became shorter meanwhile */
		for (ssize_t done = 0; done < got;) {
			ssize_t put = pwrite(to, w->buffer + done, (size_t)(got - done), at + done);

			if (put < 0)
				return error_sys(e, "write its copy");
			done += put;
		}
		at += got;
	}
	return 0;
}

/* Only what is data: what lies between stays a hole. */
static int copy_content(const struct whole *w, int from, int to, off_t size, struct error *e)
{
	off_t at = 0;

	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	if (ftruncate(to, size))
		return error_sys(e, "set the size of its copy");
	while (at < size) {
		off_t data = lseek(from, at, SEEK_DATA), hole;

		if (data < 0 && errno == ENXIO)
			return 0;
		if (data < 0 && errno != EINVAL)
			return error_sys(e, "find its data");
		hole = data < 0 ? size : lseek(from, data, SEEK_HOLE);
		data = data < 0 ? at : data;
		if (hole < 0 || hole > size)
			hole = size;
		if (copy_range(w, from, to, data, hole, e))
			return -1;
		at = hole > data ? hole : size;
	}
	return 0;
}

/* 1: it is a further name of a file that was copied. */
static int link_again(struct whole *w, const struct stat *st, int to, const char *name, struct error *e)
{
	const char *first = st->st_nlink > 1 ? hard_links_find(w->links, st) : NULL;
	autofree char *path = NULL;

	if (first)
		return linkat(w->target, first, to, name, 0) ? error_sys(e, "link its copy") : 1;
	if (st->st_nlink > 1) {
		path = text_format("%s%s", w->path.data ? w->path.data : "", name);
		hard_links_add(w->links, st, path);
	}
	return 0;
}

static int copy_file(struct whole *w, int from_folder, int to_folder, const char *name, struct error *e)
{
	autoclose int from = openat(from_folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	autoclose int to = -1;
	struct stat st;
	int linked;

	if (from < 0 || fstat(from, &st))
		return error_sys(e, "open it");
	if (!S_ISREG(st.st_mode))
		return 0; /* exchanged meanwhile for something without content */
	linked = link_again(w, &st, to_folder, name, e);
	if (linked)
		return linked < 0 ? -1 : 0;
	to = openat(to_folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return error_sys(e, "create its copy");
	return copy_content(w, from, to, st.st_size, e) ? -1 : copy_facts(from, to, &st, e);
}

/* Links and FIFOs. */
static int copy_small(int from, int to, const char *name, const struct stat *st, struct error *e)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	char target[PATH_MAX];
	ssize_t length = S_ISLNK(st->st_mode) ? readlinkat(from, name, target, sizeof target - 1) : 0;

	if (length < 0)
		return error_sys(e, "read the link");
	target[length] = '\0';
	if (S_ISLNK(st->st_mode) ? symlinkat(target, to, name) : mkfifoat(to, name, 0600))
		return error_sys(e, "make its copy");
	if (fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW))
		return error_sys(e, "set its owner");
	if (!S_ISLNK(st->st_mode) && fchmodat(to, name, st->st_mode & 07777, 0))
		return error_sys(e, "set its mode");
	return utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) ? error_sys(e, "set its times") : 0;
}

static int copy_subfolder(struct whole *w, int from_folder, int to_folder, const char *name, int depth, struct error *e)
{
	autoclose int from = openat(from_folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclose int to = -1;
	size_t length = w->path.length;
	int result;

	if (from < 0)
		return error_sys(e, "open the folder");
	if (mkdirat(to_folder, name, 0700))
		return error_sys(e, "make the folder");
	to = openat(to_folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return error_sys(e, "open the copy of the folder");
	text_addf(&w->path, "%s/", name);
	result = copy_folder(w, from, to, depth + 1, e);
	w->path.length = length;
	w->path.data[length] = '\0';
	return result;
}

static int copy_entry(struct whole *w, int from, int to, const char *name, int depth, struct error *e)
{
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : error_sys(e, "look at it");
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR: return copy_subfolder(w, from, to, name, depth, e);
	case S_IFREG: return copy_file(w, from, to, name, e);
	case S_IFLNK:
	case S_IFIFO: return copy_small(from, to, name, &st, e);
	default: return 0; /* a device is never made for an app, and a socket is its program's */
	}
}

static int copy_folder(struct whole *w, int from, int to, int depth, struct error *e)
{
	autoclosedir DIR *entries = folder_open(from, ".", 0);
	struct dirent *entry;
	struct stat st;

	if (!entries || fstat(from, &st))
		return error_sys(e, "read the folder");
	if (depth > DEEPEST)
		return error_set(e, ERROR_SPEC, "folders are nested deeper than %d levels", DEEPEST);
	while ((errno = 0, entry = readdir(entries))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (copy_entry(w, from, to, entry->d_name, depth, e))
			return error_in(e, "%s", entry->d_name);
	}
	return errno ? error_sys(e, "read the folder") : copy_facts(from, to, &st, e);
}

int copy_whole(int from, int to, struct error *e)
{
	struct whole w = { .target = to, .links = hard_links_new(), .buffer = alloc_zeroed(1, BUFFER) };
	int result = copy_folder(&w, from, to, 0, e);

	hard_links_free(w.links);
	free(w.buffer);
	text_release(&w.path);
	return result;
}
