/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit_name.c - the unit of systemd that a cgroupsPath names.
 *
 * A slice says by its name where it lies: "a-b.slice" is /a.slice/a-b.slice (systemd.slice(5)). What is no valid name of a unit is refused
 * and not escaped: engines look for the group by the name that they gave.
 */
#include "cgroups/unit_name.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

#define SLICE_END ".slice"
#define ROOT_SLICE "-.slice"

enum { NAME_LENGTH_MAX = 255 /* of a unit, systemd.unit(5) */ };

void unit_name_release(struct unit_name *name)
{
	free(name->slice);
	free(name->unit);
	free(name->group);
	*name = (struct unit_name){ 0 };
}

static int check_unit(const char *unit, struct error *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@";
	size_t length = strlen(unit);

	if (length <= NAME_LENGTH_MAX && strspn(unit, allowed) == length)
		return 0;
	return error_set(e, ERROR_SPEC,
			 "use the systemd unit \"%.300s\": a unit's name has letters, digits and :-_.\\@ alone, and at most %d of them", unit,
			 NAME_LENGTH_MAX);
}

/* "/NAME", as systemd calls the folder: with "_" in front of what could be taken for a file of the kernel's ("memory.scope"). */
static void add_folder(struct text *ret, const char *name)
{
	static const char *const taken[] = { "cgroup", "cpu", "cpuacct", "cpuset", "io", "blkio", "memory", "devices", "pids" };
	size_t first = strcspn(name, ".");
	bool is_taken = *name == '_' || *name == '.';

	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		is_taken |= strlen(taken[i]) == first && memcmp(name, taken[i], first) == 0;
	text_addf(ret, "/%s%s", is_taken ? "_" : "", name);
}

/* "/a.slice/a-b.slice" for "a-b.slice", nothing for the root slice. */
static int expand_slice(const char *slice, struct text *ret, struct error *e)
{
	size_t length = strlen(slice);

	if (strcmp(slice, ROOT_SLICE) == 0)
		return 0;
	if (!text_ends(slice, SLICE_END) || length == strlen(SLICE_END) || slice[0] == '-' || strstr(slice, "--") ||
	    text_ends(slice, "-" SLICE_END))
		return error_set(e, ERROR_SPEC,
				 "use the systemd slice \"%.300s\": a slice is called NAME.slice, and a dash in it stands between two names", slice);
	if (check_unit(slice, e))
		return -1;
	for (const char *dash = slice; (dash = strchr(dash, '-')); dash++) {
		autofree char *above = text_format("%.*s" SLICE_END, (int)(dash - slice), slice);

		add_folder(ret, above);
	}
	add_folder(ret, slice);
	return 0;
}

/* The three words of the path. False: it has others. */
static bool split(const char *path, char *ret[static 3])
{
	for (int i = 0; i < 3; i++) {
		size_t length = strcspn(path, ":");

		ret[i] = alloc_copy_bytes(path, length);
		path += length;
		if (i < 2 && *path++ != ':')
			return false;
	}
	return *path == '\0' && *ret[2];
}

static int compose(char *const words[static 3], bool is_user, struct unit_name *ret, struct error *e)
{
	autorelease(text) struct text group = { 0 };
	const char *slice = *words[0] ? words[0] : is_user ? "user.slice" : "system.slice";

	ret->is_slice = text_ends(words[2], SLICE_END);
	ret->slice = alloc_copy(strcmp(slice, "-") == 0 ? ROOT_SLICE : slice);
	ret->unit = ret->is_slice ? alloc_copy(words[2]) : text_format("%s%s%s.scope", words[1], *words[1] ? "-" : "", words[2]);
	if (expand_slice(ret->slice, &group, e) || check_unit(ret->unit, e))
		return -1;
	if (ret->is_slice) {
		text_clear(&group);
		if (expand_slice(ret->unit, &group, e))
			return -1;
		if (!group.length)
			return error_set(e, ERROR_SPEC, "use the root slice as a container's own: it belongs to everybody");
	} else {
		add_folder(&group, ret->unit);
	}
	ret->group = text_take(&group);
	return 0;
}

int unit_name_of(const char *cgroups_path, const char *id, bool is_user, struct unit_name *ret, struct error *e)
{
	autofree char *usual = text_format(":box:%s", id);
	const char *path = cgroups_path && *cgroups_path ? cgroups_path : usual;
	struct unit_name name = { 0 };
	char *words[3] = { NULL, NULL, NULL };
	int result;

	if (split(path, words))
		result = compose(words, is_user, &name, e);
	else
		result = error_set(e, ERROR_SPEC, "make a systemd unit for the cgroup path \"%.300s\": expected \"slice:prefix:name\"", path);
	for (int i = 0; i < 3; i++)
		free(words[i]);
	if (result) {
		unit_name_release(&name);
		(void)error_hint(e, "such as \"system.slice:box:web\"; a path such as /docker/web is for --cgroup-manager cgroupfs");
		return error_at(e, "linux.cgroupsPath");
	}
	*ret = name;
	return 0;
}
