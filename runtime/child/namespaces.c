/* SPDX-License-Identifier: Apache-2.0 */
/*
 * namespaces.c - which namespaces a container makes, and which it joins.
 */
#include "runtime/child/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static const struct kind {
	const char *name; /* in /proc/PID/ns */
	int flag;
} kinds[NAMESPACE_COUNT] = {
	[NAMESPACE_USER] = { "user", CLONE_NEWUSER },   [NAMESPACE_PID] = { "pid", CLONE_NEWPID },
	[NAMESPACE_NETWORK] = { "net", CLONE_NEWNET },  [NAMESPACE_IPC] = { "ipc", CLONE_NEWIPC },
	[NAMESPACE_UTS] = { "uts", CLONE_NEWUTS },      [NAMESPACE_CGROUP] = { "cgroup", CLONE_NEWCGROUP },
	[NAMESPACE_TIME] = { "time", CLONE_NEWTIME },   [NAMESPACE_MOUNT] = { "mnt", CLONE_NEWNS },
};

int namespace_flag(enum namespace_kind kind)
{
	return kinds[kind].flag;
}

const char *namespace_name(enum namespace_kind kind)
{
	return kinds[kind].name;
}

/* The text of the link names it, as "pid:[4026531836]": to ask stat(2) makes an inode each. */
int namespace_is_shared(enum namespace_kind kind, pid_t pid, struct error *e)
{
	char path[48], ours[48] = "", theirs[48] = "";

	(void)snprintf(path, sizeof path, "/proc/self/ns/%s", namespace_name(kind)); /* always fits */
	if (readlink(path, ours, sizeof ours - 1) < 0)
		return 1; /* a kernel without this kind: nothing to join */
	(void)snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, namespace_name(kind)); /* always fits */
	if (readlink(path, theirs, sizeof theirs - 1) < 0)
		return error_sys(e, "look at its namespaces");
	return strcmp(ours, theirs) == 0;
}

static int open_one(enum namespace_kind kind, const char *path, struct error *e)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int type;

	if (fd < 0) {
		error_sys(e, "join the %s namespace %s", kinds[kind].name, path);
		return error_at(e, "linux.namespaces");
	}
	type = ioctl(fd, NS_GET_NSTYPE);
	if (type == kinds[kind].flag)
		return take_fd(&fd);
	error_set(e, ERROR_SPEC, "join the %s namespace %s: it is none", kinds[kind].name, path);
	return error_at(e, "linux.namespaces");
}

int namespaces_open(const struct container *container, struct namespaces *ret, struct error *e)
{
	const struct oci_part *extra = container_extra(container);
	struct namespaces n = { .has_offsets = extra && extra->has_time_offsets };

	for (int i = 0; i < NAMESPACE_COUNT; i++)
		n.joined[i] = -1;
	for (enum namespace_kind i = 0; i < NAMESPACE_COUNT; i++) {
		const struct namespace_entry *entry = &container->namespaces[i];

		if (entry->choice == NAMESPACE_NEW && i != NAMESPACE_CGROUP && !(i == NAMESPACE_TIME && n.has_offsets))
			n.fresh |= (uint64_t)kinds[i].flag;
		if (entry->choice != NAMESPACE_JOIN)
			continue;
		n.joined[i] = open_one(i, entry->path, e);
		n.needs_middle = true;
		if (n.joined[i] < 0) {
			namespaces_release(&n);
			return -1;
		}
	}
	n.needs_middle |= n.has_offsets;
	*ret = n;
	return 0;
}

void namespaces_release(struct namespaces *namespaces)
{
	for (int i = 0; i < NAMESPACE_COUNT; i++)
		if (namespaces->joined[i] >= 0)
			close(take_fd(&namespaces->joined[i]));
}

static int join_one(const struct namespaces *n, enum namespace_kind kind, struct error *e)
{
	if (setns(n->joined[kind], kinds[kind].flag) == 0)
		return 0;
	error_sys(e, "join the %s namespace", kinds[kind].name);
	return error_at(e, "linux.namespaces");
}

/* What belongs to the joined user namespace can be joined only from inside it, and what belongs to the host's only from outside; so
 * every other one is tried before and, where it was refused, again after it. */
static int join_all(const struct namespaces *n, struct error *e)
{
	bool is_done[NAMESPACE_COUNT] = { false };
	struct error refused = { 0 };

	for (enum namespace_kind i = 0; i < NAMESPACE_COUNT && n->joined[NAMESPACE_USER] >= 0; i++)
		if (i != NAMESPACE_USER && i != NAMESPACE_MOUNT && n->joined[i] >= 0)
			is_done[i] = join_one(n, i, &refused) == 0;
	for (enum namespace_kind i = 0; i < NAMESPACE_COUNT; i++)
		if (n->joined[i] >= 0 && !is_done[i] && join_one(n, i, e))
			return -1;
	return 0;
}

static int set_offsets(const struct oci_part *oci, struct error *e)
{
	autofree char *lines = text_format("monotonic %lld %lld\nboottime %lld %lld\n", (long long)oci->monotonic_offset_s,
					   (long long)oci->monotonic_offset_ns, (long long)oci->boottime_offset_s,
					   (long long)oci->boottime_offset_ns);

	if (unshare(CLONE_NEWTIME))
		return error_sys(e, "make a time namespace");
	if (file_poke(AT_FDCWD, "/proc/self/timens_offsets", lines)) {
		error_sys(e, "set the clocks of the time namespace");
		return error_at(e, "linux.timeOffsets");
	}
	return 0;
}

int namespaces_enter(const struct namespaces *n, const struct container *container, struct error *e)
{
	if (join_all(n, e))
		return -1;
	return n->has_offsets ? set_offsets(container_extra(container), e) : 0;
}
