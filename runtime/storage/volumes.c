/* SPDX-License-Identifier: Apache-2.0 */
/*
 * volumes.c - named volumes.
 */
#include "runtime/storage/volumes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id_map.h"
#include "base/json_text.h"
#include "base/names.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/child/inside.h"
#include "runtime/child/oci_state.h"
#include "runtime/child/sources.h"
#include "runtime/child/volume_lock.h"
#include "runtime/state/state.h"
#include "runtime/storage/app_volumes.h"
#include "specs/container.h"

#define REMOVED ".removed-" /* no volume can be called so */

/* The folder of all volumes; -1 with e->sys ENOENT where there is none yet. */
static int open_top(const struct places *places, struct error *e)
{
	autoclose int store = folder_open_private(places->store, e);
	int top = store < 0 ? -1 : openat(store, "volumes", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return store >= 0 && top < 0 ? error_sys(e, "open the folder %s/volumes", places->store) : top;
}

int volume_check_name(const char *name, struct error *e)
{
	if (!name_is_plain(name))
		return error_set(e, ERROR_USAGE, "use the volume name \"%.140s\": expected a letter or digit, then up to 127 letters, "
				 "digits, \"_\", \".\" or \"-\"", name);
	return 0;
}

static int missing(const char *name, struct error *e)
{
	error_clear(e);
	error_set(e, ERROR_MISSING, "find volume %s: there is none of this name", name);
	return error_hint(e, "box volume ls lists what there is");
}

/* The folder of one volume; *ret_top, the folder of all, may be NULL. */
static int open_volume(const struct places *places, const char *name, int *ret_top, struct error *e)
{
	autoclose int top = volume_check_name(name, e) ? -1 : open_top(places, e);
	int folder;

	if (top < 0)
		return e->sys == ENOENT ? missing(name, e) : -1;
	folder = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		return errno == ENOENT || errno == ENOTDIR ? missing(name, e) : error_sys(e, "open volume %s", name);
	if (ret_top)
		*ret_top = take_fd(&top);
	return folder;
}

bool volume_is_locked(const struct places *places, const char *name)
{
	struct error ignored = { 0 };
	autoclose int folder = open_volume(places, name, NULL, &ignored);
	autoclose int held = folder < 0 ? -1 : volume_lock(folder, /* is_writer= */ true);

	return folder >= 0 && held < 0 && errno == EWOULDBLOCK;
}

int volume_content(const struct places *places, const char *name, int *ret_top, int *ret_content, struct error *e)
{
	autoclose int top = -1;
	autoclose int folder = open_volume(places, name, &top, e);

	if (folder < 0)
		return -1;
	*ret_content = openat(folder, "_data", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*ret_content < 0)
		return error_sys(e, "open the content of volume %s", name);
	*ret_top = take_fd(&top);
	return 0;
}

static void describe(const struct places *places, const char *name, int folder, struct volume *ret)
{
	autoclose int held = volume_lock(folder, /* is_writer= */ true);
	bool is_locked = held < 0 && errno == EWOULDBLOCK;
	autorelease(list) struct list owners = { 0 };
	struct statx st;

	apps_with_volume(places, name, &owners);
	*ret = (struct volume){ .name = alloc_copy(name), .path = text_format("%s/volumes/%s/_data", places->store, name),
				.is_used = is_locked || owners.count };
	if (statx(folder, "", AT_EMPTY_PATH, STATX_BTIME, &st) == 0 && (st.stx_mask & STATX_BTIME))
		ret->created = st.stx_btime.tv_sec;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct volume *)a)->name, ((const struct volume *)b)->name);
}

int volumes_list(const struct places *places, struct volume **ret, size_t *ret_count, struct error *e)
{
	int top = open_top(places, e);
	autoclosedir DIR *entries = top < 0 ? NULL : fdopendir(top);
	struct volume *volumes = NULL;
	struct dirent *entry;
	size_t count = 0;

	if (!entries && e->sys != ENOENT)
		return -1;
	error_clear(e); /* no folder: no volumes */
	while (entries && (entry = readdir(entries))) {
		autoclose int folder = name_is_plain(entry->d_name)
					       ? openat(dirfd(entries), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;

		if (folder >= 0)
			describe(places, entry->d_name, folder, alloc_append(&volumes, &count, sizeof *volumes));
	}
	if (count)
		qsort(volumes, count, sizeof *volumes, by_name);
	*ret = volumes;
	*ret_count = count;
	return 0;
}

void volumes_free(struct volume *volumes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(volumes[i].name);
		free(volumes[i].path);
	}
	free(volumes);
}

int volume_create(const struct places *places, const char *name, struct error *e)
{
	autofree char *path = text_format("%s/volumes", places->store);
	/* As a reader: one that an app writes exists. */
	const struct mount_entry entry = { .source = (char *)name, .is_shared = true };
	int held;

	if (volume_check_name(name, e))
		return -1;
	held = volume_open(path, &entry, e);
	if (held >= 0)
		close(held);
	else if (e->kind == ERROR_EXISTS)
		error_clear(e);
	return e->kind == ERROR_NONE ? 0 : -1;
}

