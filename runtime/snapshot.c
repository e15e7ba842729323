/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot.c - a copy of a volume as a new one.
 *
 *     STORE/volumes/.copy-PID-NAME/{lock,_data}   while it is made: no volume can be called so, and its lock is held
 *     STORE/volumes/NAME                          when all is on the disk
 *
 * The copy is made by the root of the volume's ids, as all work on volumes is (volumes.c). Apps that have the volume are paused; who lets
 * them go on is a process of its own, which sleeps on a pipe of which this one has the other end: however this one ends, they do. What a
 * kill left is removed by the next snapshot, which finds its lock free.
 */
#include "runtime/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id_map.h"
#include "base/log.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/box.h"
#include "runtime/child/afterwards.h"
#include "runtime/child/inside.h"
#include "runtime/storage/app_volumes.h"
#include "runtime/storage/copy_whole.h"
#include "runtime/storage/volumes.h"

#define MADE ".copy-"

enum { FROM = 3, TO = 4 };

struct making {
	const struct places *places;
	struct list paused; /* names of apps */
	struct afterwards thawer; /* none: nobody is paused */
	int top, folder, lock, from, to;
	char *temporary;
};

static int work(void *data, struct error *e)
{
	(void)data;
	if (copy_whole(FROM, TO, e))
		return -1;
	return syncfs(TO) ? error_sys(e, "bring it to the disk") : 0;
}

static int remove_temporary(int top, const char *name, struct error *e)
{
	struct id_map map = { 0 };

	volume_find_map(&map);
	return inside_remove(top, name, &map, e);
}

/* Of commands that were killed: who is at work holds the lock. */
static void sweep(int top)
{
	autoclosedir DIR *entries = folder_open(top, ".", 0);
	struct dirent *entry;

	while (entries && (entry = readdir(entries))) {
		autofree char *path = text_format("%s/lock", entry->d_name);
		autoclose int lock = text_starts(entry->d_name, MADE)
					     ? openat(top, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)
					     : -1;
		struct error ignored = { 0 };

		if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0)
			(void)remove_temporary(top, entry->d_name,
					       &ignored); /* it does not keep this one from being made */
	}
}

static void let_go_on(int pipe, const void *data)
{
	const struct making *m = data;
	struct error ignored = { 0 };
	char byte;

	while (read(pipe, &byte, 1) < 0 && errno == EINTR)
		;
	for (size_t i = 0; i < m->paused.count; i++)
		(void)box_pause(m->places, m->paused.items[i], /* paused= */ false, &ignored); /* it may have ended */
}

static int pause_owners(struct making *m, const char *name, struct error *e)
{
	autorelease(list) struct list owners = { 0 };

	apps_with_volume(m->places, name, &owners);
	for (size_t i = 0; i < owners.count; i++)
		if (box_lives(m->places, owners.items[i]) && !box_is_paused(m->places, owners.items[i]))
			list_add(&m->paused, owners.items[i]);
	if (!owners.count && volume_is_locked(m->places, name)) {
		error_set(e, ERROR_EXISTS,
			  "copy volume %s: an app in the foreground uses it, and could change it meanwhile", name);
		return error_hint(e, "stop it first, or take it as it is: --live");
	}
	if (!m->paused.count)
		return 0;
	/* Who lets them go on is there before the first of them is paused. */
	if (afterwards_start("box:[thaw]", let_go_on, m, &m->thawer, e))
		return -1;
	for (size_t i = 0; i < m->paused.count; i++) {
		const char *app = m->paused.items[i];

		if (box_pause(m->places, app, /* paused= */ true, e) == 0 && !box_is_paused(m->places, app))
			error_set(e, ERROR_UNSUPPORTED, "pause %s: it has no cgroup here in which it could be", app);
		if (e->kind != ERROR_NONE) {
			error_in(e, "copy volume %s", name);
			return error_hint(e, "box stop %s first, or take it as it is: --live", app);
		}
	}
	return 0;
}

static int make_temporary(struct making *m, const char *copy, struct error *e)
{
	m->temporary = text_format(MADE "%d-%s", (int)getpid(), copy);
	if (mkdirat(m->top, m->temporary, 0700))
		return error_sys(e, "make the folder of volume %s", copy);
	m->folder = openat(m->top, m->temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (m->folder < 0)
		return error_sys(e, "open the folder of volume %s", copy);
	m->lock = file_lock(m->folder, "lock", /* wait= */ false, e);
	if (m->lock < 0)
		return -1;
	if (mkdirat(m->folder, "_data", 0755))
		return error_sys(e, "make the folder of volume %s", copy);
	m->to = openat(m->folder, "_data", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return m->to < 0 ? error_sys(e, "open the folder of volume %s", copy) : 0;
}

static int fill(struct making *m, const char *name, struct error *e)
{
	int *const kept[] = { &m->from, &m->to };
	struct id_map map = { 0 };
	const struct inside inside = {
		.map = &map, .first = -1, .confine = -1, .kept = kept, .kept_count = 2, .work = work
	};

	volume_find_map(&map);
	return inside_run(&inside, e) ? error_in(e, "copy volume %s", name) : 0;
}

static int commit(struct making *m, const char *copy, struct error *e)
{
	if (renameat2(m->top, m->temporary, m->top, copy, RENAME_NOREPLACE))
		return errno == EEXIST ? error_set(e, ERROR_EXISTS, "make volume %s: there is one of this name", copy)
				       : error_sys(e, "give volume %s its name", copy);
	free(take_ptr(&m->temporary));
	return fsync(m->top) ? error_sys(e, "bring volume %s to the disk", copy) : 0;
}

static void release(struct making *m)
{
	int *const fds[] = { &m->lock, &m->folder, &m->from, &m->to };
	struct error ignored = { 0 };

	if (m->temporary)
		(void)remove_temporary(m->top, m->temporary, &ignored); /* the first cause is what counts */
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (*fds[i] >= 0)
			close(take_fd(fds[i]));
	(void)afterwards_end(&m->thawer, &ignored); /* they do go on, whatever it says */
	if (m->top >= 0)
		close(take_fd(&m->top));
	list_release(&m->paused);
	free(m->temporary);
}

int volume_snapshot(const struct places *places, const char *name, const char *copy, bool is_live, struct error *e)
{
	struct making m = {
		.places = places, .thawer = AFTERWARDS_NONE, .folder = -1, .lock = -1, .to = -1, .top = -1, .from = -1
	};
	struct stat st;
	int result = volume_content(places, name, &m.top, &m.from, e) || volume_check_name(copy, e) ? -1 : 0;

	if (result == 0)
		sweep(m.top);
	/* Told before anything is paused; that it is still so is seen when it gets its name. */
	if (result == 0 && fstatat(m.top, copy, &st, AT_SYMLINK_NOFOLLOW) == 0)
		result = error_set(e, ERROR_EXISTS, "make volume %s: there is one of this name", copy);
	if (result == 0 && !is_live)
		result = pause_owners(&m, name, e);
	if (result == 0)
		result = make_temporary(&m, copy, e) || fill(&m, name, e) || commit(&m, copy, e) ? -1 : 0;
	release(&m);
	return result;
}
