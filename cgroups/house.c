/* SPDX-License-Identifier: Apache-2.0 */
/*
 * house.c - where the supervisors of apps live: out of the groups of whoever started them.
 *
 * As root it is one group for all of them, /box/.supervise in every tree, which nothing limits; an ordinary user with a systemd of the
 * user's own gets a scope there. Where neither can be had a supervisor stays in its caller's groups, and ends with them.
 * In a service of systemd the supervisor stays in the service's group, and the app joins it there.
 */
#include "cgroups/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cgroups/group.h"

#define HOUSE "/" GROUP_PARENT "/.supervise"

enum {
	TRIES = 100,    /* ROOT/box goes with its last group, perhaps between two of our steps */
	CGROUP_LIMIT = 1 << 16, /* of /proc/self/cgroup */
	LEAVE_MS = 200, /* for a supervisor that is about to end */
};

/* Made where it is missing, and open. 1: it went away meanwhile. */
static int open_once(const struct cgroup *house, struct branch *branch, struct error *e)
{
	const struct path_wish made = { .wants_made = true };

	branch->parent = path_walk(branch, HOUSE, &made, e);
	if (branch->parent < 0)
		return e->sys == ENOENT || e->sys == ENODEV ? 1 : -1;
	if (mkdirat(branch->parent, group_leaf(house), 0755) == 0)
		branch->is_made = true;
	else if (errno != EEXIST)
		return errno == ENOENT || errno == ENODEV ? 1 : error_sys(e, "make cgroup %s%s", branch->tree.root, HOUSE);
	if (branch_open(house, branch, e))
		return e->sys == ENOENT || e->sys == ENODEV ? 1 : -1;
	if (!branch->tree.is_v2 && v1_inherit(branch, branch->parent, branch->folder, branch->is_made, HOUSE, e))
		return -1;
	return 0;
}

/* Whether this process began in it (cgroup_house_find): to write it there once more would wait as long as the first time. */
static bool is_inside(const struct tree *tree)
{
	autorelease(text) struct text proc = { 0 };
	autofree char *house = text_format("%s" HOUSE, strcmp(tree->inside, "/") == 0 ? "" : tree->inside);
	autofree char *own = NULL;
	struct error ignored = { 0 };

	if (!tree->is_v2 || file_read(AT_FDCWD, "/proc/self/cgroup", CGROUP_LIMIT, &proc, &ignored) || !proc.data)
		return false;
	own = layout_own_group(proc.data);
	return own && strcmp(own, house) == 0;
}

static int enter_once(const struct cgroup *house, struct branch *branch, struct error *e)
{
	int result = open_once(house, branch, e);

	if (result || is_inside(&branch->tree) || branch_put(branch, "0") == 0)
		return result;
	return errno == ENODEV ? 1 : error_sys(e, "enter cgroup %s%s", branch->tree.root, HOUSE);
}

static void close_branch(struct branch *branch)
{
	int *const fds[] = { &branch->parent, &branch->folder, &branch->tasks };

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (*fds[i] >= 0)
			close(take_fd(fds[i]));
}

static int enter(const struct cgroup *house, struct branch *branch, struct error *e)
{
	for (int i = 0; i < TRIES; i++) {
		int result = enter_once(house, branch, e);

		close_branch(branch);
		if (result <= 0)
			return result;
		error_clear(e);
	}
	return error_set(e, ERROR_KERNEL, "enter cgroup %s%s: others remove it again and again", branch->tree.root, HOUSE);
}

/* The group in every tree of this host, whether it is there or not. */
static struct cgroup *find_house(struct error *e)
{
	struct layout layout = { 0 };
	struct cgroup *house;

	if (layout_find(&layout, e))
		return NULL;
	house = group_new(HOUSE, strlen(HOUSE), layout.version);
	for (size_t i = 0; i < layout.count; i++) {
		struct tree *tree = &layout.trees[i];

		group_add(house, tree->is_v2, tree->controllers)->tree = *tree;
		*tree = (struct tree){ 0 };
	}
	layout_release(&layout);
	return house;
}

