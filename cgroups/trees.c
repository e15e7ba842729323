/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trees.c - the kernel's texts about cgroups, taken apart: mountinfo, /proc/self/cgroup, lists of controllers.
 *
 * Nothing here looks at the host: text in, structs out. A tree that is mounted more than once counts where it is
 * mounted first; named v1 trees other than name=systemd are left out.
 */
#include "cgroups/host.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/text.h"

static const char *const v1_names[CONTROLLER_COUNT] = {
	[CONTROLLER_MEMORY] = "memory",   [CONTROLLER_PIDS] = "pids",       [CONTROLLER_CPU] = "cpu",
	[CONTROLLER_CPUACCT] = "cpuacct", [CONTROLLER_CPUSET] = "cpuset",   [CONTROLLER_IO] = "blkio",
	[CONTROLLER_FREEZER] = "freezer", [CONTROLLER_DEVICES] = "devices", [CONTROLLER_HUGETLB] = "hugetlb",
	[CONTROLLER_RDMA] = "rdma",       [CONTROLLER_MISC] = "misc",       [CONTROLLER_NET_CLS] = "net_cls",
	[CONTROLLER_NET_PRIO] = "net_prio", [CONTROLLER_PERF_EVENT] = "perf_event", [CONTROLLER_SYSTEMD] = "name=systemd",
};

/* Controllers that a v2 tree can have in cgroup.controllers. */
enum {
	V2_CONTROLLERS = CONTROLLER_BIT(CONTROLLER_MEMORY) | CONTROLLER_BIT(CONTROLLER_PIDS) | CONTROLLER_BIT(CONTROLLER_CPU) |
			 CONTROLLER_BIT(CONTROLLER_CPUSET) | CONTROLLER_BIT(CONTROLLER_IO) | CONTROLLER_BIT(CONTROLLER_HUGETLB) |
			 CONTROLLER_BIT(CONTROLLER_RDMA) | CONTROLLER_BIT(CONTROLLER_MISC),
};

const char *controller_name(enum controller controller, bool is_v2)
{
	return is_v2 && controller == CONTROLLER_IO ? "io" : v1_names[controller];
}

unsigned controllers_parse(const char *words)
{
	unsigned found = 0;

	while (*words) {
		size_t length = strcspn(words, " \n");

		for (unsigned c = 0; c < CONTROLLER_COUNT; c++) {
			const char *name = controller_name(c, /* is_v2= */ true);

			if (strlen(name) == length && memcmp(name, words, length) == 0)
				found |= CONTROLLER_BIT(c);
		}
		words += length + (words[length] != '\0');
	}
	return found & V2_CONTROLLERS;
}

/* The next part of a line up to one of the separators, as a copy; *at moves behind it. NULL at the end of the line. */
static char *next_part(const char **at, const char *separators)
{
	size_t length = strcspn(*at, separators);
	char *part;

	if (!length)
		return NULL;
	part = alloc_copy_bytes(*at, length);
	*at += length;
	if (**at && **at != '\n')
		(*at)++;
	return part;
}

/* mountinfo writes space, tab, newline and backslash as \ooo. In place. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' && from[2] <= '7' &&
		    from[3] >= '0' && from[3] <= '7') {
			*to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* The controllers in the options of a v1 mount: their bits, and their names as mount options. */
static unsigned v1_controllers(const char *options, struct text *ret_names)
{
	unsigned found = 0;
	char *word;

	while ((word = next_part(&options, ",\n"))) {
		for (unsigned c = 0; c < CONTROLLER_COUNT; c++)
			if (strcmp(word, v1_names[c]) == 0) {
				found |= CONTROLLER_BIT(c);
				text_addf(ret_names, "%s%s", ret_names->length ? "," : "", word);
			}
		free(word);
	}
	return found;
}

void tree_release(struct tree *tree)
{
	free(tree->root);
	free(tree->folder);
	free(tree->options);
	free(tree->inside);
	*tree = (struct tree){ 0 };
}

/* One part of a mountinfo line that box wants. */
struct mount_line {
	char *inside, *point, *flags, *type, *options;
};

