/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idmap.c - id maps, the namespaces that carry them, and the leases of ranges.
 *
 * A lease is a file "ids/INDEX" that holds the app's name, made exclusively: making it is taking it. The
 * search begins where the name hashes to, so that it ends at once in a pool that is mostly free, and so that
 * an app usually gets the same range again.
 */
#include "runtime/state/idmap.h"

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
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

enum { YOUNG_SECONDS = 60 };

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
	if (id_map_write(pid, map, e) == 0) {
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

int idmap_lease(int store, const char *holder, uint32_t *ret_base, struct error *e)
{
	uint32_t first = hash(holder);

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
		if (write_all(fd, holder, strlen(holder))) {
			error_sys(e, "lease a range of user ids: write %s in the store", path);
			(void)unlinkat(store, path, 0); /* the first cause is what counts */
			return -1;
		}
		*ret_base = ID_POOL_BASE + index * (uint32_t)ID_RANGE;
		return 0;
	}
	return error_set(e, ERROR_KERNEL, "lease a range of user ids: all %d ranges are in use", ID_POOL_RANGES - 1);
}

/* Whether the lease file at path is there, and holder's. */
static bool is_holders(int store, const char *path, const char *holder)
{
	autorelease(text) struct text found = { 0 };
	struct error ignored = { 0 };

	return file_read(store, path, 4096, &found, &ignored) == 0 && found.data && strcmp(found.data, holder) == 0;
}

static void write_path(uint32_t base, char ret[static 32])
{
	(void)snprintf(ret, 32, "ids/%u", (base - ID_POOL_BASE) / ID_RANGE); /* always fits */
}

bool idmap_is_leased(int store, uint32_t base, const char *holder)
{
	char path[32];

	if (base < ID_POOL_BASE)
		return false;
	write_path(base, path);
	return is_holders(store, path, holder);
}

int idmap_pass_on(int store, uint32_t base, const char *old, const char *new, struct error *e)
{
	autofree char *end = text_format("/%s", old);
	autorelease(text) struct text found = { 0 };
	autofree char *renamed = NULL;
	char path[32];

	if (base < ID_POOL_BASE)
		return 0;
	write_path(base, path);
	if (file_read(store, path, 4096, &found, e)) {
		if (e->sys != ENOENT)
			return -1;
		error_clear(e);
		return 0; /* it gets others */
	}
	if (!found.data || !text_ends(found.data, end))
		return 0;
	renamed = text_format("%.*s/%s", (int)(found.length - strlen(end)), found.data, new);
	return file_replace(store, path, renamed, strlen(renamed), 0600, e);
}

/* Removes the lease file at path where holder has it. */
static void return_one(int store, const char *path, const char *holder)
{
	if (is_holders(store, path, holder))
		(void)unlinkat(store, path, 0); /* a lease that stays is found again by the next sweep */
}

/* A lease whose holder is gone, or that was never written to the end. */
static bool is_orphan(int store, const char *path)
{
	autorelease(text) struct text holder = { 0 };
	struct error ignored = { 0 };
	struct stat st;

	if (file_read(store, path, 4096, &holder, &ignored))
		return false;
	/* Nor one that is being passed on: it has its name at the end. */
	if (!holder.length || strstr(path, ".tmp-"))
		return fstatat(store, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && time(NULL) - st.st_mtime > YOUNG_SECONDS;
	return lstat(holder.data, &st) && errno == ENOENT;
}

/* The leases that holder has, or, with NULL, those without one. */
static int return_all(int store, const char *holder, struct error *e)
{
	int folder = openat(store, "ids", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclosedir DIR *entries = folder >= 0 ? fdopendir(folder) : NULL;
	struct dirent *entry;
	char path[300];

	if (!entries)
		return errno == ENOENT ? 0 : error_sys(e, "read the folder ids in the store");
	while ((entry = readdir(entries))) {
		(void)snprintf(path, sizeof path, "ids/%s", entry->d_name); /* always fits: names are at most 255 bytes */
		if (entry->d_name[0] == '.')
			continue;
		if (holder)
			return_one(store, path, holder);
		else if (is_orphan(store, path))
			(void)unlinkat(store, path, 0); /* found again by the next sweep */
	}
	return 0;
}

void idmap_return(int store, uint32_t base, const char *holder)
{
	struct error ignored = { 0 };
	char path[32];

	if (base) {
		write_path(base, path);
		return_one(store, path, holder);
		return;
	}
	(void)return_all(store, holder, &ignored); /* found again by the next sweep */
}

int idmap_sweep(int store, struct error *e)
{
	return return_all(store, NULL, e);
}
