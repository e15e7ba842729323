/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writable.c - the writable layer of one container.
 *
 * Its root folder becomes the root folder of the container, hence mode 0755 and the container's root as
 * owner. The folder around it is 0700, so that no other user of the host reaches a setuid file in it.
 */
#include "runtime/storage/writable.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/child/inside.h"
#include "runtime/state/idmap.h"
#include "runtime/storage/disk_quota.h"

enum { YOUNG_SECONDS = 60, PROJECTS_TRIED = 64 };

static int give(int folder, const char *name, const struct id_map *map, struct error *e)
{
	if (geteuid() == 0 && fchownat(folder, name, map->uids[0].outside, map->gids[0].outside, AT_SYMLINK_NOFOLLOW))
		return error_sys(e, "give folder %s to user %u", name, map->uids[0].outside);
	return 0;
}

static int make_owned(int folder, const char *name, mode_t mode, const struct id_map *map, struct error *e)
{
	if (mkdirat(folder, name, mode))
		return error_sys(e, "make folder %s", name);
	return give(folder, name, map, e);
}

static int open_containers(const char *store, struct error *e)
{
	autofree char *path = text_format("%s/containers", store);

	return folder_make_private(path, e);
}

int writable_fill(int folder, const struct id_map *map, struct error *e)
{
	return make_owned(folder, "upper", 0755, map, e) || make_owned(folder, "work", 0700, map, e) ? -1 : 0;
}

