/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit.c - groups that systemd makes: one transient scope for each container, or a slice.
 *
 * systemd owns the tree above the scope; the scope itself is delegated to box (Delegate=true), which writes into it what systemd has no
 * property for, as it does into a group of its own. A scope cannot be made without a process, so the group is planned first, then the
 * container's first process is made, and then both come together (cgroup_start_unit) while that process waits.
 *
 * On v1 systemd makes the folders of a few trees alone. Those of the others are made here, with the same path, and removed here.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cgroups/group.h"
#include "cgroups/limit_rows.h"
#include "cgroups/limits.h"
#include "cgroups/unit_name.h"
#include "cgroups/unit_properties.h"
#include "specs/limits.h"

void unit_free(struct unit *unit)
{
	if (!unit)
		return;
	free(unit->name);
	free(unit->slice);
	list_release(&unit->properties);
	free(unit);
}

/* Root of the host asks the host's systemd; root of a user namespace is an ordinary user to it. */
static bool is_for_user(void)
{
	autorelease(text) struct text map = { 0 };
	struct error ignored = { 0 };
	unsigned inside, outside, count;

	if (geteuid() != 0)
		return true;
	if (file_read(AT_FDCWD, "/proc/self/uid_map", 65536, &map, &ignored) || !map.data)
		return false;
	return sscanf(map.data, "%u %u %u", &inside, &outside, &count) != 3 || inside != 0 || outside != 0 || count != UINT32_MAX;
}

/* The group below which the manager's units lie: "" for the host's own. The caller frees it. */
static char *manager_group(bool is_user, struct error *e)
{
	autorelease(text) struct text group = { 0 };

	if (!is_user)
		return alloc_copy("");
	if (unit_call(is_user, "group", NULL, NULL, &group, e))
		return NULL;
	if (!group.data || group.data[0] != '/' || !strchr(group.data, '\n')) {
		error_set(e, ERROR_KERNEL, "ask systemd for its group: no path, but \"%.100s\"", group.data ? group.data : "");
		return NULL;
	}
	*strchr(group.data, '\n') = '\0';
	return text_take(&group);
}

static int check_host(struct error *e)
{
	struct stat st;

	if (lstat("/run/systemd/system", &st) == 0 && S_ISDIR(st.st_mode))
		return 0; /* sd_booted(3) */
	error_set(e, ERROR_UNSUPPORTED, "make a systemd unit: this host was not booted with systemd (there is no /run/systemd/system)");
	return error_hint(e, "use --cgroup-manager cgroupfs, which needs no systemd (podman has the same option; docker and containerd "
			     "call it the cgroupfs driver)");
}

