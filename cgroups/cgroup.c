/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup.c - make and enter the group of one container.
 *
 * A group has one branch per tree that it joins: memory, pids, freezer and devices always; cpu, cpuacct, cpuset and blkio
 * of a v1 host only where a limit asks for them, since each v1 tree costs about 50 µs per container. (On v2
 * there is one tree. A caller that wants to set a cpu limit later, on v1, creates the group with LIMIT_NONE.)
 *
 * All branches lie in ROOT/box. That folder is made by whoever needs it first and removed with the last group in
 * it, so that nothing is left behind; another box may remove it between our opening it and our mkdir in it.
 * mkdir says ENOENT then, and the branch starts again from ROOT.
 */
#include "cgroups/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cgroups/group.h"
#include "cgroups/limits.h"
#include "specs/limits.h"

enum {
	MAKE_TRIES = 1000, /* each lost race means that another box got on */
	NAME_MAX_LENGTH = 240,
};

/* "..", "/" and the like would lead out of ROOT/box; a newline would break the record. */
int group_check_name(const char *name, struct error *e)
{
	size_t length = strlen(name);
	bool is_plain = length > 0 && length <= NAME_MAX_LENGTH && name[0] != '.';

	for (size_t i = 0; i < length && is_plain; i++)
		is_plain = (unsigned char)name[i] > ' ' && (unsigned char)name[i] < 0x7f && name[i] != '/';
	if (is_plain)
		return 0;
	return error_set(e, ERROR_USAGE,
			 "make cgroup \"%.64s\": a name has 1 to %d printable ASCII characters without \"/\" and does "
			 "not begin with a dot",
			 name, NAME_MAX_LENGTH);
}

struct cgroup *group_new(const char *name, size_t name_length, enum cgroup_version version)
{
	struct cgroup *group = alloc_zeroed(1, sizeof *group);

	group->name = alloc_copy_bytes(name, name_length);
	group->version = version;
	return group;
}

struct branch *group_add(struct cgroup *group, bool is_v2, unsigned controllers)
{
	struct branch *branch = alloc_append(&group->branches, &group->count, sizeof *branch);

	*branch = (struct branch){
		.tree = { .is_v2 = is_v2, .controllers = controllers }, .parent = -1, .folder = -1, .tasks = -1
	};
	return branch;
}

void group_fill_mounts(struct cgroup *group)
{
	size_t used = 0;

	group->mounts = alloc_zeroed(group->count + 1, sizeof *group->mounts);
	for (size_t i = 0; i < group->count; i++) {
		const struct tree *tree = &group->branches[i].tree;

		/* Beside v1 trees a v2 tree has nothing to show to an app. */
		if (tree->is_v2 && group->version == CGROUP_V2)
			group->mounts[used++] = (struct cgroup_mount){ .type = "cgroup2", .folder = "" };
		else if (!tree->is_v2)
			group->mounts[used++] = (struct cgroup_mount){ .type = "cgroup",
								       .folder = tree->folder,
								       .option = tree->options };
	}
}