/* An ordinary user's subordinate ids own some of it: that is removed from inside a user namespace. */
static int remove_all(int top, const char *name, struct error *e)
{
	struct id_map map = { 0 };

	if (geteuid() != 0)
		id_map_for_caller(&map);
	return inside_remove(top, name, &map, e);
}

/* Its lock is held. act: "remove". */
static int refuse_used(const struct places *places, const char *act, const char *name, struct error *e)
{
	autorelease(list) struct list owners = { 0 };

	apps_with_volume(places, name, &owners);
	for (size_t i = 0; i < owners.count; i++)
		if (state_exists(places, owners.items[i])) {
			error_set(e, ERROR_EXISTS, "%s volume %s: the app %s uses it, which runs", act, name, owners.items[i]);
			return error_hint(e, "box stop %s", owners.items[i]);
		}
	error_set(e, ERROR_EXISTS, "%s volume %s: a running app uses it", act, name);
	return error_hint(e, "stop that app first: box ps lists what runs");
}

int volume_remove(const struct places *places, const char *name, struct error *e)
{
	autofree char *removed = text_format(REMOVED "%d-%s", (int)getpid(), name);
	autoclose int top = -1;
	autoclose int folder = open_volume(places, name, &top, e);
	autoclose int held = folder < 0 ? -1 : volume_lock(folder, /* is_writer= */ true);
	autorelease(list) struct list owners = { 0 };

	if (folder < 0)
		return -1;
	if (held < 0 && errno != EWOULDBLOCK)
		return error_sys(e, "lock volume %s", name);
	if (held < 0)
		return refuse_used(places, "remove", name, e);
	apps_with_volume(places, name, &owners);
	if (owners.count) {
		error_set(e, ERROR_EXISTS, "remove volume %s: the app %s in the background has it", name, owners.items[0]);
		return error_hint(e, "box rm %s", owners.items[0]);
	}
	if (renameat(top, name, top, removed))
		return error_sys(e, "remove volume %s", name);
	return remove_all(top, removed, e) ? error_in(e, "remove volume %s", name) : 0;
}

int volume_inspect(const struct places *places, const char *name, struct text *ret, struct error *e)
{
	autoclose int folder = open_volume(places, name, NULL, e);
	autofree char *created = NULL;
	struct volume volume;

	if (folder < 0)
		return -1;
	describe(places, name, folder, &volume);
	created = volume.created ? oci_state_time(volume.created, 0) : NULL;
	text_add_char(ret, '{');
	json_add_member(ret, "name", volume.name);
	json_add_member(ret, "mountpoint", volume.path);
	json_add_member(ret, "created", created);
	json_add_key(ret, "in_use");
	text_add(ret, volume.is_used ? "true}" : "false}");
	free(volume.name);
	free(volume.path);
	return 0;
}

/* In the volume: fd 3 gets the sum. */
static int measure(void *data, struct error *e)
{
	autoclose int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int64_t sum;

	(void)data;
	if (root < 0)
		return error_sys(e, "open the content of the volume");
	sum = folder_size(root);
	return write_all(VOLUME_FD, &sum, sizeof sum) ? error_sys(e, "tell the size of the volume") : 0;
}

int volume_size(const struct places *places, const char *name, int64_t *ret, struct error *e)
{
	int ends[2], result;
	int64_t sum = 0;

	if (pipe2(ends, O_CLOEXEC))
		return error_sys(e, "make a pipe");
	result = volume_work(places, name, /* is_writer= */ false, ends[1], measure, NULL, e);
	close(ends[1]);
	if (result == 0 && read(ends[0], &sum, sizeof sum) != sizeof sum)
		result = error_set(e, ERROR_INTERNAL, "measure volume %s: no answer", name);
	close(ends[0]);
	if (result == 0)
		*ret = sum;
	return result;
}

/* The ids in a volume are what they are on disk, for root; an ordinary user's are those of its containers. */
void volume_find_map(struct id_map *ret)
{
	const struct id_extent all = { 0, 0, ID_RANGE };

	if (geteuid() == 0)
		*ret = (struct id_map){ .uids = { all }, .gids = { all }, .uid_count = 1, .gid_count = 1, .can_setgroups = true };
	else
		id_map_for_caller(ret);
}

int volume_work(const struct places *places, const char *name, bool is_writer, int fd, int (*work)(void *data, struct error *e), void *data,
		struct error *e)
{
	autoclose int folder = open_volume(places, name, NULL, e);
	autoclose int content = folder < 0 ? -1 : openat(folder, "_data", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclose int held = -1;
	int *const kept[] = { &fd };
	struct id_map map = { 0 };
	const struct inside inside = { .map = &map, .first = -1, .confine = content, .kept = kept, .kept_count = 1, .work = work, .data = data };

	if (folder < 0)
		return -1;
	if (content < 0)
		return error_sys(e, "open the content of volume %s", name);
	if (is_writer)
		held = volume_lock(folder, /* is_writer= */ true);
	if (is_writer && held < 0)
		return errno != EWOULDBLOCK ? error_sys(e, "lock volume %s", name) : refuse_used(places, "write to", name, e);
	volume_find_map(&map);
	return inside_run(&inside, e) ? error_in(e, "volume %s", name) : 0;
}
