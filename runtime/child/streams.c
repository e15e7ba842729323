/* SPDX-License-Identifier: Apache-2.0 */
/*
 * streams.c - the app's stdin, stdout and stderr.
 *
 * They are always box's own pipes, or a terminal of the container's own /dev/pts, and belong to the app's
 * user: /dev/stdout then opens for writing whoever the app is or becomes, and whatever the caller's stdout is
 * (a file, a socket, a terminal that nobody in here may touch).
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/mountapi.h"
#include "runtime/child/steps.h"
#include "runtime/streams/terminal.h"
#include "specs/container.h"

/* A pipe whose end inside belongs to the app's user. Others may write to it (mode 0622): a program that gave
 * up its user still logs. */
static int make_pipe(struct child *c, bool to_app, int *ret_inside, int *ret_outside, struct error *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return error_sys(e, "make a pipe for the app");
	*ret_inside = ends[to_app ? 0 : 1];
	*ret_outside = ends[to_app ? 1 : 0];
	/* A pipe is one inode, whichever end is asked. */
	if (fchown(*ret_inside, c->identity.uid, c->identity.gid) || fchmod(*ret_inside, to_app ? 0644 : 0622))
		return error_sys(e, "give the app's pipe to user %u", c->identity.uid);
	return 0;
}

/* The FIFOs of an app in the background. Everybody inside may write, as to a pipe of make_pipe's; and read, because both are open for both
 * to whoever has them, and because an ordinary user's supervisor has to open them once more when they are another id's. */
static int take_fifos(struct child *c, struct error *e)
{
	for (int i = 0; i < 3; i++) {
		if (c->fifos[i] < 0)
			continue;
		if (fchown(c->fifos[i], c->identity.uid, c->identity.gid) || fchmod(c->fifos[i], 0666))
			return error_sys(e, "give the app's FIFO to user %u", c->identity.uid);
		c->streams[(1 + i) % 3] = take_fd(&c->fifos[i]);
	}
	return 0;
}

/* /dev/console is the app's terminal, bound by descriptor (CVE-2025-52565). */
static int bind_console(int slave, struct error *e)
{
	autoclose int mount = mount_clone(slave, "", /* recursive= */ false, e);
	autoclose int dev = -1, target = -1;

	if (mount < 0)
		return -1;
	dev = open("/dev", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dev < 0 || (mknodat(dev, "console", S_IFREG | 0620, 0) && errno != EEXIST))
		return error_sys(e, "make /dev/console");
	target = openat(dev, "console", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return target < 0 ? error_sys(e, "open /dev/console") : mount_attach(mount, target, "/dev/console", e);
}

static int make_terminal(struct child *c, struct error *e)
{
	if (c->pts < 0)
		return error_set(e, ERROR_INTERNAL, "make a terminal: the container has no /dev/pts");
	if (terminal_make(c->pts, c->identity.uid, &c->parent_streams[0], &c->streams[0], e))
		return -1;
	/* The console is the first process' terminal, not that of each program that comes later. */
	return c->is_first ? bind_console(c->streams[0], e) : 0;
}

/* Whatever lies there may be the app's, or an image's volume: a FIFO would wait for ever. */
static int open_null(struct child *c, struct error *e)
{
	autoclose int null = beneath_open(c->root, "/dev/null", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, e);
	struct stat st;

	if (null < 0)
		return -1;
	if (fstat(null, &st) || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return error_set(e, ERROR_DENIED, "give the program an empty stdin: the container's /dev/null is something else");
	return take_fd(&null);
}

int step_streams(struct child *c, struct error *e)
{
	if (c->container->terminal)
		return make_terminal(c, e);
	if (c->container->keep_stdin && !c->is_background) {
		if (make_pipe(c, /* to_app= */ true, &c->streams[0], &c->parent_streams[0], e))
			return -1;
	} else if (!c->container->keep_stdin && c->streams[0] < 0 && (c->streams[0] = open_null(c, e)) < 0) {
		return -1;
	}
	if (c->is_background)
		return take_fifos(c, e);
	if (make_pipe(c, /* to_app= */ false, &c->streams[1], &c->parent_streams[1], e))
		return -1;
	return make_pipe(c, /* to_app= */ false, &c->streams[2], &c->parent_streams[2], e);
}

int step_take_streams(struct child *c, struct error *e)
{
	if (c->container->terminal)
		return terminal_take(c->streams[0], e);
	for (int i = 0; i < 3; i++)
		if (dup2(c->streams[i], i) < 0)
			return error_sys(e, "take stream %d", i);
	return 0;
}