int cgroup_house_enter(const struct cgroup *found, struct error *e)
{
	struct cgroup *house = NULL;
	int result = 0;

	if (geteuid() != 0) {
		cgroup_seek_scope("supervise");
		return 0;
	}
	if (!found)
		found = house = find_house(e);
	if (!found)
		return -1;
	for (size_t i = 0; result == 0 && i < found->count; i++)
		result = enter(found, &found->branches[i], e);
	cgroup_free(house);
	return result;
}

struct cgroup *cgroup_house_find(int *ret_folder)
{
	struct error ignored = { 0 };
	struct cgroup *house = geteuid() == 0 ? find_house(&ignored) : NULL;

	*ret_folder = -1;
	for (size_t i = 0; house && i < house->count; i++) {
		struct branch *branch = &house->branches[i];

		if (!branch->tree.is_v2)
			continue;
		if (open_once(house, branch, &ignored) == 0)
			*ret_folder = take_fd(&branch->folder);
		close_branch(branch);
	}
	return house;
}

/* Out of it and away with it in one tree; false: somebody is in it, or about to leave. */
static bool clear_away(const struct branch *branch)
{
	autofree char *own = text_format("%s" HOUSE, branch->tree.root);
	autofree char *top = text_format("%s/" GROUP_PARENT, branch->tree.root);
	autofree char *tasks = text_format("%s/%s", branch->tree.root, branch_tasks_file(branch));
	autoclose int fd = open(tasks, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "0", 1) != 1 || (rmdir(own) && errno != ENOENT))
		return false;
	(void)rmdir(top); /* EBUSY: apps are in it */
	return true;
}

void cgroup_house_leave(void)
{
	struct error ignored = { 0 };
	struct cgroup *house = geteuid() == 0 ? find_house(&ignored) : NULL;
	long deadline = clock_ms() + LEAVE_MS;
	unsigned pause_us = 100;

	for (size_t i = 0; house && i < house->count; i++)
		while (!clear_away(&house->branches[i]) && wait_until(deadline, &pause_us))
			;
	cgroup_free(house);
}

/* The service's own group as a folder's path; NULL: there is none to be had. */
static char *service_group(const struct layout *layout, struct error *e)
{
	autorelease(text) struct text proc = { 0 };
	autofree char *own = NULL;

	if (layout->version != CGROUP_V2 || layout->count != 1 || strcmp(layout->trees[0].inside, "/") != 0 ||
	    file_read(AT_FDCWD, "/proc/self/cgroup", CGROUP_LIMIT, &proc, e))
		return NULL;
	own = proc.data ? layout_own_group(proc.data) : NULL;
	return own && text_ends(own, ".service") ? take_ptr(&own) : NULL;
}

/* Processes and controllers cannot be in one group: "no internal processes", cgroups(7). */
static int enter_leaf(const char *root, const char *own, struct error *e)
{
	autofree char *leaf = text_format("%s%s/supervise", root, own);
	autofree char *procs = text_format("%s/cgroup.procs", leaf);

	if (mkdir(leaf, 0755) && errno != EEXIST)
		return error_sys(e, "make cgroup %s", leaf);
	return file_poke(AT_FDCWD, procs, "0") ? error_sys(e, "enter cgroup %s", leaf) : 0;
}

int cgroup_house_service(char **ret, struct error *e)
{
	struct layout layout = { 0 };
	autofree char *own = NULL;
	int result = 0;

	*ret = NULL;
	if (geteuid() != 0)
		return 0;
	if (layout_find(&layout, e))
		return -1;
	own = service_group(&layout, e);
	if (own)
		result = enter_leaf(layout.trees[0].root, own, e);
	else if (e->kind != ERROR_NONE)
		result = -1;
	if (own && result == 0)
		*ret = text_format("%s/app", own);
	layout_release(&layout);
	return result;
}
