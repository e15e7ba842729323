/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.c - whole files and folders that box owns or that the user named.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

enum { READ_MIN = 16384, READ_MAX = 1 << 20 };

/* expected: how much there probably is; it may be more or less. */
static int read_up(int fd, const char *name, size_t expected, size_t limit, struct text *ret, struct error *e)
{
	size_t total = 0, room = expected < READ_MIN ? READ_MIN : expected < READ_MAX ? expected + 1 : READ_MAX;
	ssize_t got;

	for (;;) {
		got = read(fd, text_reserve(ret, room), room);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(e, "read %s", name);
		if (got == 0)
			return 0;
		total += (size_t)got;
		if (total > limit)
			return error_set(e, ERROR_KERNEL, "read %s: it is larger than %zu bytes", name, limit);
		text_grow(ret, (size_t)got);
	}
}

int file_read_fd(int fd, const char *name, size_t limit, struct text *ret, struct error *e)
{
	return read_up(fd, name, 0, limit, ret, e);
}

int file_read(int dirfd, const char *path, size_t limit, struct text *ret, struct error *e)
{
	autoclose int fd = -1;
	struct stat st;

	/* O_NONBLOCK: opening a FIFO that somebody planted does not wait for a writer. */
	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return error_sys(e, "open %s", path);
	if (fstat(fd, &st))
		return error_sys(e, "look at %s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(e, ERROR_KERNEL, "read %s: it is not a regular file", path);
	return read_up(fd, path, (size_t)st.st_size, limit, ret, e);
}

static bool is_private(int fd, mode_t type)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid() && !(st.st_mode & 0022);
}

int file_open_private(const char *folder, const char *name)
{
	autoclose int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclose int fd = -1;

	if (folder_fd < 0 || !is_private(folder_fd, S_IFDIR))
		return -1;
	fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 && is_private(fd, S_IFREG) ? take_fd(&fd) : -1;
}

int write_all(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;
	ssize_t done;

	while (length) {
		done = write(fd, at, length);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		at += done;
		length -= (size_t)done;
	}
	return 0;
}

int file_in_memory(const char *name, const void *bytes, size_t length)
{
	autoclose int fd = memfd_create(name, MFD_CLOEXEC);

	return fd >= 0 && write_all(fd, bytes, length) == 0 && lseek(fd, 0, SEEK_SET) == 0 ? take_fd(&fd) : -1;
}

DIR *folder_open(int dirfd, const char *path, int flags)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
	DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;

	if (!entries && fd >= 0)
		close(fd);
	return entries;
}

int folder_names(int folder, struct list *ret)
{
	autoclosedir DIR *entries = folder_open(folder, ".", O_NOFOLLOW);
	struct dirent *entry;

	if (!entries)
		return -1;
	while ((errno = 0, entry = readdir(entries)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			list_add(ret, entry->d_name);
	if (errno)
		return -1;
	list_sort(ret);
	return 0;
}

int file_poke(int dirfd, const char *path, const char *content)
{
	size_t length = strlen(content);
	autoclose int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	/* One write: the kernel's files take their value whole. */
	return write(fd, content, length) == (ssize_t)length ? 0 : -1;
}

/* A new file beside path. Process numbers come again, and stand for somebody else in another pid namespace: where the name is taken, by a
 * process that was killed or that is at work, the next one is tried. */
static int create_beside(int dirfd, const char *path, mode_t mode, char **ret_name, struct error *e)
{
	static unsigned serial;
	int fd;

	do {
		free(*ret_name);
		*ret_name = text_format("%s.tmp-%d-%u", path, (int)getpid(), serial++);
		fd = openat(dirfd, *ret_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	} while (fd < 0 && errno == EEXIST);
	return fd < 0 ? error_sys(e, "create %s", *ret_name) : fd;
}

int file_replace(int dirfd, const char *path, const void *bytes, size_t length, mode_t mode, struct error *e)
{
	autofree char *temporary = NULL;
	autoclose int fd = create_beside(dirfd, path, mode, &temporary, e);

	if (fd < 0)
		return -1;
	if (write_all(fd, bytes, length) || fchmod(fd, mode) || fsync(fd)) {
		error_sys(e, "write %s", temporary);
		(void)unlinkat(dirfd, temporary, 0); /* the first cause is what counts */
		return -1;
	}
	if (renameat(dirfd, temporary, dirfd, path)) {
		error_sys(e, "rename %s to %s", temporary, path);
		(void)unlinkat(dirfd, temporary, 0); /* the first cause is what counts */
		return -1;
	}
	return 0;
}

int folder_make(const char *path, mode_t mode, struct error *e)
{
	autofree char *copy = alloc_copy(path);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, mode) && errno != EEXIST)
			return error_sys(e, "make folder %s", copy);
		*slash = '/';
	}
	if (mkdir(copy, mode) && errno != EEXIST)
		return error_sys(e, "make folder %s", copy);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_sys(e, "open folder %s", path);
	return fd;
}