/* Opens ROOT/box, which is made where missing and ready to have groups in it. */
static int open_parent(struct branch *branch, unsigned wanted, struct error *e)
{
	autofree char *path = text_format("%s/" GROUP_PARENT, branch->tree.root);

	branch->parent = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (branch->parent < 0 && errno == ENOENT) {
		if (mkdir(path, 0755) && errno != EEXIST)
			return error_sys(e, "make cgroup %s", path);
		branch->parent = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (branch->parent < 0)
		return error_sys(e, "open cgroup %s", path);
	return branch->tree.is_v2 ? v2_enable(branch, wanted, e) : v1_prepare_parent(branch, e);
}

static int explain_taken(const struct branch *branch, const char *name, struct error *e)
{
	struct stat st;

	if (fstatat(branch->parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode))
		return error_set(e, ERROR_EXISTS,
				 "make cgroup %s/" GROUP_PARENT
				 "/%s: the kernel has a file of that name in every cgroup; choose another name",
				 branch->tree.root, name);
	error_set(e, ERROR_EXISTS,
		  "make cgroup %s/" GROUP_PARENT "/%s: it exists, and processes or other groups are in it",
		  branch->tree.root, name);
	return error_hint(e,
			  "another box runs under that name, perhaps with another state folder; choose another name");
}

/* One attempt: 0, -1 with errno EAGAIN in e->sys where ROOT/box went away meanwhile, or -1. */
static int branch_try(struct branch *branch, const char *name, unsigned wanted, struct error *e)
{
	if (open_parent(branch, wanted, e))
		return e->sys == ENOENT || e->sys == ENODEV ? error_as(e, ERROR_MISSING) : -1;
	/* 0755 and the umask: the container reads its own group's files. */
	if (mkdirat(branch->parent, name, 0755) == 0) {
		branch->is_made = true;
		return 0;
	}
	if (errno == EEXIST) {
		/* Left by a box that was killed: an empty group goes, one with processes stays (EBUSY). */
		if (unlinkat(branch->parent, name, AT_REMOVEDIR))
			return explain_taken(branch, name, e);
		errno = ENOENT;
	}
	return error_sys(e, "make cgroup %s/" GROUP_PARENT "/%s", branch->tree.root, name);
}

int branch_open(struct branch *branch, const char *name, struct error *e)
{
	const char *tasks = branch->tree.is_v2 ? "cgroup.procs" : "tasks";

	branch->folder = openat(branch->parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (branch->folder < 0)
		return error_sys(e, "open cgroup %s/" GROUP_PARENT "/%s", branch->tree.root, name);
	branch->tasks = openat(branch->folder, tasks, O_WRONLY | O_CLOEXEC);
	if (branch->tasks < 0)
		return error_sys(e, "open %s of cgroup %s/" GROUP_PARENT "/%s", tasks, branch->tree.root, name);
	return 0;
}

static int branch_make(struct branch *branch, const char *name, struct error *e)
{
	unsigned wanted = branch->tree.controllers & ~CONTROLLERS_BUILT_IN;

	for (int try = 0; branch_try(branch, name, wanted, e); try++) {
		if ((e->sys != ENOENT && e->sys != ENODEV) || try == MAKE_TRIES)
			return -1;
		error_clear(e);
		if (branch->parent >= 0)
			close(branch->parent);
		branch->parent = -1;
	}
	if (branch_open(branch, name, e))
		return -1;
	return branch->tree.is_v2 ? 0 : v1_prepare_group(branch, e);
}

/* Takes back what a failed create has made; the error that it reports stays. */
static void group_undo(struct cgroup *group)
{
	for (size_t i = 0; i < group->count; i++) {
		struct branch *branch = &group->branches[i];
		autofree char *parent = text_format("%s/" GROUP_PARENT, branch->tree.root);

		/* Nobody can have entered yet; a folder that cannot be removed now goes with the next create of that name. */
		if (branch->is_made)
			(void)unlinkat(branch->parent, group->name, AT_REMOVEDIR);
		(void)rmdir(parent); /* EBUSY: others are in it */
	}
}

static int group_make(struct cgroup *group, const struct limits *limits, struct error *e)
{
	for (size_t i = 0; i < group->count; i++)
		if (branch_make(&group->branches[i], group->name, e))
			return -1;
	return limits_write(group, limits, /* is_fresh= */ true, e);
}

int cgroup_create(const char *name, const struct limits *limits, struct cgroup **ret, struct error *e)
{
	const unsigned always =
		CONTROLLER_BIT(CONTROLLER_MEMORY) | CONTROLLER_BIT(CONTROLLER_PIDS) | CONTROLLERS_BUILT_IN;
	struct layout layout = { 0 };
	struct cgroup *group;
	unsigned wanted;

	if (group_check_name(name, e) || layout_find(&layout, e))
		return -1;
	if (limits_check(limits, &layout, &wanted, e)) {
		layout_release(&layout);
		return -1;
	}
	group = group_new(name, strlen(name), layout.version);
	/* On v1, cpu time is counted by a tree of its own, joined beside the one that limits it. */
	if (wanted & CONTROLLER_BIT(CONTROLLER_CPU))
		wanted |= CONTROLLER_BIT(CONTROLLER_CPUACCT);
	for (size_t i = 0; i < layout.count; i++) {
		struct tree *tree = &layout.trees[i];
		unsigned joined = tree->controllers & (wanted | always);

		if (!tree->is_v2 && joined == CONTROLLER_BIT(CONTROLLER_CPUACCT))
			joined &= wanted;
		if (!joined)
			continue;
		group_add(group, tree->is_v2, joined)->tree = *tree;
		group->branches[group->count - 1].tree.controllers = joined;
		*tree = (struct tree){ 0 };
	}
	layout_release(&layout);
	group_fill_mounts(group);
	if (group_make(group, limits, e)) {
		group_undo(group);
		cgroup_free(group);
		return -1;
	}
	*ret = group;
	return 0;
}

void cgroup_free(struct cgroup *group)
{
	if (!group)
		return;
	for (size_t i = 0; i < group->count; i++) {
		struct branch *branch = &group->branches[i];
		int fds[] = { branch->parent, branch->folder, branch->tasks };

		for (size_t f = 0; f < sizeof fds / sizeof *fds; f++)
			if (fds[f] >= 0)
				close(fds[f]);
		tree_release(&branch->tree);
	}
	free(group->branches);
	free(group->mounts);
	free(group->name);
	free(group);
}

int cgroup_clone_fd(const struct cgroup *group)
{
	for (size_t i = 0; i < group->count; i++)
		if (group->branches[i].tree.is_v2)
			return group->branches[i].folder;
	return -1;
}

int cgroup_enter(const struct cgroup *group, bool entered, struct error *e)
{
	for (size_t i = 0; i < group->count; i++) {
		const struct branch *branch = &group->branches[i];

		if (branch->tree.is_v2 && entered)
			continue;
		/* "0" is the writing task itself, whatever its pid is called in which namespace. */
		if (write(branch->tasks, "0", 1) == 1)
			continue;
		if (errno == EBADF || errno == ENODEV)
			return error_set(e, ERROR_MISSING, "enter cgroup %s/" GROUP_PARENT "/%s: it is gone",
					 branch->tree.root, group->name);
		return error_sys(e, "enter cgroup %s/" GROUP_PARENT "/%s", branch->tree.root, group->name);
	}
	return 0;
}

const struct cgroup_mount *cgroup_mounts(const struct cgroup *group)
{
	return group->mounts;
}
