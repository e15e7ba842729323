/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.c - a group as one text for the state file, and back; and a group of which only the path is known.
 *
 * "cgroup VERSION PATH", or "oci-cgroup VERSION PATH" for one that joins all; where systemd made it a line "unit user|system NAME"; then a
 * line per branch: "v1 CONTROLLERS OPTIONS FOLDER ROOT" or "v2 CONTROLLERS - - ROOT". ROOT is the last, since it may have spaces in it;
 * no part has a newline. A later command may run in another group, even in another tree layout: what counts is where the group was made.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cgroups/group.h"

void cgroup_record(const struct cgroup *group, struct text *ret)
{
	text_addf(ret, "%scgroup %d %s\n", group->joins_all ? "oci-" : "", (int)group->version, group->path);
	if (group->unit)
		text_addf(ret, "unit %s %s\n", group->unit->is_user ? "user" : "system", group->unit->name);
	for (size_t i = 0; i < group->count; i++) {
		const struct tree *tree = &group->branches[i].tree;

		text_addf(ret, "%s %u %s %s %s\n", tree->is_v2 ? "v2" : "v1", tree->controllers,
			  tree->is_v2 ? "-" : tree->options, tree->is_v2 ? "-" : tree->folder, tree->root);
	}
}

/* One line of a branch, without its newline. */
static bool parse_branch(struct cgroup *group, const char *line)
{
	unsigned controllers;
	char version, options[128], folder[128];
	int used = 0;
	struct branch *branch;

	if (sscanf(line, "v%c %u %127s %127s %n", &version, &controllers, options, folder, &used) != 4 || !used ||
	    (version != '1' && version != '2') || controllers >> CONTROLLER_COUNT || line[used] != '/' ||
	    strstr(line + used, "/../") || text_ends(line, "/.."))
		return false;
	branch = group_add(group, version == '2', controllers);
	branch->tree.root = alloc_copy(line + used);
	branch->tree.folder = alloc_copy(folder);
	branch->tree.options = version == '1' ? alloc_copy(options) : NULL;
	return true;
}

/* "unit user|system NAME" */
static bool parse_unit(struct cgroup *group, const char *line)
{
	const char *name = strrchr(line, ' ') + 1;
	bool is_user = text_starts(line, "unit user ");

	if (group->unit || (!is_user && !text_starts(line, "unit system ")) || !*name)
		return false;
	group->unit = alloc_zeroed(1, sizeof *group->unit);
	group->unit->name = alloc_copy(name);
	group->unit->is_user = is_user;
	group->unit->is_slice = text_ends(name, ".slice");
	return true;
}

static struct cgroup *parse_record(const char *record, struct error *e)
{
	bool is_oci = text_starts(record, "oci-");
	const char *line = strchr(record, '\n');
	struct cgroup *group;

	record += is_oci ? strlen("oci-") : 0;
	if (!line || !text_starts(record, "cgroup ") || record[7] < '0' || record[7] > '0' + CGROUP_HYBRID || record[8] != ' ')
		return NULL;
	group = group_new(record + 9, (size_t)(line - record - 9), (enum cgroup_version)(record[7] - '0'));
	group->joins_all = is_oci;
	if (group_check_path(group->path, e)) {
		cgroup_free(group);
		return NULL;
	}
	for (line++; *line;) {
		size_t length = strcspn(line, "\n");
		autofree char *copy = alloc_copy_bytes(line, length);

		if (!(text_starts(copy, "unit ") ? parse_unit(group, copy) : parse_branch(group, copy))) {
			cgroup_free(group);
			return NULL;
		}
		line += length + (line[length] != '\0');
	}
	return group;
}

/* Opens what is there of the group. It may be gone, or be another user's: cgroup_enter says so; all else works as far as it goes. */
static void open_branches(struct cgroup *group)
{
	for (size_t i = 0; i < group->count; i++) {
		struct error gone = { 0 };

		group->branches[i].folder = path_open(&group->branches[i], group->path, &gone);
	}
}

int cgroup_open(const char *record, struct cgroup **ret, struct error *e)
{
	struct cgroup *group = parse_record(record, e);

	if (!group)
		return error_set(e, ERROR_INTERNAL,
				 "read the record of a cgroup: it is not one that this version of box wrote");
	group_fill_mounts(group);
	open_branches(group);
	*ret = group;
	return 0;
}

int cgroup_remove_path(const char *path, struct error *e)
{
	struct layout layout = { 0 };
	struct cgroup *group;
	int failed;

	if (group_check_path(path, e) || layout_find(&layout, e))
		return -1;
	group = group_new(path, strlen(path), layout.version);
	for (size_t i = 0; i < layout.count; i++) {
		struct tree *tree = &layout.trees[i];

		group_add(group, tree->is_v2, tree->controllers)->tree = *tree;
		*tree = (struct tree){ 0 };
	}
	layout_release(&layout);
	open_branches(group);
	failed = cgroup_remove(group, e);
	cgroup_free(group);
	return failed;
}