/* Refuses a folder of another owner, or one whose mode has a bit of forbidden: danger says why. */
static int check_own(int fd, const char *path, mode_t forbidden, const char *danger, struct error *e)
{
	struct stat st;

	if (fstat(fd, &st))
		return error_sys(e, "look at folder %s", path);
	if (st.st_uid == geteuid() && !(st.st_mode & forbidden))
		return 0;
	error_set(e, ERROR_DENIED, "use folder %s: it belongs to user %u with mode %04o, %s", path, st.st_uid, st.st_mode & 07777, danger);
	return error_hint(e, "chown %u %s && chmod 0700 %s", geteuid(), path, path);
}

static int make_own(const char *path, mode_t forbidden, const char *danger, struct error *e)
{
	autoclose int fd = folder_make(path, 0700, e);

	return fd < 0 || check_own(fd, path, forbidden, danger, e) ? -1 : take_fd(&fd);
}

static const char may_change[] = "others could change what is in it";

int folder_open_private(const char *path, struct error *e)
{
	autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0) {
		error_sys(e, "open the folder %s", path);
		return e->sys == EACCES && stat(path, &st) == 0 ? error_hint(e, "it belongs to user %u, who can do this, as root can", st.st_uid) : -1;
	}
	return check_own(fd, path, 022, may_change, e) ? -1 : take_fd(&fd);
}

int folder_make_private(const char *path, struct error *e)
{
	return make_own(path, 022, may_change, e);
}

int folder_make_closed(const char *path, struct error *e)
{
	return make_own(path, 077, "other users could enter it", e);
}

/*
 * Removing a tree. How deep its folders are nested is for the app to say that made them, so neither descriptors nor stack may grow
 * with it: what lies deeper than DEEPEST levels is moved up into the folder that is removed, under a number, and is removed there.
 * No way leads back by "..": whoever still has a descriptor in the tree can move folders too.
 */
enum { DEEPEST = 16 };

struct removal {
	int top;        /* the folder that is removed, once it is open */
	unsigned moved; /* numbers given to folders that were moved up into it … */
	unsigned taken; /* … and how many of these were removed there */
};

static int remove_entry(struct removal *removal, int folder, const char *name, int depth, struct error *e);

static void name_moved(unsigned number, char ret[static 32])
{
	(void)snprintf(ret, 32, ".box-removes-%u", number); /* always fits */
}

/* 0, or -1 with errno. */
static int move_up(struct removal *removal, int dirfd, const char *name)
{
	bool has_tried = false;
	char number[32];

	for (;;) {
		name_moved(removal->moved, number);
		if (renameat(dirfd, name, removal->top, number) == 0) {
			removal->moved++;
			return 0;
		}
		if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR) {
			removal->moved++; /* the app had this name: it is removed when the number's turn comes */
			continue;
		}
		/* A folder that gets another parent is written to (its ".."), which mode 0 forbids its owner. */
		if (errno != EACCES || has_tried || fchmodat(dirfd, name, 0700, AT_SYMLINK_NOFOLLOW))
			return errno == ENOENT ? 0 : -1;
		has_tried = true;
	}
}

/* A folder below dirfd that is neither a link nor the root of another mount, be it of the same file system: EXDEV then. */
static int open_own_folder(int dirfd, const char *name)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
	};

	return (int)syscall(SYS_openat2, dirfd, name, &how, sizeof how);
}

