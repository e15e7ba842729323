/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reserve.c - small files that can be written on a full disk, too.
 */
#include "base/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

enum { STAT_BLOCK = 512 }; /* bytes, whatever the file system has */

int reserve_overwrite(int dirfd, const char *path, const void *bytes, size_t length, struct error *e)
{
	autoclose int fd = openat(dirfd, path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return error_sys(e, "open %s", path);
	/* Not begun where it cannot be finished: half of it would be worse than what is there. A file within its inode has no block. */
	if (length > (size_t)st.st_blocks * STAT_BLOCK && length > (size_t)st.st_size) {
		errno = ENOSPC;
		return error_sys(e, "write %s", path);
	}
	return write_all(fd, bytes, length) || ftruncate(fd, (off_t)length) || fsync(fd) ? error_sys(e, "write %s", path) : 0;
}

int reserve_replace(int dirfd, const char *path, const void *bytes, size_t length, mode_t mode, struct error *e)
{
	struct error full = { 0 };

	if (file_replace(dirfd, path, bytes, length, mode, e) == 0)
		return 0;
	if ((e->sys != ENOSPC && e->sys != EDQUOT) || reserve_overwrite(dirfd, path, bytes, length, &full))
		return -1; /* the first cause is what counts */
	error_clear(e);
	return 0;
}

int reserve_make(int dirfd, const char *path, int64_t size, struct error *e)
{
	autoclose int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST ? 0 : error_sys(e, "create %s", path);
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, size) == 0 || errno == EOPNOTSUPP)
		return 0;
	error_sys(e, "reserve %jd bytes for %s", (intmax_t)size, path);
	(void)unlinkat(dirfd, path, 0); /* the first cause is what counts */
	return -1;
}
