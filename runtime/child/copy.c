/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copy.c - copy the content of one folder into another.
 *
 * The source is an image's, so it is hostile: names are opened one at a time without following links, and every new file is
 * made exclusively. It runs with the power of the container's root and no more.
 */
#include "runtime/child/copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

enum { DEEPEST = 128 };

static int copy_folder(int from, int to, int depth, struct error *e);

/*
 * The owner of name in folder ("": of folder itself). Ids that do not exist inside (EINVAL: an ordinary user without subordinate ids runs
 * somebody else's root folder) cannot be given; the copy then belongs to the container's root, who made it. 1: so it was.
 */
static int give(int folder, const char *name, const struct stat *st, struct error *e)
{
	const int flags = AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH);
	int kept = 0;

	if (fchownat(folder, name, st->st_uid, st->st_gid, flags) == 0)
		return 0;
	/* One of the two may exist. */
	for (int i = 0; i < 2; i++) {
		if (fchownat(folder, name, i ? (uid_t)-1 : st->st_uid, i ? st->st_gid : (gid_t)-1, flags) == 0)
			continue;
		if (errno != EINVAL)
			return error_sys(e, "set the owner");
		kept = 1;
	}
	return kept;
}

/* Owner before mode: a change of owner clears setuid bits. What was somebody else's must not be setuid root in the copy. */
static int copy_facts(int to, const struct stat *st, struct error *e)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	int kept = give(to, "", st, e);

	if (kept < 0)
		return -1;
	if (fchmod(to, st->st_mode & (kept ? 01777 : 07777)) || futimens(to, times))
		return error_sys(e, "set mode and time");
	return 0;
}

static int copy_capability(int from, int to, struct error *e)
{
	char value[64];
	ssize_t length = fgetxattr(from, "security.capability", value, sizeof value);

	if (length > 0 && fsetxattr(to, "security.capability", value, (size_t)length, 0) && errno != EPERM && errno != EOPNOTSUPP)
		return error_sys(e, "copy the file's capabilities");
	return 0;
}

static int copy_file(int from_folder, int to_folder, const char *name, struct error *e)
{
	autoclose int from = openat(from_folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	autoclose int to = -1;
	struct stat st;
	ssize_t done;

	if (from < 0 || fstat(from, &st))
		return error_sys(e, "open");
	to = openat(to_folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return error_sys(e, "create the copy");
	while ((done = sendfile(to, from, NULL, 1 << 20)) != 0)
		if (done < 0 && errno != EINTR)
			return error_sys(e, "copy the content");
	if (copy_facts(to, &st, e))
		return -1;
	return copy_capability(from, to, e);
}

static int copy_link(int from_folder, int to_folder, const char *name, const struct stat *st, struct error *e)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(from_folder, name, target, sizeof target - 1);

	if (length < 0)
		return error_sys(e, "read the link");
	target[length] = '\0';
	if (symlinkat(target, to_folder, name))
		return error_sys(e, "make the link");
	return give(to_folder, name, st, e) < 0 ? -1 : 0;
}

static int copy_fifo(int to_folder, const char *name, const struct stat *st, struct error *e)
{
	if (mkfifoat(to_folder, name, st->st_mode & 0777))
		return error_sys(e, "make the FIFO");
	return give(to_folder, name, st, e) < 0 ? -1 : 0;
}

static int copy_subfolder(int from_folder, int to_folder, const char *name, int depth, struct error *e)
{
	autoclose int from = openat(from_folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclose int to = -1;

	if (from < 0)
		return error_sys(e, "open the folder");
	if (mkdirat(to_folder, name, 0700))
		return error_sys(e, "make the folder");
	to = openat(to_folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return error_sys(e, "open the copy of the folder");
	return copy_folder(from, to, depth + 1, e);
}

static int copy_entry(int from, int to, const char *name, int depth, struct error *e)
{
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW))
		return error_sys(e, "look");
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		return copy_subfolder(from, to, name, depth, e);
	case S_IFREG:
		return copy_file(from, to, name, e);
	case S_IFLNK:
		return copy_link(from, to, name, &st, e);
	case S_IFIFO:
		return copy_fifo(to, name, &st, e);
	default:
		return 0; /* devices and sockets mean nothing in the copy */
	}
}

static int copy_folder(int from, int to, int depth, struct error *e)
{
	int copy = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *entries = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *entry;
	struct stat st;

	if (!entries || fstat(from, &st)) {
		if (!entries && copy >= 0)
			close(copy);
		return error_sys(e, "read the folder");
	}
	if (depth > DEEPEST)
		return error_set(e, ERROR_IMAGE, "folders are nested deeper than %d levels", DEEPEST);
	while ((errno = 0, entry = readdir(entries))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (copy_entry(from, to, entry->d_name, depth, e))
			return error_in(e, "%s", entry->d_name);
	}
	if (errno)
		return error_sys(e, "read the folder");
	return copy_facts(to, &st, e);
}

int copy_tree(int from, int to, struct error *e)
{
	return copy_folder(from, to, 0, e);
}
