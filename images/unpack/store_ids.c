/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_ids.c - whose ids the files of the store carry on disk.
 */
#include "images/unpack/store_ids.h"

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
#include "images/image.h"

enum { FILE_LIMIT = 1 << 20, RANGE = 65536 };

void store_ids_parse(const char *text, const char *name, const char *number, struct store_range *ret)
{
	autofree char *copy = alloc_copy(text);
	char *lines = NULL;

	*ret = (struct store_range){ .inside = 1 };
	for (char *line = strtok_r(copy, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
		char *fields = NULL;
		const char *who = strtok_r(line, ":", &fields);
		const char *start = strtok_r(NULL, ":", &fields);
		const char *count = strtok_r(NULL, ":", &fields);
		int64_t first, length;

		if (!who || !start || !count || (!text_equal(who, name) && !text_equal(who, number)))
			continue;
		if (number_parse(start, 1, UINT32_MAX - 1, &first) || number_parse(count, 1, UINT32_MAX - 1, &length))
			continue;
		ret->outside = (uint32_t)first;
		ret->count = (uint32_t)length;
		return;
	}
}

/* The caller's name in /etc/passwd; its number where there is none. */
static char *caller_name(const char *number)
{
	autorelease(text) struct text content = { 0 };
	struct error ignored = { 0 };
	char *lines = NULL;

	if (file_read(AT_FDCWD, "/etc/passwd", FILE_LIMIT, &content, &ignored) || !content.data)
		return alloc_copy(number); /* subuid(5) allows numbers too */
	for (char *line = strtok_r(content.data, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
		char *fields = NULL;
		const char *name = strtok_r(line, ":", &fields);
		const char *password = strtok_r(NULL, ":", &fields);
		const char *id = password ? strtok_r(NULL, ":", &fields) : NULL;

		if (name && text_equal(id, number))
			return alloc_copy(name);
	}
	return alloc_copy(number);
}

static void find_range(const char *path, const char *name, const char *number, struct store_range *ret)
{
	autorelease(text) struct text content = { 0 };
	struct error ignored = { 0 };

	*ret = (struct store_range){ .inside = 1 };
	if (file_read(AT_FDCWD, path, FILE_LIMIT, &content, &ignored) == 0 && content.data)
		store_ids_parse(content.data, name, number, ret); /* no file: no subordinate ids, an ordinary case */
}

int store_ids_find(struct store_ids *ret, struct error *e)
{
	autofree char *name = NULL;
	char number[16];

	(void)e; /* to have no subordinate ids is no error */
	*ret = (struct store_ids){ .ranges = 1 };
	if (geteuid() == 0) {
		ret->uids[0] = ret->gids[0] = (struct store_range){ 0, IMAGE_STORE_ID_BASE, RANGE };
		return 0;
	}
	(void)snprintf(number, sizeof number, "%u", getuid()); /* always fits */
	name = caller_name(number);
	ret->uids[0] = (struct store_range){ 0, getuid(), 1 };
	ret->gids[0] = (struct store_range){ 0, getgid(), 1 };
	find_range("/etc/subuid", name, number, &ret->uids[1]);
	find_range("/etc/subgid", name, number, &ret->gids[1]);
	if (ret->uids[1].count && ret->gids[1].count && access("/usr/bin/newuidmap", X_OK) == 0 &&
	    access("/usr/bin/newgidmap", X_OK) == 0) {
		ret->ranges = 2;
		ret->needs_helper = true;
	} else {
		ret->is_single = true;
	}
	return 0;
}

uint32_t store_ids_count(const struct store_range *ranges, int count)
{
	uint32_t next = 0;

	for (int i = 0; i < count && ranges[i].inside == next; i++)
		next += ranges[i].count;
	return next < RANGE ? next : RANGE;
}

static int write_map(pid_t pid, const char *file, const struct store_range *ranges, int count, struct error *e)
{
	autorelease(text) struct text lines = { 0 };
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file); /* always fits */
	for (int i = 0; i < count; i++)
		text_addf(&lines, "%u %u %u\n", ranges[i].inside, ranges[i].outside, ranges[i].count);
	if (file_poke(AT_FDCWD, path, lines.data)) {
		error_sys(e, "write the store's ids to %s", path);
		return error_hint(e, "root of a container can unpack only where ids %u to %u exist for it",
				  ranges[0].outside, ranges[0].outside + ranges[0].count - 1);
	}
	return 0;
}

static int run_helper(const char *program, pid_t pid, const struct store_range *ranges, int count, struct error *e)
{
	autorelease(list) struct list argv = { 0 };
	struct process_run run = { .input = -1, .timeout_ms = 10000 };

	list_add(&argv, program);
	list_addf(&argv, "%d", (int)pid);
	for (int i = 0; i < count; i++) {
		list_addf(&argv, "%u", ranges[i].inside);
		list_addf(&argv, "%u", ranges[i].outside);
		list_addf(&argv, "%u", ranges[i].count);
	}
	run.argv = argv.items;
	if (process_run(&run, NULL, e)) {
		error_in(e, "map the subordinate ids of user %u", getuid());
		return error_hint(e, "check /etc/subuid and /etc/subgid, and that %s is setuid root (package uidmap)",
				  program);
	}
	return 0;
}

int store_ids_write(pid_t pid, const struct store_ids *ids, struct error *e)
{
	char path[64];

	if (ids->needs_helper) {
		if (run_helper("/usr/bin/newuidmap", pid, ids->uids, ids->ranges, e))
			return -1;
		return run_helper("/usr/bin/newgidmap", pid, ids->gids, ids->ranges, e);
	}
	if (ids->is_single) {
		/* An ordinary user may map its own group only where groups cannot be dropped (CVE-2014-8989). */
		(void)snprintf(path, sizeof path, "/proc/%d/setgroups", (int)pid); /* always fits */
		if (file_poke(AT_FDCWD, path, "deny"))
			return error_sys(e, "write %s", path);
	}
	if (write_map(pid, "uid_map", ids->uids, ids->ranges, e))
		return -1;
	return write_map(pid, "gid_map", ids->gids, ids->ranges, e);
}
