/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shared_mounts.c - cache mounts in a folder that several machines share: FOLDER/mount-ID.tar, an ID's other bytes as %XX.
 *
 * What is in a cache mount, and in such a tar, is anybody's: both are read and written by a process with the power over files alone, below
 * the mount's folder (base/beneath.h). A mount that this store has already stays as it is.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id_map.h"
#include "base/log.h"
#include "base/places.h"
#include "cli/build/shared.h"
#include "cli/build/work.h"
#include "cli/commands.h"
#include "cli/output_file.h"
#include "images/build/selection.h"
#include "images/build/selection_pack.h"
#include "images/store.h"
#include "images/tar_apply.h"
#include "runtime/child/inside.h"
#include "specs/build_plan.h"

#define MOUNTS "build/mounts"
#define START  "mount-"
#define END    ".tar"
#define ALL    "all"
enum { ID_LIMIT = 4096 };

struct moving {
	int folder, tar;
	const char *id;
};

static int pack(void *data, struct error *e)
{
	const struct moving *moving = data;
	char everything[] = "/";
	struct build_source source = { .kind = BUILD_SOURCE_PATH, .path = everything };
	const struct build_step step = { .sources = &source, .source_count = 1 };
	const struct selection_wish wish = { .root = moving->folder, .what = moving->id, .step = &step };
	const struct pack_wish how = { .root = moving->folder, .out = moving->tar, .is_image = true };
	struct selection selection = { 0 };
	int result = selection_add(&wish, &selection, e) || selection_pack(&selection, &how, e) ? -1 : 0;

	selection_release(&selection);
	return result;
}

static int unpack(void *data, struct error *e)
{
	const struct moving *moving = data;
	const struct tar_apply wish = { .input = moving->tar, .keeps_owners = true, .keeps_special_modes = true, .sets_root = true };

	return tar_apply(&wish, moving->folder, "", e);
}

/* The host's root sees ids as they are; an ordinary user's subordinate ones need a namespace. */
static int move(const struct build_work *work, struct moving *moving, int (*how)(void *, struct error *), struct error *e)
{
	struct id_map map;
	int *const kept[] = { &moving->folder, &moving->tar };
	const struct inside inside = { .map = &map, .first = -1, .confine = -1, .kept = kept, .kept_count = 2, .work = how, .data = moving };

	id_map_for_files(work->call->places->rootless, &map);
	return inside_run(&inside, e);
}

static char *file_name(const char *id, struct error *e)
{
	struct text name = { 0 };

	text_add(&name, START);
	for (const char *at = id; *at; at++)
		if ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') || strchr("-_", *at))
			text_add_char(&name, *at);
		else
			text_addf(&name, "%%%02X", (unsigned char)*at);
	text_add(&name, END);
	if (name.length <= NAME_MAX)
		return text_take(&name);
	text_release(&name);
	(void)error_set(e, ERROR_UNSUPPORTED, "the cache mount %.100s…: its id is too long for the name of a file", id);
	return NULL;
}

/* What file_name made; NULL: the file is something else. */
static char *id_of(const char *name)
{
	struct text id = { 0 };
	const char *end = text_starts(name, START) && text_ends(name, END) ? name + strlen(name) - strlen(END) : NULL;

	for (const char *at = name + strlen(START); end && at < end; at++) {
		const char digits[3] = { at[0] == '%' ? at[1] : '\0', at[0] == '%' && at[1] ? at[2] : '\0', '\0' };

		if (*at != '%')
			text_add_char(&id, *at);
		else if (strspn(digits, "0123456789ABCDEF") == 2 && strcmp(digits, "00") != 0 && (at += 2) < end)
			text_add_char(&id, (char)strtol(digits, NULL, 16));
		else
			end = NULL;
	}
	if (end && id.length)
		return text_take(&id);
	text_release(&id);
	return NULL;
}

/* Ids of the mounts that the store has. */
static int list_own(const struct build_work *work, struct list *ret, struct error *e)
{
	int fd = openat(work->store, MOUNTS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclosedir DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!entries)
		return errno == ENOENT ? 0 : error_sys(e, "read the cache mounts of the store");
	while ((entry = readdir(entries))) {
		autorelease(text) struct text id = { 0 };
		struct error ignored = { 0 };

		/* "id-HASH-N" holds the id; its folder and its locks have a dot in their names. */
		if (text_starts(entry->d_name, "id-") && !strchr(entry->d_name, '.') &&
		    file_read(fd, entry->d_name, ID_LIMIT, &id, &ignored) == 0 && id.length)
			list_add(ret, id.data);
	}
	list_sort(ret);
	return 0;
}