static DIR *open_to_remove(int dirfd, const char *name, struct error *e)
{
	autoclose int fd = open_own_folder(dirfd, name);
	struct stat st;
	DIR *entries;

	if (fd < 0 && errno == EACCES && fchmodat(dirfd, name, 0700, AT_SYMLINK_NOFOLLOW) == 0)
		fd = open_own_folder(dirfd, name);
	if (fd < 0 && errno == EXDEV)
		error_set(e, ERROR_KERNEL, "remove folder %s: something is mounted on it", name);
	else if (fd < 0)
		error_sys(e, "remove folder %s", name);
	if (fd < 0)
		return NULL;
	/* The owner may lack permission on folders that an app made (mode 0): give it back. */
	if (fstat(fd, &st) == 0 && (st.st_mode & 0700) != 0700)
		(void)fchmod(fd, 0700); /* unlinkat says it if this was needed and failed */
	entries = fdopendir(fd);
	if (!entries) {
		error_sys(e, "read folder %s", name);
		return NULL;
	}
	(void)take_fd(&fd); /* it is entries' own now */
	return entries;
}

static int remove_contents(struct removal *removal, DIR *entries, const char *name, int depth, struct error *e)
{
	char number[32];
	struct dirent *entry;

	while ((errno = 0, entry = readdir(entries))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (remove_entry(removal, dirfd(entries), entry->d_name, depth + 1, e))
			return error_in(e, "%s", name);
		/* At once, so that the folder does not grow by all of them. Each may bring more. */
		while (depth == 0 && removal->taken < removal->moved) {
			name_moved(removal->taken++, number);
			if (remove_entry(removal, removal->top, number, 1, e))
				return error_in(e, "%s", name);
		}
	}
	return errno ? error_sys(e, "read folder %s", name) : 0;
}

static int remove_entry(struct removal *removal, int folder, const char *name, int depth, struct error *e)
{
	autoclosedir DIR *entries = NULL;

	if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return error_sys(e, "remove %s", name);
	/* What cannot be moved (a subvolume's folder, overlayfs) is a tree of its own. */
	if (depth > DEEPEST)
		return move_up(removal, folder, name) ? folder_remove(folder, name, e) : 0;
	entries = open_to_remove(folder, name, e);
	if (!entries)
		return -1;
	if (depth == 0)
		removal->top = dirfd(entries);
	if (remove_contents(removal, entries, name, depth, e))
		return -1;
	if (unlinkat(folder, name, AT_REMOVEDIR) && errno != ENOENT)
		return error_sys(e, "remove folder %s", name);
	return 0;
}

int folder_remove(int dirfd, const char *name, struct error *e)
{
	struct removal removal = { .top = -1 };

	return remove_entry(&removal, dirfd, name, /* depth= */ 0, e);
}

int file_lock(int dirfd, const char *path, bool wait, struct error *e)
{
	autoclose int fd = openat(dirfd, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_sys(e, "open lock %s", path);
	while (flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)))
		if (errno != EINTR)
			return error_sys(e, "lock %s", path);
	return take_fd(&fd);
}

/* st_blocks counts in these, whatever the file system's blocks are. */
enum { SIZE_DEEPEST = 128, SIZE_BLOCK = 512 };

static int64_t size_below(int folder, int depth)
{
	int inner = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *entries = inner < 0 ? NULL : fdopendir(inner);
	struct dirent *entry;
	int64_t sum = 0;

	while (entries && (entry = readdir(entries))) {
		autoclose int below = -1;
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fstatat(inner, entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		/* A file with several names takes its space once; a folder has a link count of its own kind. */
		sum += (int64_t)st.st_blocks * SIZE_BLOCK / (S_ISDIR(st.st_mode) || st.st_nlink < 2 ? 1 : (int64_t)st.st_nlink);
		if (S_ISDIR(st.st_mode) && depth < SIZE_DEEPEST)
			below = openat(inner, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0)
			sum += size_below(below, depth + 1);
	}
	return sum;
}

int64_t folder_size(int folder)
{
	return size_below(folder, 0);
}
