/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup.c - make and enter the group of one container.
 *
 * A group has one branch per tree that it joins. For "box run": memory, pids, freezer and devices always; cpu, cpuacct, cpuset and blkio
 * of a v1 host only where a limit asks for them, since each v1 tree costs about 50 µs per container. (On v2 there is one tree. A caller
 * that wants to set a cpu limit later, on v1, creates the group with LIMIT_NONE.) An OCI container joins every tree: engines read figures
 * there by themselves, and an update may limit anything.
 *
 * An empty folder at the group's path is taken over. For "box run" it is what a killed box left: it goes, with its limits, and is made
 * anew. For an OCI container it may be prepared by the engine, and stays as it is.
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
#include "cgroups/members.h"
#include "specs/limits.h"

enum { MAKE_TRIES = 1000 }; /* each lost race means that another box got on */

struct cgroup *group_new(const char *path, size_t path_length, enum cgroup_version version)
{
	struct cgroup *group = alloc_zeroed(1, sizeof *group);

	group->path = alloc_copy_bytes(path, path_length);
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
			group->mounts[used++] = (struct cgroup_mount){ .type = "cgroup2",
								       .folder = "",
								       .host_path = text_format("%s%s", tree->root, group->path) };
		else if (!tree->is_v2)
			group->mounts[used++] = (struct cgroup_mount){ .type = "cgroup",
								       .folder = tree->folder,
								       .option = tree->options,
								       .host_path = text_format("%s%s", tree->root, group->path) };
	}
}

static int explain_taken(const struct cgroup *group, const struct branch *branch, struct error *e)
{
	struct stat st;

	if (fstatat(branch->parent, group_leaf(group), &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode))
		return error_set(e, ERROR_EXISTS, "make cgroup %s%s: the kernel has a file of that name in every cgroup; choose another name",
				 branch->tree.root, group->path);
	error_set(e, ERROR_EXISTS, "make cgroup %s%s: it exists, and processes or other groups are in it", branch->tree.root, group->path);
	return error_hint(e, "another box runs under that name; choose another name");
}

