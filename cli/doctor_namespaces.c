/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor_namespaces.c - box doctor's probes that make namespaces and mounts.
 *
 * Each runs in a child process, so that what it makes ends with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mountapi.h"
#include "base/places.h"
#include "cli/doctor.h"
#include "runtime/state/idmap.h"

enum { NEW_TIME = 0x80 /* CLONE_NEWTIME, Linux 5.6; libc 2.36 has no name for it */ };

/* Runs probe in a child: 0, or the errno with which it failed. */
static int in_child(int (*probe)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(probe() ? errno : 0);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static void fill(struct finding *ret, int failure, enum finding_level level, const char *fine)
{
	ret->level = failure ? level : FINDING_FINE;
	if (failure)
		text_addf(&ret->detail, "refused: %s [%s]", strerror(failure), error_name(failure));
	else
		text_add(&ret->detail, fine);
}

static int new_user_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

void doctor_user_namespaces(const struct places *places, struct finding *ret)
{
	(void)places;
	fill(ret, in_child(new_user_namespace), FINDING_BROKEN, "can be made");
}

static int new_time_namespace(void)
{
	return unshare(CLONE_NEWUSER | NEW_TIME);
}

void doctor_time_namespaces(const struct places *places, struct finding *ret)
{
	(void)places;
	fill(ret, in_child(new_time_namespace), FINDING_BROKEN, "can be made");
}

/* Maps the caller to root: files can only be made by an id that the namespace knows. */
static int become_root(void)
{
	char uids[32], gids[32];

	(void)snprintf(uids, sizeof uids, "0 %u 1", geteuid()); /* always fits */
	(void)snprintf(gids, sizeof gids, "0 %u 1", getegid()); /* always fits */
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return -1;
	/* Without "deny" an ordinary user may not map a group. */
	if (file_poke(AT_FDCWD, "/proc/self/setgroups", "deny") || file_poke(AT_FDCWD, "/proc/self/uid_map", uids) ||
	    file_poke(AT_FDCWD, "/proc/self/gid_map", gids))
		return -1;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

/* An overlay as a container has it: mounted by the root of a user namespace, whiteouts in user.* attributes, and writable
 * (it silently is not where the kernel lacks something). */
static int mount_overlay(void)
{
	int file;

	if (become_root() || mount("box", "/proc", "tmpfs", 0, NULL) || chdir("/proc"))
		return -1;
	if (mkdir("lower", 0755) || mkdir("upper", 0755) || mkdir("work", 0755) || mkdir("merged", 0755))
		return -1;
	if (mount("overlay", "merged", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work,userxattr"))
		return -1;
	file = open("merged/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return file < 0 ? -1 : close(file);
}

void doctor_overlay(const struct places *places, struct finding *ret)
{
	(void)places;
	fill(ret, in_child(mount_overlay), FINDING_BROKEN, "can be mounted in a user namespace");
}

/* A mount of folder, mapped as the layers of root's apps are. */
static int map_mount(const char *folder, struct error *e)
{
	autoclose int userns = -1, mount = -1, dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct mount_change change = { .set = MOUNT_ATTR_IDMAP };
	struct id_map map = { 0 };

	if (dir < 0)
		return error_sys(e, "open %s", folder);
	idmap_for_base(ID_POOL_BASE, &map);
	change.userns = userns = idmap_namespace(&map, e);
	if (userns < 0)
		return -1;
	mount = mount_clone(dir, "", /* recursive= */ false, e);
	return mount < 0 ? -1 : mount_change(mount, folder, &change, e);
}

void doctor_idmap(const struct places *places, struct finding *ret)
{
	struct error e = { 0 };

	if (places->rootless) {
		text_add(&ret->detail, "not used for an ordinary user");
	} else if (map_mount(places->store, &e)) {
		ret->level = FINDING_BROKEN;
		text_addf(&ret->detail, "refused: %s", e.text);
	} else {
		text_add(&ret->detail, "the store's file system can");
	}
}
