/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fifos.c - the app's stdout and stderr, and with -i its stdin: FIFOs in the state folder, new ones for every run.
 *
 * What lies in them survives every supervisor. A stdin has no end: the app's own end is open for writing, too.
 * The app owns the ones of its run: it may hand them to other containers, and may change their mode. So nothing of them goes into the
 * next run, and none of this has to end with them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "runtime/supervise/supervisor.h"

enum { PIPE_SIZE = 1 << 20 };
enum { AT_STDIN = LOG_STREAMS, MOST };

static const char *const names[MOST] = { FIFO_STDOUT, FIFO_STDERR, FIFO_STDIN };

static int count(const struct supervisor *s)
{
	return s->settings.keep_stdin && !s->settings.terminal ? MOST : AT_STDIN;
}

/* Both ends: with a writer of our own there never is an end of file, and with a reader of the app's own it never sees EPIPE. */
static int open_one(const struct supervisor *s, const char *name)
{
	return openat(s->folder, name, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
}

static void replace(struct supervisor *s, int i, int fd)
{
	int *at = i == AT_STDIN ? &s->input : &s->streams[i];

	if (*at >= 0)
		close(*at);
	*at = fd;
}

static int make_one(struct supervisor *s, int i, struct error *e)
{
	int fd = -1;

	if ((unlinkat(s->folder, names[i], 0) == 0 || errno == ENOENT) && mkfifoat(s->folder, names[i], 0600) == 0)
		fd = open_one(s, names[i]);
	if (fd < 0)
		return error_sys(e, "make the FIFO %s of %s", names[i], s->settings.name);
	if (i != AT_STDIN)
		(void)fcntl(fd, F_SETPIPE_SZ, PIPE_SIZE); /* an ordinary user with many of them gets less */
	replace(s, i, fd);
	return 0;
}

int fifos_make(struct supervisor *s, struct error *e)
{
	for (int i = 0; i < count(s); i++)
		if (make_one(s, i, e))
			return -1;
	return 0;
}

/* The one of that name among what is kept: an app of an ordinary user's can shut its FIFO to that user. */
static int find_kept(const struct supervisor *s, const char *name)
{
	struct stat named, kept;

	if (fstatat(s->folder, name, &named, AT_SYMLINK_NOFOLLOW))
		return -1;
	for (size_t i = 0; i < s->kept.count; i++)
		if (fstat(s->kept.fds[i], &kept) == 0 && S_ISFIFO(kept.st_mode) && kept.st_ino == named.st_ino && kept.st_dev == named.st_dev)
			return fcntl(s->kept.fds[i], F_DUPFD_CLOEXEC, 0);
	return -1;
}

int fifos_open(struct supervisor *s, struct error *e)
{
	for (int i = 0; i < count(s); i++) {
		int fd = open_one(s, names[i]);

		if (fd < 0)
			fd = find_kept(s, names[i]);
		if (fd >= 0)
			replace(s, i, fd);
		else if (make_one(s, i, e)) /* what a run that goes on writes is lost then, but it can be ended, and started anew */
			return -1;
	}
	return 0;
}
