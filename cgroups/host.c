/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.c - find the cgroup trees of this host, and where in them this user may make groups.
 *
 * Root makes its groups at the top of each mounted tree, never below its own group: a container does not depend on the session
 * that started it. Whoever may not write there (an ordinary user, or root of a nested user namespace) can
 * use the v2 group in which it runs, where systemd or an administrator delegated that one: its folder, cgroup.procs and
 * cgroup.subtree_control are then writable. v1 trees cannot be delegated safely, so they are left alone.
 *
 * Below the true root of the v2 tree a group has either processes or controllers for its children, never both. A
 * delegated group in which only this process runs can be cleared (v2.c moves it into a leaf); one with
 * other processes cannot, because box does not move what belongs to others.
 */
#include "cgroups/host.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

#define PROC_LIMIT ((size_t)16 << 20) /* a host with 100,000 mounts has about 10 MiB of mountinfo */

const char *version_words(enum cgroup_version version)
{
	switch (version) {
	case CGROUP_V2: return "cgroup v2";
	case CGROUP_V1: return "cgroup v1";
	case CGROUP_HYBRID: return "cgroup v1 with a v2 tree beside it";
	default: return "no cgroups";
	}
}

static bool is_writable(const char *folder, const char *file)
{
	autofree char *path = text_format("%s/%s", folder, file);

	/* With the effective ids; says EROFS, too. */
	return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

static unsigned read_controllers(const char *folder, const char *file)
{
	autofree char *path = text_format("%s/%s", folder, file);
	autorelease(text) struct text words = { 0 };
	struct error ignored = { 0 };

	/* A file that cannot be read means the same as an empty one: nothing to give. */
	return file_read(AT_FDCWD, path, 4096, &words, &ignored) == 0 && words.data ? controllers_parse(words.data) : 0;
}

/* Other processes than this one in a group itself (not below it). */
static size_t count_others(const char *folder)
{
	autofree char *path = text_format("%s/cgroup.procs", folder);
	autorelease(text) struct text pids = { 0 };
	struct error ignored = { 0 };
	size_t others = 0;

	if (file_read(AT_FDCWD, path, PROC_LIMIT, &pids, &ignored) || !pids.data)
		return 0; /* v2_enable says it, should it matter */
	for (const char *at = pids.data; *at; at += strcspn(at, "\n") + 1)
		others += strtol(at, NULL, 10) != getpid();
	return others;
}

static void refuse(struct layout *layout, char *reason, const char *fix)
{
	free(layout->reason);
	free(layout->fix);
	layout->reason = reason;
	layout->fix = alloc_copy(fix);
}

/* The group in which this process runs, as a path below the mount point; NULL (with a reason) where it cannot be used. */
static char *delegated_group(struct layout *layout, const struct tree *tree, struct error *e)
{
	autorelease(text) struct text proc = { 0 };
	autofree char *own = NULL;
	autofree char *group = NULL;
	size_t skip = strcmp(tree->inside, "/") == 0 ? 0 : strlen(tree->inside);

	if (file_read(AT_FDCWD, "/proc/self/cgroup", PROC_LIMIT, &proc, e))
		return NULL;
	own = proc.data ? layout_own_group(proc.data) : NULL;
	if (!own || strncmp(own, tree->inside, skip) != 0) {
		refuse(layout,
		       text_format("the cgroup of this process lies outside of what is mounted on %s", tree->root),
		       "mount cgroup2 anew inside the cgroup namespace: mount -t cgroup2 cgroup2 /sys/fs/cgroup");
		return NULL;
	}
	group = text_format("%s%s", tree->root, strcmp(own + skip, "/") == 0 ? "" : own + skip);
	/* An earlier run of box in this scope moved its caller into the leaf. */
	if (text_ends(group, "/" GROUP_CALLER))
		group[strlen(group) - strlen("/" GROUP_CALLER)] = '\0';
	if (!is_writable(group, "") || !is_writable(group, "cgroup.procs") ||
	    !is_writable(group, "cgroup.subtree_control")) {
		refuse(layout,
		       text_format("the cgroup of this session, %s, is not delegated to user %u", group, geteuid()),
		       "run box inside `systemd-run --user --scope -p Delegate=yes box …`");
		return NULL;
	}
	return take_ptr(&group);
}

/* Settles where in the v2 tree the groups lie, and which controllers they can have. False: nowhere; the layout says why. */
static int place_v2(struct layout *layout, struct tree *tree, struct error *e)
{
	bool is_true_root = false;
	size_t others;

	if (is_writable(tree->root, "cgroup.procs") && is_writable(tree->root, "cgroup.subtree_control")) {
		autofree char *type = text_format("%s/cgroup.type", tree->root);

		/* Only the root of the whole tree lacks cgroup.type, and only it may have processes beside controllers. */
		is_true_root = access(type, F_OK) != 0;
	} else {
		char *group = delegated_group(layout, tree, e);

		if (!group)
			return layout->reason ? 0 : -1;
		free(tree->root);
		tree->root = group;
	}
	tree->controllers = read_controllers(tree->root, "cgroup.controllers");
	if (is_true_root || (tree->controllers & ~read_controllers(tree->root, "cgroup.subtree_control")) == 0)
		return 0;
	others = count_others(tree->root);
	if (others) {
		refuse(layout,
		       text_format("%zu other process%s in the cgroup %s beside box, and a cgroup with processes "
				   "cannot hand its "
				   "controllers on (subtree_control would say EBUSY)",
				   others, others == 1 ? " runs" : "es run", tree->root),
		       geteuid() ? "start box as the first process of a scope of its own: `systemd-run --user --scope "
				   "-p Delegate=yes box …`"
				 : "move the processes of that cgroup into a child of it first");
		tree->controllers = 0;
	}
	return 0;
}

static void layout_drop(struct layout *layout, size_t index)
{
	tree_release(&layout->trees[index]);
	layout->count--;
	memmove(layout->trees + index, layout->trees + index + 1, (layout->count - index) * sizeof *layout->trees);
}

/* A tree in which systemd makes the groups. */
static void place_managed(struct tree *tree, const char *manager, unsigned *v1)
{
	autofree char *folder = text_format("%s%s", tree->root, manager);

	if (tree->is_v2)
		tree->controllers = read_controllers(folder, "cgroup.controllers");
	else
		*v1 |= tree->controllers;
}

/* Drops the trees that this user cannot use. manager: NULL where box makes the groups. */
static int layout_place(struct layout *layout, const char *manager, struct error *e)
{
	unsigned v1 = 0;
	bool has_resources = false;

	for (size_t i = layout->count; i-- > 0;) {
		struct tree *tree = &layout->trees[i];

		if (manager) {
			place_managed(tree, manager, &v1);
		} else if (tree->is_v2) {
			if (place_v2(layout, tree, e))
				return -1;
		} else if (is_writable(tree->root, "tasks")) {
			v1 |= tree->controllers;
		} else {
			layout_drop(layout, i);
		}
	}
	for (size_t i = layout->count; i-- > 0;) {
		struct tree *tree = &layout->trees[i];

		has_resources |= (tree->controllers & ~(CONTROLLERS_BUILT_IN | CONTROLLERS_PASSIVE)) != 0;
		/* A v2 group freezes and filters devices by itself; a v1 tree for that is smaller, so it goes first. */
		if (tree->is_v2 && (tree->controllers || v1))
			tree->controllers |= CONTROLLERS_BUILT_IN & ~v1;
		if (!tree->controllers)
			layout_drop(layout, i);
	}
	while (!has_resources && layout->count)
		layout_drop(layout, layout->count - 1);
	return 0;
}

static void explain(struct layout *layout, size_t mounted, size_t read_only)
{
	if (layout->version == CGROUP_NONE)
		refuse(layout, alloc_copy("no cgroup file system is mounted on this host"),
		       "mount -t cgroup2 cgroup2 /sys/fs/cgroup");
	else if (mounted == 0 && read_only)
		refuse(layout, alloc_copy("the cgroup file system is mounted read-only here"),
		       "start box outside of this container, or give the container a writable /sys/fs/cgroup");
	else if (layout->version != CGROUP_V2)
		refuse(layout,
		       text_format("the cgroup v1 trees of this host cannot be written by user %u, and v1 cannot be "
				   "delegated safely",
				   geteuid()),
		       "run box as root, or boot the host with systemd.unified_cgroup_hierarchy=1");
	else if (!layout->reason)
		refuse(layout,
		       alloc_copy("the cgroup of this process has no controllers for its children (cgroup.controllers "
				  "is empty)"),
		       "run box inside `systemd-run --user --scope -p Delegate=yes box …`");
}

static int find(struct layout *ret, const char *manager, struct error *e)
{
	autorelease(text) struct text mountinfo = { 0 };
	struct layout layout = { 0 };
	size_t read_only, mounted;

	if (file_read(AT_FDCWD, "/proc/self/mountinfo", PROC_LIMIT, &mountinfo, e))
		return -1;
	layout_parse(&layout, mountinfo.data ? mountinfo.data : "", &read_only);
	mounted = layout.count;
	if (layout_place(&layout, manager, e)) {
		layout_release(&layout);
		return -1;
	}
	if (layout.count == 0)
		explain(&layout, mounted, read_only);
	*ret = layout;
	return 0;
}

int layout_find(struct layout *ret, struct error *e)
{
	return find(ret, NULL, e);
}

int layout_find_managed(struct layout *ret, const char *manager, struct error *e)
{
	return find(ret, manager, e);
}

void layout_release(struct layout *layout)
{
	for (size_t i = 0; i < layout->count; i++)
		tree_release(&layout->trees[i]);
	free(layout->trees);
	free(layout->reason);
	free(layout->fix);
	*layout = (struct layout){ 0 };
}

const struct tree *layout_tree(const struct layout *layout, enum controller controller)
{
	for (size_t i = 0; i < layout->count; i++)
		if (layout->trees[i].controllers & CONTROLLER_BIT(controller))
			return &layout->trees[i];
	return NULL;
}

int cgroup_host_find(struct cgroup_host *ret, struct error *e)
{
	struct layout layout = { 0 };
	struct cgroup_host host = { 0 };

	if (layout_find(&layout, e))
		return -1;
	host.version = layout.count ? layout.version : CGROUP_NONE;
	for (unsigned c = 0; c < CONTROLLER_COUNT; c++) {
		const struct tree *tree = layout_tree(&layout, c);

		/* One name per resource on every kind of host: "io", never "blkio". */
		if (tree && c != CONTROLLER_SYSTEMD)
			list_add(&host.controllers, controller_name(c, /* is_v2= */ true));
	}
	if (!layout.count)
		host.reason = text_format("%s: %s", layout.reason, layout.fix);
	layout_release(&layout);
	*ret = host;
	return 0;
}

void cgroup_host_release(struct cgroup_host *host)
{
	list_release(&host->controllers);
	free(host->reason);
	*host = (struct cgroup_host){ 0 };
}
