/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idmap.c - id maps, the namespaces that carry them, and the leases of ranges.
 *
 * A lease is a file "ids/INDEX" that holds the app's name, made exclusively: making it is taking it. The
 * search begins where the name hashes to, so that it ends at once in a pool that is mostly free, and so that
 * an app usually gets the same range again.
 */
#include "runtime/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "base/process.h"
#include "base/text.h"

static void set_one(struct id_extent *extent, int *count, uint32_t inside, uint32_t outside, uint32_t length)
{
	extent[*count] = (struct id_extent){ inside, outside, length };
	(*count)++;
}

void idmap_for_base(uint32_t base, struct id_map *ret)
{
	*ret = (struct id_map){ .can_setgroups = true };
	set_one(ret->uids, &ret->uid_count, 0, base, ID_RANGE);
	set_one(ret->gids, &ret->gid_count, 0, base, ID_RANGE);
}

void idmap_for_owner(uid_t uid_on_disk, uid_t uid_seen, gid_t gid_on_disk, gid_t gid_seen, struct id_map *ret)
{
	*ret = (struct id_map){ .can_setgroups = true };
	set_one(ret->uids, &ret->uid_count, uid_on_disk, uid_seen, 1);
	set_one(ret->gids, &ret->gid_count, gid_on_disk, gid_seen, 1);
}

/* "name:100000:65536" for our name or number: the first such line wins, as with newuidmap's largest use. */
static bool subordinate_range(const char *line, const char *name, const char *number, int64_t *ret_start, int64_t *ret_count)
{
	autofree char *copy = text_format("%s", line);
	char *state = NULL;
	const char *who = strtok_r(copy, ":", &state);
	const char *start = strtok_r(NULL, ":", &state);
	const char *count = strtok_r(NULL, ":", &state);

	if (!who || !start || !count || (!text_equal(who, name) && !text_equal(who, number)))
		return false;
	return number_parse(start, 1, UINT32_MAX - 1, ret_start) == 0 && number_parse(count, 1, UINT32_MAX - 1, ret_count) == 0;
}

