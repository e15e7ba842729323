/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debug_steps.c - steps of box debug alone (debug.c has the picture).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/mountapi.h"
#include "runtime/child/stage.h"
#include "runtime/child/steps.h"
#include "runtime/child/users.h"
#include "specs/container.h"

/* Which mounts are this process' own: whoever has them has been begun by it. */
static int say_mounts(struct child *c, int own, struct error *e)
{
	struct message message;
	struct stat st;

	if (fstat(own, &st))
		return error_sys(e, "look at the mount namespace");
	message_init(&message, STAGE_ROOT);
	message.numbers[0] = (int64_t)st.st_dev;
	message.numbers[1] = (int64_t)st.st_ino;
	return channel_send(c->channel, &message, e);
}

/* In the app's mount namespace for one call, which looks nothing up: "/" is its root there. A copy, so that nothing that is mounted here is
 * ever seen in the app. */
int step_app_root(struct child *c, struct error *e)
{
	const struct mount_change apart = { .propagation = MS_PRIVATE, .recursive = true };
	autoclose int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	if (own < 0)
		return error_sys(e, "open /proc/self/ns/mnt");
	if (say_mounts(c, own, e))
		return -1;
	if (setns(c->first, CLONE_NEWNS))
		return error_sys(e, "join the app's mount namespace");
	c->app_root = mount_clone(AT_FDCWD, "/", /* recursive= */ true, e);
	if (c->app_root < 0)
		return error_in(e, "copy the app's mounts");
	if (setns(own, CLONE_NEWNS))
		return error_sys(e, "return to the mount namespace of the tools");
	close(c->first);
	c->first = -1;
	return mount_change(c->app_root, "the app's root", &apart, e);
}

/* By the app's own files: it is one of its users. */
int step_find_app_user(struct child *c, struct error *e)
{
	return users_find(c->app_root, c->container->user ? c->container->user : "", &c->container->group_add,
			  &c->identity, e);
}

/* The program must not become more than the app could, and the app has not chosen these files. The overlay has no writable layer; that its
 * mount is read-only as well says it to programs. */
int step_no_set_ids(struct child *c, struct error *e)
{
	const struct mount_change change = { .set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_RDONLY };

	return mount_change(c->root, "the tools' root", &change, e);
}