static void mount_line_release(struct mount_line *line)
{
	free(line->inside);
	free(line->point);
	free(line->flags);
	free(line->type);
	free(line->options);
}

/* "36 35 98:0 /inside /point flags [optional…] - type source options" */
static bool mount_line_parse(const char *line, struct mount_line *ret)
{
	for (int skipped = 0; skipped < 3; skipped++)
		free(next_part(&line, " \n"));
	ret->inside = next_part(&line, " \n");
	ret->point = next_part(&line, " \n");
	ret->flags = next_part(&line, " \n");
	for (char *part; (part = next_part(&line, " \n"));) {
		bool is_end = strcmp(part, "-") == 0;

		free(part);
		if (is_end)
			break;
	}
	ret->type = next_part(&line, " \n");
	free(next_part(&line, " \n"));
	ret->options = next_part(&line, " \n");
	if (!ret->inside || !ret->point || !ret->flags || !ret->type || !ret->options)
		return false;
	unescape(ret->inside);
	unescape(ret->point);
	/* A newline would break the record of a group; no sane host has one. */
	return !strchr(ret->point, '\n');
}

static bool is_known(const struct layout *layout, bool is_v2, unsigned controllers)
{
	for (size_t i = 0; i < layout->count; i++)
		if (layout->trees[i].is_v2 ? is_v2 : (layout->trees[i].controllers & controllers) != 0)
			return true;
	return false;
}

static void layout_add(struct layout *layout, struct mount_line *line, size_t *read_only)
{
	autorelease(text) struct text names = { 0 };
	bool is_v2 = strcmp(line->type, "cgroup2") == 0;
	unsigned controllers = is_v2 ? 0 : v1_controllers(line->options, &names);
	const char *slash = strrchr(line->point, '/');
	struct tree *tree;

	if ((!is_v2 && !controllers) || is_known(layout, is_v2, controllers))
		return;
	if (strncmp(line->flags, "ro", 2) == 0) {
		(*read_only)++;
		return;
	}
	tree = alloc_append(&layout->trees, &layout->count, sizeof *tree);
	tree->is_v2 = is_v2;
	tree->controllers = controllers;
	tree->options = is_v2 ? NULL : text_take(&names);
	tree->folder = alloc_copy(slash ? slash + 1 : line->point);
	tree->root = take_ptr(&line->point);
	tree->inside = take_ptr(&line->inside);
}

void layout_parse(struct layout *layout, const char *mountinfo, size_t *ret_read_only)
{
	bool has_v1 = false, has_v2 = false;

	*ret_read_only = 0;
	while (*mountinfo) {
		size_t length = strcspn(mountinfo, "\n");
		const char *type = memmem(mountinfo, length, " - cgroup", 9);

		/* Most lines are other file systems: they are not taken apart. */
		if (type) {
			struct mount_line line = { 0 };

			if (mount_line_parse(mountinfo, &line) && strncmp(line.type, "cgroup", 6) == 0) {
				has_v2 |= strcmp(line.type, "cgroup2") == 0;
				has_v1 |= strcmp(line.type, "cgroup") == 0 && !strstr(line.options, "name=");
				layout_add(layout, &line, ret_read_only);
			}
			mount_line_release(&line);
		}
		mountinfo += length + (mountinfo[length] != '\0');
	}
	layout->version = has_v1 ? (has_v2 ? CGROUP_HYBRID : CGROUP_V1) : has_v2 ? CGROUP_V2 : CGROUP_NONE;
}

char *layout_own_group(const char *proc_cgroup)
{
	const char *line = text_starts(proc_cgroup, "0::") ? proc_cgroup : strstr(proc_cgroup, "\n0::");
	char *path;

	if (!line)
		return NULL;
	line = strchr(line, '/');
	path = line ? alloc_copy_bytes(line, strcspn(line, "\n")) : NULL;
	if (path && (text_starts(path, "/../") || strcmp(path, "/..") == 0)) {
		free(path);
		return NULL;
	}
	return path;
}
