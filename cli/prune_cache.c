/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune_cache.c - what builds keep for the next ones. The files of a cache mount are said in build_mounts.c.
 */
#include "cli/prune_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id_map.h"
#include "base/places.h"
#include "base/text.h"
#include "images/build/build_cache.h"
#include "images/prune.h"
#include "images/store.h"
#include "runtime/child/inside.h"

#define MOUNTS "build/mounts"

/* Whether the name is a file or folder of the mount of that slot. */
static bool is_of(const char *name, const char *slot)
{
	return text_starts(name, slot) && name[strlen(slot)] == '.';
}

static void add_mount(int folder, const char *slot, const struct list *names, struct prune_cached *ret)
{
	struct stat st;

	ret->is_mount = true;
	ret->name = text_format(MOUNTS "/%s", slot);
	if (fstatat(folder, slot, &st, AT_SYMLINK_NOFOLLOW) == 0)
		ret->used_s = st.st_mtim.tv_sec;
	for (size_t i = 0; i < names->count; i++) {
		autoclose int fd = is_of(names->items[i], slot)
					   ? openat(folder, names->items[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
					   : -1;

		ret->bytes += fd >= 0 ? folder_size(fd) : 0;
	}
}

int prune_cache_list(const struct places *places, struct prune_cached **ret, size_t *ret_count, struct error *e)
{
	autoclose int store = store_open(places->store, e), folder = -1;
	autorelease(list) struct list names = { 0 };

	if (store < 0)
		return -1;
	build_cache_list(store, ret, ret_count);
	folder = openat(store, MOUNTS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0 || folder_names(folder, &names))
		return 0; /* no build was made here */
	for (size_t i = 0; i < names.count; i++)
		if (text_starts(names.items[i], "id-") && !strchr(names.items[i], '.'))
			add_mount(folder, names.items[i], &names, alloc_append(ret, ret_count, sizeof **ret));
	return 0;
}

/* Its folders, then its locks; the file with its id goes last, by which the next prune finds what is left. */
static int drop_mount(int store, const char *name, const struct places *places, struct error *e)
{
	autoclose int folder = openat(store, MOUNTS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const char *slot = name + strlen(MOUNTS "/");
	autoclose int lock = folder < 0 ? -1 : openat(folder, slot, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	autorelease(list) struct list names = { 0 };
	struct id_map map = { 0 };

	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB))
		return errno == ENOENT || errno == EWOULDBLOCK ? 1 : error_sys(e, "lock %s", name);
	if (places->rootless)
		id_map_for_caller(&map);
	if (folder_names(folder, &names))
		return error_sys(e, "read the cache mounts of the store");
	for (size_t i = 0; i < names.count; i++)
		if (is_of(names.items[i], slot) && inside_remove(folder, names.items[i], &map, e))
			return error_in(e, "remove the cache mount %s", name);
	return unlinkat(folder, slot, 0) ? error_sys(e, "remove %s", name) : 0;
}

int prune_cache_drop(const struct prune_cached *item, void *data, struct error *e)
{
	const struct places *places = data;
	autoclose int store = store_open(places->store, e);

	if (store < 0)
		return -1;
	if (item->is_mount)
		return drop_mount(store, item->name, places, e);
	return unlinkat(store, item->name, 0) && errno != ENOENT ? error_sys(e, "remove %s", item->name) : 0;
}