static int check_subgroup(const char *name, struct error *e)
{
	if (!strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
		return 0;
	return error_set(e, ERROR_SPEC, "annotation run.oci.systemd.subgroup: expected the name of one folder, found \"%.100s\"", name);
}

static struct cgroup *new_group(const struct cgroup_unit *request, const struct unit_name *name, struct layout *layout, const char *manager,
				bool is_user)
{
	bool has_subgroup = request->subgroup && *request->subgroup && layout->version == CGROUP_V2 && !name->is_slice;
	autofree char *path = text_format("%s%s%s%s", strcmp(manager, "/") == 0 ? "" : manager, name->group, has_subgroup ? "/" : "",
					  has_subgroup ? request->subgroup : "");
	struct cgroup *group = group_new(path, strlen(path), layout->version);

	group->joins_all = true;
	group->unit = alloc_zeroed(1, sizeof *group->unit);
	group->unit->name = alloc_copy(name->unit);
	group->unit->slice = alloc_copy(name->slice);
	group->unit->is_user = is_user;
	group->unit->is_slice = name->is_slice;
	group->unit->is_planned = true;
	group->unit->has_subgroup = has_subgroup;
	if (request->properties)
		list_copy(&group->unit->properties, request->properties);
	for (size_t i = 0; i < layout->count; i++) {
		struct tree *tree = &layout->trees[i];

		group_add(group, tree->is_v2, tree->controllers)->tree = *tree;
		*tree = (struct tree){ 0 };
	}
	return group;
}

static int plan(const struct cgroup_unit *request, const struct unit_name *name, bool is_user, struct cgroup **ret, struct error *e)
{
	autofree char *manager = manager_group(is_user, e);
	struct layout layout = { 0 };
	unsigned needed = 0;
	int result;

	if (!manager || layout_find_managed(&layout, manager, e))
		return -1;
	if (is_user && layout.version != CGROUP_V2)
		result = error_set(e, ERROR_UNSUPPORTED, "make a systemd unit as user %u: this host has %s, which cannot be delegated safely",
				   geteuid(), version_words(layout.version));
	else
		result = limits_check(request->limits, &layout, /* is_oci= */ true, &needed, e);
	if (result == 0) {
		*ret = new_group(request, name, &layout, manager, is_user);
		(*ret)->unit->needed = needed;
		group_fill_mounts(*ret);
	}
	layout_release(&layout);
	return result;
}

int cgroup_plan(const struct cgroup_unit *request, struct cgroup **ret, struct error *e)
{
	struct unit_name name = { 0 };
	bool is_user = is_for_user();
	struct cgroup *group = NULL;
	int result;

	if (check_host(e) || (request->subgroup && check_subgroup(request->subgroup, e)) ||
	    unit_name_of(request->path, request->id, is_user, &name, e))
		return -1;
	result = plan(request, &name, is_user, &group, e);
	unit_name_release(&name);
	if (result == 0 && group_check_path(group->path, e)) {
		cgroup_free(group);
		return -1;
	}
	if (result == 0)
		*ret = group;
	return result;
}

struct cgroup *cgroup_none(const struct limits *limits)
{
	struct limits settled = limits_settled(limits);
	bool has_limits = settled.io_count || settled.hugepage_count || settled.unified.count;

	for (const struct limit_row *row = limit_rows(); row->name; row++)
		has_limits |= row_is_said(&settled, row) && !row_is_unlimited(&settled, row);
	if (has_limits)
		log_warning("the limits of the container are not enforced: it gets no cgroup (--cgroup-manager disabled), continuing");
	return group_new("/disabled", strlen("/disabled"), CGROUP_NONE);
}

static void describe(const struct cgroup *group, const struct limits *settled, pid_t pid, struct list *ret)
{
	static const char *const counted[] = { "CPUAccounting=true", "MemoryAccounting=true", "TasksAccounting=true" };
	const struct unit *unit = group->unit;
	bool is_v2 = group->version == CGROUP_V2;
	autofree char *title = text_format("box container %s", unit->name);

	unit_text(ret, "Description", title);
	if (unit->is_slice) {
		/* Where a slice lies its name says. */
		list_addf(ret, "Wants=['%s']", unit->slice);
	} else {
		unit_text(ret, "Slice", unit->slice);
		list_add(ret, "Delegate=true");
		list_addf(ret, "PIDs=[uint32 %d]", (int)pid);
		/* One whose app was killed for memory counts as failed, and would stay. */
		unit_text(ret, "CollectMode", "inactive-or-failed");
	}
	list_add(ret, "DefaultDependencies=false");
	for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
		list_add(ret, counted[i]);
	list_add(ret, is_v2 ? "IOAccounting=true" : "BlockIOAccounting=true");
	unit_limits(settled, is_v2, ret);
	if (!is_v2)
		unit_devices(settled->device_rules, settled->device_rule_count, ret);
	for (size_t i = 0; i < unit->properties.count; i++)
		list_add(ret, unit->properties.items[i]);
}

/* Writes the pid into an open file. */
static int move_in(const struct cgroup *group, const struct branch *branch, pid_t pid, struct error *e)
{
	char number[16];

	(void)snprintf(number, sizeof number, "%d", (int)pid); /* always fits */
	if (branch_put(branch, number) == 0)
		return 0;
	return error_sys(e, "move process %d into cgroup %s%s", (int)pid, branch->tree.root, group->path);
}

/* Makes the last folder of the path where it is missing, and opens the group. */
static int open_made(const struct cgroup *group, struct branch *branch, const struct path_wish *wish, struct error *e)
{
	if (branch->parent >= 0)
		close(branch->parent);
	branch->parent = path_walk(branch, group->path, wish, e);
	if (branch->parent < 0)
		return -1;
	if (mkdirat(branch->parent, group_leaf(group), 0755) && errno != EEXIST)
		return error_sys(e, "make cgroup %s%s", branch->tree.root, group->path);
	return branch->folder >= 0 ? 0 : branch_open(group, branch, e);
}

static int join_v1(const struct cgroup *group, struct branch *branch, pid_t pid, struct error *e)
{
	const struct path_wish wish = { .wants_made = true };
	autofree char *shown = text_format("%s%s", branch->tree.root, group->path);

	if (open_made(group, branch, &wish, e) || v1_inherit(branch, branch->parent, branch->folder, /* is_new= */ false, shown, e))
		return -1;
	return move_in(group, branch, pid, e);
}

static int join_v2(const struct cgroup *group, struct branch *branch, pid_t pid, struct error *e)
{
	const struct unit *unit = group->unit;
	const struct path_wish nothing = { 0 }, wish = { .needed = unit->needed & branch->tree.controllers };
	char words[512];

	/* First out of the unit's own group, which has no controllers to give while a process is in it. */
	if (open_made(group, branch, &nothing, e))
		return -1;
	if ((unit->has_subgroup || unit->is_slice) && move_in(group, branch, pid, e))
		return -1;
	if (open_made(group, branch, &wish, e))
		return -1;
	/* What is not there now can be asked for later (limits_branch). */
	if (group_read(branch, "cgroup.controllers", words, sizeof words) >= 0)
		branch->tree.controllers &= controllers_parse(words) | CONTROLLERS_BUILT_IN;
	return 0;
}

int cgroup_start_unit(struct cgroup *group, const struct limits *limits, pid_t pid, struct error *e)
{
	const struct limits settled = limits_settled(limits);
	autorelease(list) struct list properties = { 0 };

	describe(group, &settled, pid, &properties);
	if (unit_call(group->unit->is_user, "start", group->unit->name, &properties, NULL, e))
		return -1;
	group->unit->is_planned = false;
	for (size_t i = 0; i < group->count; i++) {
		struct branch *branch = &group->branches[i];

		if (branch->tree.is_v2 ? join_v2(group, branch, pid, e) : join_v1(group, branch, pid, e))
			return -1;
	}
	/* Not as into a fresh group: systemd has defaults of its own. */
	return limits_write(group, limits, /* is_fresh= */ false, e);
}

int unit_set(const struct cgroup *group, const struct limits *settled, struct error *e)
{
	autorelease(list) struct list properties = { 0 };
	bool is_v2 = group->version == CGROUP_V2;

	unit_limits(settled, is_v2, &properties);
	if (!is_v2 && settled->device_rule_count)
		unit_devices(settled->device_rules, settled->device_rule_count, &properties);
	return properties.count ? unit_call(group->unit->is_user, "set", group->unit->name, &properties, NULL, e) : 0;
}

int unit_stop(const struct cgroup *group, struct error *e)
{
	struct error failed = { 0 };

	/* systemd would ask them to end, and wait for it. */
	if (cgroup_kill(group, SIGKILL, e))
		return -1;
	if (unit_call(group->unit->is_user, "stop", group->unit->name, NULL, NULL, &failed))
		log_warning("%s, continuing", failed.text);
	return 0;
}
