/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_pin.c - what a build made stays in the store while the build goes on.
 */
#include "images/build_pin.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

#define LOCK_NAME "builds.lock"

int build_pin(int store, struct error *e)
{
	autoclose int fd = openat(store, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_sys(e, "make the file " LOCK_NAME " in the image store");
	/* Who prunes holds it exclusively. */
	while (flock(fd, LOCK_SH))
		if (errno != EINTR)
			return error_sys(e, "lock the file " LOCK_NAME " of the image store");
	return take_fd(&fd);
}

int build_claim(int store)
{
	autoclose int fd = openat(store, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 ? take_fd(&fd) : -1;
}

bool build_is_pinned(int store)
{
	autoclose int fd = openat(store, LOCK_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
}