/* A folder that is there already, for an OCI container: empty, it is taken over as it is. */
static int take_over(const struct cgroup *group, struct branch *branch, struct error *e)
{
	struct branch there = { .folder = -1 };
	autofree int *pids = NULL;
	size_t count = 0;
	int failed;

	there.folder = openat(branch->parent, group_leaf(group), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (there.folder < 0)
		return errno == ENOENT ? error_sys(e, "open cgroup %s%s", branch->tree.root, group->path) : explain_taken(group, branch, e);
	failed = members_list(&there, &pids, &count, e);
	/* Whoever enters a frozen group stops there, and its box would wait for it. */
	if (!failed && !count)
		(void)group_write(&there, branch->tree.is_v2 ? "cgroup.freeze" : "freezer.state", branch->tree.is_v2 ? "0" : "THAWED");
	close(there.folder);
	if (failed || !count)
		return failed;
	/* runc's words: engines show them. */
	return error_set(e, ERROR_EXISTS, "make cgroup %s%s: container's cgroup is not empty: %zu process(es) found", branch->tree.root,
			 group->path, count);
}

/* One attempt: 0, -1 with ENOENT in e->sys where a folder above went away meanwhile, or -1. */
static int branch_try(const struct cgroup *group, struct branch *branch, const struct path_wish *wish, struct error *e)
{
	const char *leaf = group_leaf(group);

	branch->parent = path_walk(branch, group->path, wish, e);
	if (branch->parent < 0)
		return e->sys == ENOENT || e->sys == ENODEV ? error_as(e, ERROR_MISSING) : -1;
	/* 0755 and the umask: the container reads its own group's files. */
	if (mkdirat(branch->parent, leaf, 0755) == 0) {
		branch->is_made = true;
		return 0;
	}
	if (errno == EEXIST && group->joins_all)
		return take_over(group, branch, e);
	if (errno == EEXIST) {
		/* Left by a box that was killed: an empty group goes, one with processes stays (EBUSY). */
		if (unlinkat(branch->parent, leaf, AT_REMOVEDIR))
			return explain_taken(group, branch, e);
		errno = ENOENT;
	}
	return error_sys(e, "make cgroup %s%s", branch->tree.root, group->path);
}

int branch_open(const struct cgroup *group, struct branch *branch, struct error *e)
{
	const char *tasks = branch_tasks_file(branch);

	branch->folder = openat(branch->parent, group_leaf(group), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (branch->folder < 0)
		return error_sys(e, "open cgroup %s%s", branch->tree.root, group->path);
	branch->tasks = openat(branch->folder, tasks, O_WRONLY | O_CLOEXEC);
	if (branch->tasks < 0)
		return error_sys(e, "open %s of cgroup %s%s", tasks, branch->tree.root, group->path);
	return 0;
}

static int branch_make(const struct cgroup *group, struct branch *branch, unsigned limited, struct error *e)
{
	struct path_wish wish = { .wants_made = true };
	autofree char *shown = NULL;

	wish.needed = branch->tree.controllers & (group->joins_all ? limited : ~0U);
	wish.welcome = branch->tree.controllers & ~wish.needed;
	for (int try = 0; branch_try(group, branch, &wish, e); try++) {
		if ((e->sys != ENOENT && e->sys != ENODEV) || try == MAKE_TRIES)
			return -1;
		error_clear(e);
		if (branch->parent >= 0)
			close(branch->parent);
		branch->parent = -1;
	}
	if (branch_open(group, branch, e))
		return -1;
	shown = text_format("%s%s", branch->tree.root, group->path);
	return branch->tree.is_v2 ? 0 : v1_inherit(branch, branch->parent, branch->folder, branch->is_made, shown, e);
}

/* Takes back what a failed create has made; the error that it reports stays. */
static void group_undo(struct cgroup *group)
{
	for (size_t i = 0; i < group->count; i++) {
		struct branch *branch = &group->branches[i];
		autofree char *parent = text_format("%s/" GROUP_PARENT, branch->tree.root);

		/* Nobody can have entered yet; a folder that cannot be removed now goes with the next create of that name. */
		if (branch->is_made)
			(void)unlinkat(branch->parent, group_leaf(group), AT_REMOVEDIR);
		if (group_is_boxs_own(group))
			(void)rmdir(parent); /* EBUSY: others are in it */
	}
}

static int group_make(struct cgroup *group, const struct limits *limits, unsigned limited, struct error *e)
{
	bool is_fresh = true;

	for (size_t i = 0; i < group->count; i++) {
		if (branch_make(group, &group->branches[i], limited, e))
			return -1;
		is_fresh &= group->branches[i].is_made;
	}
	return limits_write(group, limits, is_fresh, e);
}

/* Which of a tree's controllers the group joins. */
static unsigned joined_of(const struct tree *tree, bool joins_all, unsigned limited)
{
	const unsigned always = CONTROLLER_BIT(CONTROLLER_MEMORY) | CONTROLLER_BIT(CONTROLLER_PIDS) | CONTROLLERS_BUILT_IN;
	unsigned joined;

	if (joins_all)
		return tree->controllers;
	/* On v1, cpu time is counted by a tree of its own, joined beside the one that limits it. */
	if (limited & CONTROLLER_BIT(CONTROLLER_CPU))
		limited |= CONTROLLER_BIT(CONTROLLER_CPUACCT);
	joined = tree->controllers & (limited | always);
	if (!tree->is_v2 && joined == CONTROLLER_BIT(CONTROLLER_CPUACCT))
		joined &= limited;
	return joined;
}

int cgroup_create(const struct cgroup_request *request, struct cgroup **ret, struct error *e)
{
	struct layout layout = { 0 };
	struct cgroup *group;
	unsigned limited;

	if (group_check_path(request->path, e) || layout_find(&layout, e))
		return -1;
	if (limits_check(request->limits, &layout, request->joins_all, &limited, e)) {
		layout_release(&layout);
		return -1;
	}
	group = group_new(request->path, strlen(request->path), layout.version);
	group->joins_all = request->joins_all;
	for (size_t i = 0; i < layout.count; i++) {
		struct tree *tree = &layout.trees[i];
		unsigned joined = joined_of(tree, request->joins_all, limited);

		if (!joined)
			continue;
		group_add(group, tree->is_v2, joined)->tree = *tree;
		group->branches[group->count - 1].tree.controllers = joined;
		*tree = (struct tree){ 0 };
	}
	layout_release(&layout);
	group_fill_mounts(group);
	if (group_make(group, request->limits, limited, e)) {
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
	for (struct cgroup_mount *m = group->mounts; m && m->type; m++)
		free(m->host_path);
	free(group->mounts);
	unit_free(group->unit);
	free(group->path);
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
	/* The plan that this process was made with: it has been moved since. */
	if (group->unit && group->unit->is_planned)
		return 0;
	for (size_t i = 0; i < group->count; i++) {
		const struct branch *branch = &group->branches[i];

		if (branch->tree.is_v2 && entered)
			continue;
		/* "0" is the writing task itself, whatever its pid is called in which namespace. */
		if (branch_put(branch, "0") == 0)
			continue;
		if (errno == ENOENT || errno == ENODEV)
			return error_set(e, ERROR_MISSING, "enter cgroup %s%s: it is gone", branch->tree.root, group->path);
		return error_sys(e, "enter cgroup %s%s", branch->tree.root, group->path);
	}
	return 0;
}

const char *cgroup_path(const struct cgroup *group)
{
	return group->path;
}

const struct cgroup_mount *cgroup_mounts(const struct cgroup *group)
{
	return group->mounts;
}