/* The two folders in the new folder name. */
static int fill(int containers, const char *name, const struct id_map *map, struct error *e)
{
	autoclose int folder = openat(containers, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (folder < 0)
		return error_sys(e, "open %s", name);
	return writable_fill(folder, map, e) ? -1 : take_fd(&folder);
}

/* What was made of the folder name, all of it empty, goes again: a caller without a writable layer has nothing to remove. */
static void unmake(int containers, const char *name)
{
	static const char *const inner[] = { "/upper", "/work", "" };

	for (size_t i = 0; i < sizeof inner / sizeof inner[0]; i++) {
		autofree char *path = text_format("%s%s", name, inner[i]);

		(void)unlinkat(containers, path, AT_REMOVEDIR); /* the first cause is what counts; no descriptor is needed for this */
	}
}

int writable_make(const char *store, const char *name, const struct id_map *map, struct error *e)
{
	autoclose int containers = open_containers(store, e);
	int folder;

	if (containers < 0)
		return error_in(e, "make the writable layer");
	if (mkdirat(containers, name, 0700)) {
		error_sys(e, "make folder %s", name); /* also where it exists: it is another container's */
		return error_in(e, "make the writable layer");
	}
	folder = give(containers, name, map, e) ? -1 : fill(containers, name, map, e);
	if (folder >= 0)
		return folder;
	unmake(containers, name);
	return error_in(e, "make the writable layer");
}

/* A crash may have come between any two steps of making it: what is missing is made. */
static int complete(int folder, const char *holder, const struct id_map *map, struct error *e)
{
	char found[PATH_MAX];
	ssize_t length = readlinkat(folder, WRITABLE_HOLDER, found, sizeof found - 1);

	if (length < 0 && errno == ENOENT && symlinkat(holder, folder, WRITABLE_HOLDER))
		return error_sys(e, "note the holder of the writable layer");
	found[length > 0 ? length : 0] = '\0';
	if (length > 0 && strcmp(found, holder) != 0)
		return error_set(e, ERROR_EXISTS, "open the writable layer: it belongs to %s", found);
	if (faccessat(folder, "upper", F_OK, AT_SYMLINK_NOFOLLOW) && make_owned(folder, "upper", 0755, map, e))
		return -1;
	return faccessat(folder, "work", F_OK, AT_SYMLINK_NOFOLLOW) ? make_owned(folder, "work", 0700, map, e) : 0;
}

int writable_open(const char *store, const char *name, const char *holder, const struct id_map *map, struct error *e)
{
	autofree char *path = text_format("%s/containers/%s", store, name);
	autoclose int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (folder < 0)
		return errno == ENOENT ? -1 : error_sys(e, "open the writable layer %s", path);
	return give(AT_FDCWD, path, map, e) || complete(folder, holder, map, e) ? -1 : take_fd(&folder);
}

/* In the folder of the layer. */
static int rename_holder(int folder, const char *old, const char *new, struct error *e)
{
	static const char temporary[] = WRITABLE_HOLDER ".new";
	autofree char *end = text_format("/%s", old);
	autofree char *renamed = NULL;
	char found[PATH_MAX];
	ssize_t length = readlinkat(folder, WRITABLE_HOLDER, found, sizeof found - 1);

	if (length < 0)
		return errno == ENOENT ? 0 : error_sys(e, "read the holder of the writable layer of %s", old); /* noted at its next start */
	found[length] = '\0';
	if (!text_ends(found, end))
		return 0;
	renamed = text_format("%.*s/%s", (int)(length - (ssize_t)strlen(end)), found, new);
	if ((unlinkat(folder, temporary, 0) && errno != ENOENT) || symlinkat(renamed, folder, temporary) ||
	    renameat(folder, temporary, folder, WRITABLE_HOLDER))
		return error_sys(e, "note the holder of the writable layer of %s", new);
	return 0;
}

int writable_rename(int store, const char *old, const char *new, struct error *e)
{
	autoclose int containers = openat(store, "containers", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclose int folder = -1;

	if (containers < 0)
		return errno == ENOENT ? 0 : error_sys(e, "open the folder containers of the store");
	if (renameat2(containers, old, containers, new, RENAME_NOREPLACE) && errno != ENOENT)
		return error_sys(e, "rename the writable layer of %s to %s", old, new);
	folder = openat(containers, new, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		return errno == ENOENT ? 0 : error_sys(e, "open the writable layer of %s", new);
	if (rename_holder(folder, old, new, e))
		return -1;
	return fsync(containers) ? error_sys(e, "keep the folder containers of the store") : 0;
}

int writable_open_upper(int folder)
{
	return openat(folder, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int writable_limit(int folder, uint32_t base, int64_t bytes, struct error *e)
{
	autoclose int upper = writable_open_upper(folder);
	autoclose int work = openat(folder, "work", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const int folders[] = { upper, work };

	if (upper < 0 || work < 0)
		return error_sys(e, "open the writable layer");
	/* overlayfs makes files in work and moves them to upper, which only works within one project. */
	return disk_quota_begin(folders, 2, base, PROJECTS_TRIED, bytes, e) ? error_in(e, "limit the writable layer") : 0;
}

int writable_check_limit(int folder, struct error *e)
{
	return disk_quota_probe(folder, e) ? error_in(e, "limit the writable layer") : 0;
}

static int open_upper(int containers, const char *name)
{
	autofree char *path = text_format("%s/upper", name);

	return openat(containers, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

void writable_usage(const char *store, const char *name, int64_t *ret_used, int64_t *ret_limit)
{
	autofree char *path = text_format("%s/containers", store);
	autoclose int containers = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclose int upper = containers < 0 ? -1 : open_upper(containers, name);

	*ret_used = *ret_limit = 0;
	if (upper >= 0)
		disk_quota_read(upper, ret_used, ret_limit);
}

int writable_remove(const char *store, const char *name, const struct id_map *map, struct error *e)
{
	autofree char *path = text_format("%s/containers", store);
	autoclose int containers = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	autoclose int upper = containers < 0 ? -1 : open_upper(containers, name);
	uint32_t project = upper < 0 ? 0 : disk_quota_project(upper);

	if (containers < 0)
		return errno == ENOENT ? 0 : error_sys(e, "open %s", path);
	if (upper >= 0)
		close(take_fd(&upper));
	if (inside_remove(containers, name, map, e))
		return error_in(e, "remove the writable layer of %s", name);
	disk_quota_end(containers, project);
	return 0;
}

/* Whether the state folder that a layer belongs to is gone; one without a note is being made, or was never finished. */
static bool is_orphan(int containers, const char *name)
{
	autofree char *link = text_format("%s/" WRITABLE_HOLDER, name);
	char holder[PATH_MAX];
	ssize_t length = readlinkat(containers, link, holder, sizeof holder - 1);
	struct stat st;

	if (length <= 0)
		return fstatat(containers, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && time(NULL) - st.st_ctime > YOUNG_SECONDS;
	holder[length] = '\0';
	return lstat(holder, &st) && errno == ENOENT;
}

int writable_sweep(const char *store, const struct id_map *map, struct error *e)
{
	autofree char *path = text_format("%s/containers", store);
	int containers = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclosedir DIR *entries = containers >= 0 ? fdopendir(containers) : NULL;
	struct dirent *entry;
	int result = 0;

	if (!entries)
		return errno == ENOENT ? 0 : error_sys(e, "read the folder %s", path);
	while ((entry = readdir(entries))) {
		struct error later = { 0 };

		if (entry->d_name[0] == '.' || !is_orphan(containers, entry->d_name))
			continue;
		if (writable_remove(store, entry->d_name, map, &later) && result == 0) {
			result = -1;
			*e = later;
		}
	}
	return result;
}