static int list_shared(const char *folder, struct list *ret, struct error *e)
{
	autoclosedir DIR *entries = opendir(folder);
	struct dirent *entry;

	if (!entries)
		return errno == ENOENT ? 0 : error_sys(e, "read the folder %s", folder);
	while ((entry = readdir(entries))) {
		autofree char *id = id_of(entry->d_name);

		if (id)
			list_add(ret, id);
	}
	list_sort(ret);
	return 0;
}

/* The mount's folder under its lock; *ret_folder -1: there is none. */
static int open_mount(const struct build_work *work, const char *id, int how, bool makes, int *ret_folder, struct error *e)
{
	autofree char *slot = NULL;
	autofree char *path = NULL;
	autoclose int lock = -1;

	*ret_folder = -1;
	slot = store_slot(work->store, MOUNTS, "id-", id, e);
	lock = slot ? openat(work->store, slot, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600) : -1;
	if (!slot)
		return -1;
	if (lock < 0 || flock(lock, how))
		return error_sys(e, "lock the cache mount %s", id);
	path = text_format("%s.0", slot);
	if (makes && mkdirat(work->store, path, 0700))
		return errno == EEXIST ? take_fd(&lock) : error_sys(e, "make the cache mount %s", id);
	*ret_folder = openat(work->store, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *ret_folder >= 0 || (!makes && errno == ENOENT) ? take_fd(&lock) : error_sys(e, "open the cache mount %s", id);
}

static int read_one(const struct build_work *work, const char *folder, const char *id, struct error *e)
{
	autofree char *name = file_name(id, e);
	autofree char *path = name ? text_format("%s/%s", folder, name) : NULL;
	autoclose int tar = path ? open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1, lock = -1, mount = -1;
	struct moving moving = { .id = id };
	struct stat st;

	if (!name)
		return -1;
	if (tar < 0 || fstat(tar, &st))
		return error_sys(e, "open %s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(e, ERROR_IMAGE, "open %s: it is no regular file", path);
	lock = open_mount(work, id, LOCK_EX, /* makes= */ true, &mount, e);
	if (lock < 0)
		return -1;
	moving.folder = mount;
	moving.tar = tar;
	return mount < 0 ? 0 : move(work, &moving, unpack, e);
}

int build_shared_read_mounts(struct build_work *work, const struct shared_cache *shared, struct error *e)
{
	autorelease(list) struct list ids = { 0 };

	if (!list_has(&shared->mounts, ALL))
		list_copy(&ids, &shared->mounts);
	else if (list_shared(shared->place, &ids, e))
		return -1;
	for (size_t i = 0; i < ids.count; i++) {
		struct error failed = { 0 };

		if (read_one(work, shared->place, ids.items[i], &failed))
			log_warning("--cache-from %s: the cache mount %s: %s, continuing without it", shared->place, ids.items[i], failed.text);
	}
	return 0;
}

static int write_one(const struct build_work *work, const char *folder, const char *id, struct error *e)
{
	autorelease(output_file) struct output_file file = { .fd = -1 };
	autofree char *name = file_name(id, e);
	autofree char *path = name ? text_format("%s/%s", folder, name) : NULL;
	autoclose int lock = -1, mount = -1;
	struct moving moving = { .id = id };

	if (!name)
		return -1;
	/* Who writes to it now would be in the way of a whole copy. */
	lock = open_mount(work, id, LOCK_EX, /* makes= */ false, &mount, e);
	if (lock < 0)
		return -1;
	if (mount < 0)
		return error_set(e, ERROR_MISSING, "no step of this store's builds had a cache mount of the id %s", id);
	if (output_file_open(path, &file, e))
		return -1;
	moving.folder = mount;
	moving.tar = file.fd;
	return move(work, &moving, pack, e) || output_file_commit(&file, e) ? -1 : 0;
}

int build_shared_write_mounts(struct build_work *work, const struct shared_cache *shared, struct error *e)
{
	autorelease(list) struct list ids = { 0 };

	if (!list_has(&shared->mounts, ALL))
		list_copy(&ids, &shared->mounts);
	else if (list_own(work, &ids, e))
		return -1;
	for (size_t i = 0; i < ids.count; i++)
		if (write_one(work, shared->place, ids.items[i], e))
			return -1;
	return 0;
}
