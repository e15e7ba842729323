/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.c - whole files and folders that box owns or that the user named.
 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

int file_read_fd(int fd, const char *name, size_t limit, struct text *ret, struct error *e)
{
	char buffer[16384];
	size_t total = 0;
	ssize_t got;

	for (;;) {
		got = read(fd, buffer, sizeof buffer);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(e, "read %s", name);
		if (got == 0)
			return 0;
		total += (size_t)got;
		if (total > limit)
			return error_set(e, ERROR_KERNEL, "read %s: it is larger than %zu bytes", name, limit);
		text_add_bytes(ret, buffer, (size_t)got);
	}
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
	return file_read_fd(fd, path, limit, ret, e);
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

int file_poke(int dirfd, const char *path, const char *content)
{
	size_t length = strlen(content);
	autoclose int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	/* One write: the kernel's files take their value whole. */
	return write(fd, content, length) == (ssize_t)length ? 0 : -1;
}

int file_replace(int dirfd, const char *path, const void *bytes, size_t length, mode_t mode, struct error *e)
{
	static unsigned serial;
	autofree char *temporary = text_format("%s.tmp-%d-%u", path, (int)getpid(), serial++);
	autoclose int fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0)
		return error_sys(e, "create %s", temporary);
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

/* folder_make, and refuses a folder of another owner, or one whose mode has a bit of forbidden: danger says why. */
static int make_own(const char *path, mode_t forbidden, const char *danger, struct error *e)
{
	autoclose int fd = folder_make(path, 0700, e);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st))
		return error_sys(e, "look at folder %s", path);
	if (st.st_uid != geteuid() || (st.st_mode & forbidden)) {
		error_set(e, ERROR_DENIED, "use folder %s: it belongs to user %u with mode %04o, %s", path, st.st_uid, st.st_mode & 07777,
			  danger);
		return error_hint(e, "chown %u %s && chmod 0700 %s", geteuid(), path, path);
	}
	return take_fd(&fd);
}

int folder_make_private(const char *path, struct error *e)
{
	return make_own(path, 022, "others could change what is in it", e);
}

int folder_make_closed(const char *path, struct error *e)
{
	return make_own(path, 077, "other users could enter it", e);
}

static int remove_contents(int folder, const char *name, struct error *e);

/* A folder below dirfd that is neither a link nor the root of another mount, be it of the same file system: EXDEV then. */
static int open_own_folder(int dirfd, const char *name)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
	};

	return (int)syscall(SYS_openat2, dirfd, name, &how, sizeof how);
}

int folder_remove(int dirfd, const char *name, struct error *e)
{
	autoclose int fd = -1;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return error_sys(e, "remove %s", name);
	fd = open_own_folder(dirfd, name);
	if (fd < 0 && errno == EACCES && fchmodat(dirfd, name, 0700, 0) == 0)
		fd = open_own_folder(dirfd, name);
	if (fd < 0 && errno == EXDEV)
		return error_set(e, ERROR_KERNEL, "remove folder %s: something is mounted on it", name);
	if (fd < 0)
		return error_sys(e, "remove folder %s", name);
	if (remove_contents(fd, name, e))
		return -1;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) && errno != ENOENT)
		return error_sys(e, "remove folder %s", name);
	return 0;
}

static int remove_contents(int folder, const char *name, struct error *e)
{
	int copy = fcntl(folder, F_DUPFD_CLOEXEC, 0);
	autoclosedir DIR *entries = NULL;
	struct dirent *entry;
	struct stat st;

	if (copy < 0)
		return error_sys(e, "read folder %s", name);
	/* The owner may lack permission on folders that an app made (mode 0): give it back. */
	if (fstat(folder, &st) == 0 && (st.st_mode & 0700) != 0700)
		(void)fchmod(folder, 0700); /* unlinkat says it if this was needed and failed */
	entries = fdopendir(copy);
	if (!entries) {
		close(copy);
		return error_sys(e, "read folder %s", name);
	}
	while ((errno = 0, entry = readdir(entries))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (folder_remove(folder, entry->d_name, e))
			return error_in(e, "%s", name);
	}
	return errno ? error_sys(e, "read folder %s", name) : 0;
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
