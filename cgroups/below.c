/* SPDX-License-Identifier: Apache-2.0 */
/*
 * below.c - groups that an app made below its container's own, for another process that is to enter one of them.
 *
 * On v2 a group that hands controllers on takes no process any more (EBUSY). An app that made such groups has moved its first process into
 * one of them, and that is where another one can go, too. A group that box makes there is for what has to be ended as a whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cgroups/group.h"

enum { PROC_LIMIT = 1 << 20 };

/* The same trees at another path, with nothing opened. */
static struct cgroup *copy_at(const struct cgroup *group, const char *path)
{
	struct cgroup *copy = group_new(path, strlen(path), group->version);

	copy->joins_all = group->joins_all;
	if (group->unit) {
		copy->unit = alloc_zeroed(1, sizeof *copy->unit);
		copy->unit->name = alloc_copy(group->unit->name);
		copy->unit->is_user = group->unit->is_user;
	}
	for (size_t i = 0; i < group->count; i++) {
		const struct tree *tree = &group->branches[i].tree;
		struct branch *branch = group_add(copy, tree->is_v2, tree->controllers);

		branch->tree.root = alloc_copy(tree->root);
		branch->tree.folder = alloc_copy(tree->folder);
		branch->tree.options = alloc_copy(tree->options);
	}
	group_fill_mounts(copy);
	return copy;
}

static int open_all(struct cgroup *group, struct error *e)
{
	const struct path_wish nothing = { 0 };

	for (size_t i = 0; i < group->count; i++) {
		struct branch *branch = &group->branches[i];

		branch->parent = path_walk(branch, group->path, &nothing, e);
		if (branch->parent < 0 || branch_open(group, branch, e))
			return -1;
	}
	return 0;
}

int cgroup_open_below(const struct cgroup *group, const char *path, struct cgroup **ret, struct error *e)
{
	const char *name = path + strspn(path, "/");
	autofree char *whole = text_format("%s%s%.2048s", group->path, *name ? "/" : "", name);
	struct cgroup *below;

	if (group_check_path(whole, e))
		return -1;
	below = copy_at(group, whole);
	if (open_all(below, e)) {
		cgroup_free(below);
		return -1;
	}
	*ret = below;
	return 0;
}

static int make_branch(const struct cgroup *group, struct branch *branch, struct error *e)
{
	const struct path_wish nothing = { 0 };
	autofree char *shown = text_format("%s%s", branch->tree.root, group->path);

	branch->parent = path_walk(branch, group->path, &nothing, e);
	if (branch->parent < 0)
		return -1;
	branch->is_made = mkdirat(branch->parent, group_leaf(group), 0755) == 0;
	if (!branch->is_made && errno != EEXIST)
		return error_sys(e, "make cgroup %s", shown);
	if (branch_open(group, branch, e))
		return -1;
	return branch->tree.is_v2 ? 0 : v1_inherit(branch, branch->parent, branch->folder, branch->is_made, shown, e);
}

int cgroup_make_below(const struct cgroup *group, const char *name, struct cgroup **ret, struct error *e)
{
	autofree char *whole = text_format("%s/%s", group->path, name);
	struct error ignored = { 0 };
	struct cgroup *below;

	if (group_check_path(whole, e))
		return -1;
	below = copy_at(group, whole);
	/* It goes without the unit that the group above belongs to. */
	unit_free(below->unit);
	below->unit = NULL;
	for (size_t i = 0; i < below->count; i++)
		if (make_branch(below, &below->branches[i], e)) {
			(void)cgroup_remove(below, &ignored); /* the first failure is told */
			cgroup_free(below);
			return -1;
		}
	*ret = below;
	return 0;
}

int cgroup_open_around(const struct cgroup *group, pid_t pid, struct cgroup **ret, struct error *e)
{
	autofree char *proc = text_format("/proc/%d/cgroup", (int)pid);
	autorelease(text) struct text lines = { 0 };
	autofree char *where = NULL;
	const char *at;

	if (file_read(AT_FDCWD, proc, PROC_LIMIT, &lines, e))
		return -1;
	where = layout_own_group(lines.data ? lines.data : "");
	at = where ? strstr(where, group->path) : NULL;
	/* Other groups lie above where ours is delegated; none below has our path in it again. */
	if (!at || (at[strlen(group->path)] != '/' && at[strlen(group->path)] != '\0'))
		return error_set(e, ERROR_MISSING, "find the cgroup of process %d: it is in %s, which is not below %s", (int)pid,
				 where ? where : "none", group->path);
	return cgroup_open_below(group, at + strlen(group->path), ret, e);
}

/* The unit of the user's manager to which the group belongs, as the path below the mount point says it: "…/user@1000.service/app.slice/
 * x.scope/box/web" has x.scope, and "/box/web" below it. False: none. */
static bool find_unit(const struct cgroup *group, char **ret_unit, char **ret_below)
{
	autofree char *path = group->count == 1 && group->branches[0].tree.is_v2
				      ? text_format("%s%s", group->branches[0].tree.root, group->path)
				      : NULL;
	const char *at = path ? strstr(path, "/user@") : NULL;

	at = at ? strchr(at + 1, '/') : NULL;
	while (at) {
		const char *name = at + 1;
		autofree char *unit = text_format("%.*s", (int)strcspn(name, "/"), name);

		at = strchr(name, '/');
		if (!text_ends(unit, ".scope") && !text_ends(unit, ".service"))
			continue;
		*ret_unit = take_ptr(&unit);
		*ret_below = alloc_copy(at ? at : "/");
		return true;
	}
	return false;
}

bool cgroup_can_attach(const struct cgroup *group)
{
	autofree char *unit = NULL, *below = NULL;

	return find_unit(group, &unit, &below);
}

int cgroup_attach(const struct cgroup *group, pid_t pid, struct error *e)
{
	autofree char *unit = NULL, *below = NULL;
	autorelease(list) struct list words = { 0 };

	if (!find_unit(group, &unit, &below))
		return error_set(e, ERROR_INTERNAL, "move a process into cgroup %s: it is no unit's", group->path);
	list_add(&words, below);
	list_addf(&words, "%d", (int)pid);
	return unit_call(/* is_user= */ true, "attach", unit, &words, NULL, e);
}
