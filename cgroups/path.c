/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path.c - the way from the root of a tree down to the folder in which a group lies.
 *
 * The groups above a container's own are made on the way where they are missing, and stay: they belong to whoever named them ("/docker",
 * "/kubepods/burstable/podX"). Only ROOT/box is box's own: it is made by whoever needs it first and removed with the last group in it, so
 * another box may remove it between our opening it and our mkdir in it. mkdir says ENOENT then, and the way is gone again from the root.
 *
 * Every step is made ready for what comes below it: a v1 cpuset group gets processors and memory nodes, a v2 group hands its
 * controllers on.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cgroups/group.h"

enum {
	PATH_LENGTH_MAX = 2048,
	NAME_LENGTH_MAX = 255, /* of one file name */
};

/* One component of a path: nothing that leads elsewhere, and nothing that would break a record or a terminal. */
static bool is_plain_component(const char *name, size_t length)
{
	if (length == 0 || length > NAME_LENGTH_MAX || (length == 1 && name[0] == '.') || (length == 2 && name[0] == '.' && name[1] == '.'))
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
			return false;
	return true;
}

int group_check_path(const char *path, struct error *e)
{
	bool is_plain = path[0] == '/' && strlen(path) <= PATH_LENGTH_MAX;

	for (const char *at = path; is_plain && *at;) {
		size_t length = strcspn(++at, "/");

		is_plain = is_plain_component(at, length);
		at += length;
	}
	if (is_plain)
		return 0;
	return error_set(e, ERROR_USAGE,
			 "use the cgroup path \"%.200s\": it has to be absolute, with names of 1 to %d printable characters other than \".\" and "
			 "\"..\", and at most %d characters in all",
			 path, NAME_LENGTH_MAX, PATH_LENGTH_MAX);
}

const char *group_leaf(const struct cgroup *group)
{
	return strrchr(group->path, '/') + 1;
}

bool group_is_boxs_own(const struct cgroup *group)
{
	return text_starts(group->path, "/" GROUP_PARENT "/") && !strchr(group->path + strlen("/" GROUP_PARENT "/"), '/');
}

/* One step down from the open folder at: *at is closed, and the next one is open in its place. name is in shown at its end. */
static int step_down(const struct branch *branch, int *at, const char *name, const char *shown, bool wants_made, struct error *e)
{
	autoclose int next = openat(*at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (next < 0 && errno == ENOENT && wants_made) {
		/* 0755 and the umask: the container reads its own group's files. */
		if (mkdirat(*at, name, 0755) && errno != EEXIST)
			return error_sys(e, "make cgroup %s", shown);
		next = openat(*at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (next < 0)
		return error_sys(e, "open cgroup %s", shown);
	if (wants_made && !branch->tree.is_v2 && v1_inherit(branch, *at, next, /* is_new= */ false, shown, e))
		return -1;
	close(*at);
	*at = take_fd(&next);
	return 0;
}

/* Where nothing is to be made or changed on the way, one call goes all of it. There are no links in a cgroup file system. */
static int open_at_once(const struct branch *branch, const char *path, size_t length, struct error *e)
{
	const struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS };
	autofree char *whole = text_format("%s%.*s", branch->tree.root, (int)length, path);
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, whole, &how, sizeof how);

	return fd < 0 ? error_sys(e, "open cgroup %s", whole) : fd;
}

int path_open(const struct branch *branch, const char *path, struct error *e)
{
	return open_at_once(branch, path, strlen(path), e);
}

int path_walk(const struct branch *branch, const char *path, const struct path_wish *wish, struct error *e)
{
	autorelease(text) struct text shown = { 0 };
	struct error missing = { 0 };
	autoclose int at = -1;

	if (!wish->wants_made && !wish->needed && !wish->welcome)
		return open_at_once(branch, path, (size_t)(strrchr(path, '/') - path), e);
	/* Mostly it is there. On v1 that is enough, but for a cpuset, in which every step has to be looked at. */
	if (!branch->tree.is_v2 && !(branch->tree.controllers & CONTROLLER_BIT(CONTROLLER_CPUSET))) {
		at = open_at_once(branch, path, (size_t)(strrchr(path, '/') - path), &missing);
		if (at >= 0)
			return take_fd(&at);
	}
	at = open(branch->tree.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return error_sys(e, "open cgroup %s", branch->tree.root);
	text_add(&shown, branch->tree.root);
	for (const char *slash; (slash = strchr(++path, '/')); path = slash) {
		autofree char *name = text_format("%.*s", (int)(slash - path), path);

		if (branch->tree.is_v2 && v2_enable(at, shown.data, /* is_root= */ shown.length == strlen(branch->tree.root), wish, e))
			return -1;
		text_addf(&shown, "/%s", name);
		if (step_down(branch, &at, name, shown.data, wish->wants_made, e))
			return -1;
	}
	if (branch->tree.is_v2 && v2_enable(at, shown.data, /* is_root= */ shown.length == strlen(branch->tree.root), wish, e))
		return -1;
	return take_fd(&at);
}
