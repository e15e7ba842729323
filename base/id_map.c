/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id_map.c - which host ids stand behind the ids of a user namespace.
 *
 * Names come from the host's own files: a static program has no NSS.
 */
#include "base/id_map.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "base/process.h"
#include "base/text.h"

enum { FILE_LIMIT = 1 << 20 };

/* strsep keeps empty fields, which strtok would skip: "name::1000:…" has no password. */
void id_map_parse(const char *text, const char *name, const char *number, struct id_extent *ret)
{
	autofree char *copy = alloc_copy(text);
	char *lines = copy;

	*ret = (struct id_extent){ .inside = 1 };
	for (char *line; (line = strsep(&lines, "\n"));) {
		const char *who = strsep(&line, ":"), *start = strsep(&line, ":"), *count = strsep(&line, ":");
		int64_t first, length;

		if (!count || (!text_equal(who, name) && !text_equal(who, number)))
			continue;
		if (number_parse(start, 1, UINT32_MAX - 1, &first) || number_parse(count, 1, UINT32_MAX - 1, &length))
			continue;
		*ret = (struct id_extent){ 1, (uint32_t)first, (uint32_t)length };
		return;
	}
}

char *id_map_name(const char *passwd, const char *number)
{
	autofree char *copy = alloc_copy(passwd);
	char *lines = copy;

	for (char *line; (line = strsep(&lines, "\n"));) {
		const char *name = strsep(&line, ":"), *password = strsep(&line, ":"), *id = strsep(&line, ":");

		if (*name && password && text_equal(id, number))
			return alloc_copy(name);
	}
	return alloc_copy(number);
}

/* The caller's name; subuid(5) allows its number too. */
static char *caller_name(const char *number)
{
	autorelease(text) struct text content = { 0 };
	struct error ignored = { 0 };

	if (file_read(AT_FDCWD, "/etc/passwd", FILE_LIMIT, &content, &ignored) || !content.data)
		return alloc_copy(number);
	return id_map_name(content.data, number);
}

static void find_range(const char *path, const char *name, const char *number, struct id_extent *ret)
{
	autorelease(text) struct text content = { 0 };
	struct error ignored = { 0 };

	*ret = (struct id_extent){ .inside = 1 };
	if (file_read(AT_FDCWD, path, FILE_LIMIT, &content, &ignored) == 0 && content.data)
		id_map_parse(content.data, name, number, ret); /* no file: no subordinate ids */
}

void id_map_for_caller(struct id_map *ret)
{
	autofree char *name = NULL;
	char number[16];

	*ret = (struct id_map){ .uids = { { 0, getuid(), 1 } }, .gids = { { 0, getgid(), 1 } }, .uid_count = 1, .gid_count = 1 };
	(void)snprintf(number, sizeof number, "%u", getuid()); /* always fits */
	name = caller_name(number);
	find_range("/etc/subuid", name, number, &ret->uids[1]);
	find_range("/etc/subgid", name, number, &ret->gids[1]);
	if (!ret->uids[1].count || !ret->gids[1].count || access("/usr/bin/newuidmap", X_OK) || access("/usr/bin/newgidmap", X_OK))
		return;
	ret->uid_count = ret->gid_count = 2;
	ret->can_setgroups = true;
}

const struct id_map id_map_as_is = { .uids = { { 0, 0, ID_RANGE } }, .gids = { { 0, 0, ID_RANGE } }, .uid_count = 1, .gid_count = 1,
				     .can_setgroups = true };

void id_map_for_files(bool is_rootless, struct id_map *ret)
{
	const struct id_extent all = { 0, 0, UINT32_MAX };

	if (is_rootless)
		id_map_for_caller(ret);
	else
		*ret = (struct id_map){ .uids = { all }, .gids = { all }, .uid_count = 1, .gid_count = 1, .can_setgroups = true };
}

static int64_t outside(const struct id_extent *extents, int count, uint32_t id)
{
	for (int i = 0; i < count; i++)
		if (id >= extents[i].inside && id - extents[i].inside < extents[i].count)
			return (int64_t)extents[i].outside + (id - extents[i].inside);
	return -1;
}

int64_t id_map_uid(const struct id_map *map, uid_t uid)
{
	return outside(map->uids, map->uid_count, uid);
}

int64_t id_map_gid(const struct id_map *map, gid_t gid)
{
	return outside(map->gids, map->gid_count, gid);
}

static int write_map(pid_t pid, const char *file, const struct id_extent *extents, int count, struct error *e)
{
	autorelease(text) struct text lines = { 0 };
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file); /* always fits */
	for (int i = 0; i < count; i++)
		text_addf(&lines, "%u %u %u\n", extents[i].inside, extents[i].outside, extents[i].count);
	if (file_poke(AT_FDCWD, path, lines.data))
		return error_sys(e, "write the id map %s", path);
	return 0;
}

/* newuidmap(1) is setuid root and lets an ordinary user map what /etc/subuid grants. */
static int run_helper(const char *program, pid_t pid, const struct id_extent *extents, int count, struct error *e)
{
	autorelease(list) struct list argv = { 0 };
	struct process_run run = { .input = -1, .timeout_ms = 10000 };

	list_add(&argv, program);
	list_addf(&argv, "%d", (int)pid);
	for (int i = 0; i < count; i++) {
		list_addf(&argv, "%u", extents[i].inside);
		list_addf(&argv, "%u", extents[i].outside);
		list_addf(&argv, "%u", extents[i].count);
	}
	run.argv = argv.items;
	if (process_run(&run, NULL, e)) {
		error_in(e, "map the subordinate ids of user %u", getuid());
		return error_hint(e, "check /etc/subuid and /etc/subgid, and that %s is setuid root (package uidmap)", program);
	}
	return 0;
}

int id_map_write(pid_t pid, const struct id_map *map, struct error *e)
{
	char path[64];

	if (geteuid() != 0 && map->uid_count > 1) {
		if (run_helper("/usr/bin/newuidmap", pid, map->uids, map->uid_count, e))
			return -1;
		return run_helper("/usr/bin/newgidmap", pid, map->gids, map->gid_count, e);
	}
	/* An ordinary user may map its own group only where groups cannot be dropped (CVE-2014-8989). */
	if (!map->can_setgroups) {
		(void)snprintf(path, sizeof path, "/proc/%d/setgroups", (int)pid); /* always fits */
		if (file_poke(AT_FDCWD, path, "deny"))
			return error_sys(e, "write %s", path);
	}
	if (write_map(pid, "uid_map", map->uids, map->uid_count, e))
		return -1;
	return write_map(pid, "gid_map", map->gids, map->gid_count, e);
}
