/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.c - locks that are waited for, but not for ever.
 *
 * flock(2) has no time limit but by a signal, and a library sends itself none: it is tried again.
 */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/holder.h"

enum { STEP_US = 1000, SECOND_MS = 1000 };

static int refused(int fd, const char *what, int64_t ms, struct error *e)
{
	autofree char *holder = holder_of_lock(fd);

	/* It may have had others in between. */
	error_set(e, ERROR_KERNEL, "wait for the lock of %s: it was not free for %jd s, and %s has it", what, (intmax_t)(ms / SECOND_MS),
		  holder ? holder : "somebody");
	e->sys = EWOULDBLOCK;
	return -1;
}

int lock_file_within(int dirfd, const char *path, const char *what, int64_t ms, struct error *e)
{
	autoclose int fd = openat(dirfd, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int64_t until_ms = clock_monotonic_ms() + ms;

	if (fd < 0)
		return error_sys(e, "open the lock of %s", what);
	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_sys(e, "take the lock of %s", what);
		if (clock_monotonic_ms() >= until_ms)
			return refused(fd, what, ms, e);
		usleep(STEP_US);
	}
	return take_fd(&fd);
}