/* Reads /etc/subuid or /etc/subgid; 0 ids where the file is missing or has no line for us. */
static void find_subordinate(const char *path, const char *name, int64_t *ret_start, int64_t *ret_count)
{
	autorelease(text) struct text content = { 0 };
	struct error ignored = { 0 };
	char number[16], *state = NULL;

	*ret_start = *ret_count = 0;
	(void)snprintf(number, sizeof number, "%u", getuid()); /* always fits */
	if (file_read(AT_FDCWD, path, 1 << 20, &content, &ignored) || !content.data)
		return; /* no file: no subordinate ids, which is an ordinary case */
	for (char *line = strtok_r(content.data, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
		if (subordinate_range(line, name, number, ret_start, ret_count))
			return;
	*ret_start = *ret_count = 0;
}

/* Our name in /etc/passwd (the host's own file; no NSS in a static program): the number where there is none. */
static char *own_name(void)
{
	autorelease(text) struct text content = { 0 };
	struct error ignored = { 0 };
	char *state = NULL;
	int64_t uid;

	if (file_read(AT_FDCWD, "/etc/passwd", 1 << 20, &content, &ignored) == 0 && content.data)
		for (char *line = strtok_r(content.data, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
			char *fields = NULL;
			const char *name = strtok_r(line, ":", &fields);
			const char *number;

			(void)strtok_r(NULL, ":", &fields); /* the password field */
			number = strtok_r(NULL, ":", &fields);
			if (name && number && number_parse(number, 0, UINT32_MAX, &uid) == 0 && uid == getuid())
				return text_format("%s", name);
		}
	return text_format("%u", getuid());
}

int idmap_for_caller(struct id_map *ret, struct error *e)
{
	autofree char *name = own_name();
	int64_t uid_start, uid_count, gid_start, gid_count;

	(void)e; /* having no subordinate ids is no error */
	*ret = (struct id_map){ 0 };
	find_subordinate("/etc/subuid", name, &uid_start, &uid_count);
	find_subordinate("/etc/subgid", name, &gid_start, &gid_count);
	set_one(ret->uids, &ret->uid_count, 0, getuid(), 1);
	set_one(ret->gids, &ret->gid_count, 0, getgid(), 1);
	if (!uid_count || !gid_count || access("/usr/bin/newuidmap", X_OK) || access("/usr/bin/newgidmap", X_OK))
		return 0;
	set_one(ret->uids, &ret->uid_count, 1, (uint32_t)uid_start, (uint32_t)uid_count);
	set_one(ret->gids, &ret->gid_count, 1, (uint32_t)gid_start, (uint32_t)gid_count);
	ret->can_setgroups = true;
	return 0;
}

static int64_t outside(const struct id_extent *extents, int count, uint32_t id)
{
	for (int i = 0; i < count; i++)
		if (id >= extents[i].inside && id - extents[i].inside < extents[i].count)
			return (int64_t)extents[i].outside + (id - extents[i].inside);
	return -1;
}

int64_t idmap_uid(const struct id_map *map, uid_t uid)
{
	return outside(map->uids, map->uid_count, uid);
}

int64_t idmap_gid(const struct id_map *map, gid_t gid)
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

int idmap_write(pid_t pid, const struct id_map *map, struct error *e)
{
	char path[64];

	if (geteuid() != 0 && map->uid_count > 1) {
		if (run_helper("/usr/bin/newuidmap", pid, map->uids, map->uid_count, e))
			return -1;
		return run_helper("/usr/bin/newgidmap", pid, map->gids, map->gid_count, e);
	}
	if (!map->can_setgroups) {
		(void)snprintf(path, sizeof path, "/proc/%d/setgroups", (int)pid); /* always fits */
		if (file_poke(AT_FDCWD, path, "deny"))
			return error_sys(e, "write %s", path);
	}
	if (write_map(pid, "uid_map", map->uids, map->uid_count, e))
		return -1;
	return write_map(pid, "gid_map", map->gids, map->gid_count, e);
}

int idmap_namespace(const struct id_map *map, struct error *e)
{
	const struct process_clone request = { .flags = CLONE_NEWUSER, .cgroup = -1 };
	struct error ignored = { 0 };
	struct process_end end;
	autoclose int pidfd = -1;
	char path[64];
	int namespace = -1;
	pid_t pid = process_clone(&request, &pidfd, e);

	if (pid < 0)
		return error_in(e, "make a user namespace for id-mapped mounts");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* the parent kills it a moment later anyway */
		for (;;)
			pause();
	}
	if (idmap_write(pid, map, e) == 0) {
		(void)snprintf(path, sizeof path, "/proc/%d/ns/user", (int)pid); /* always fits */
		namespace = open(path, O_RDONLY | O_CLOEXEC);
		if (namespace < 0)
			error_sys(e, "open %s", path);
	}
	(void)process_signal(pidfd, SIGKILL); /* it cannot have ended by itself */
	(void)process_wait(pidfd, &end, &ignored);
	return namespace;
}

static uint32_t hash(const char *name)
{
	uint32_t value = 2166136261u; /* FNV-1a */

	for (; *name; name++)
		value = (value ^ (unsigned char)*name) * 16777619u;
	return value;
}

int idmap_lease(int store, const char *name, uint32_t *ret_base, struct error *e)
{
	uint32_t first = hash(name);

	if (mkdirat(store, "ids", 0700) && errno != EEXIST)
		return error_sys(e, "make the folder ids in the store");
	for (uint32_t i = 0; i < ID_POOL_RANGES - 1; i++) {
		uint32_t index = 1 + (first + i) % (ID_POOL_RANGES - 1);
		autoclose int fd = -1;
		char path[32];

		(void)snprintf(path, sizeof path, "ids/%u", index); /* always fits */
		fd = openat(store, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && errno == EEXIST)
			continue;
		if (fd < 0)
			return error_sys(e, "lease a range of user ids: create %s in the store", path);
		if (write_all(fd, name, strlen(name))) {
			error_sys(e, "lease a range of user ids: write %s in the store", path);
			(void)unlinkat(store, path, 0); /* the first cause is what counts */
			return -1;
		}
		*ret_base = ID_POOL_BASE + index * (uint32_t)ID_RANGE;
		return 0;
	}
	return error_set(e, ERROR_KERNEL, "lease a range of user ids: all %d ranges are in use", ID_POOL_RANGES - 1);
}

/* Removes the lease file at path where name holds it. */
static void return_one(int store, const char *path, const char *name)
{
	autorelease(text) struct text holder = { 0 };
	struct error ignored = { 0 };

	if (file_read(store, path, 4096, &holder, &ignored) || !holder.data || strcmp(holder.data, name) != 0)
		return; /* not there, or another app's */
	(void)unlinkat(store, path, 0); /* a lease that stays is found again by the next sweep */
}

void idmap_return(int store, uint32_t base, const char *name)
{
	autoclosedir DIR *entries = NULL;
	struct dirent *entry;
	char path[300];
	int folder;

	if (base) {
		(void)snprintf(path, sizeof path, "ids/%u", (base - ID_POOL_BASE) / ID_RANGE); /* always fits */
		return_one(store, path, name);
		return;
	}
	folder = openat(store, "ids", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	entries = folder >= 0 ? fdopendir(folder) : NULL;
	while (entries && (entry = readdir(entries))) {
		(void)snprintf(path, sizeof path, "ids/%s", entry->d_name); /* always fits: names are at most 255 bytes */
		if (entry->d_name[0] != '.')
			return_one(store, path, name);
	}
}
