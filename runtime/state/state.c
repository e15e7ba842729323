/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.c - the record of a running container on disk.
 *
 * A folder is made under a name that no container can have, locked, and only then renamed to its real name:
 * whoever finds a folder with a free lock knows that its owner is gone.
 */
#include "runtime/state/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/process.h"
#include "specs/container.h"
#include "specs/field.h"

static const struct field record_fields[] = {
	{ "name", FIELD_TEXT, offsetof(struct record, name), .flags = FIELD_REQUIRED, .help = "the container" },
	{ "image", FIELD_TEXT, offsetof(struct record, image), .help = "what it was made from" },
	{ "args", FIELD_TEXT_LIST, offsetof(struct record, args), .help = "the app's program and arguments" },
	{ "pid", FIELD_INTEGER, offsetof(struct record, pid), .max = INT32_MAX, .help = "first process, on the host" },
	{ "start_time", FIELD_INTEGER, offsetof(struct record, start_time), .max = INT64_MAX, .help = "clock ticks since boot" },
	{ "created", FIELD_INTEGER, offsetof(struct record, created), .max = INT64_MAX, .help = "seconds since 1970" },
	{ "created_ns", FIELD_INTEGER, offsetof(struct record, created_ns), .max = 999999999, .help = "nanoseconds of the next" },
	{ "id_base", FIELD_INTEGER, offsetof(struct record, id_base), .max = UINT32_MAX, .help = "first host id" },
	{ "cgroup", FIELD_TEXT, offsetof(struct record, cgroup), .help = "its cgroup" },
	{ "env", FIELD_TEXT_LIST, offsetof(struct record, env), .help = "environment" },
	{ "secret_names", FIELD_TEXT_LIST, offsetof(struct record, secret_names), .help = "names of variables that are secret" },
	{ "working_dir", FIELD_TEXT, offsetof(struct record, working_dir), .help = "working folder" },
	{ "user", FIELD_TEXT, offsetof(struct record, user), .help = "user in the container" },
	{ "group_add", FIELD_TEXT_LIST, offsetof(struct record, group_add), .help = "further groups" },
	{ "capabilities", FIELD_INTEGER, offsetof(struct record, capabilities), .max = INT64_MAX, .help = "bit mask" },
	{ "no_new_privileges", FIELD_BOOL, offsetof(struct record, no_new_privileges), .help = "as in the spec" },
	{ "seccomp", FIELD_INTEGER, offsetof(struct record, seccomp), .max = SECCOMP_TEXT, .help = "enum seccomp_mode" },
	{ "seccomp_file", FIELD_TEXT, offsetof(struct record, seccomp_file), .help = "profile" },
	{ "user_namespace", FIELD_BOOL, offsetof(struct record, user_namespace), .help = "has one of its own" },
	{ "can_setgroups", FIELD_BOOL, offsetof(struct record, can_setgroups), .help = "groups may be set inside" },
	{ "stop_signal", FIELD_INTEGER, offsetof(struct record, stop_signal), .max = 64, .help = "what asks it to end" },
	{ "stop_grace_us", FIELD_INTEGER, offsetof(struct record, stop_grace_us), .max = INT64_MAX, .help = "how long it may take" },
	{ "networks", FIELD_TEXT_LIST, offsetof(struct record, networks), .flags = FIELD_SPARSE, .help = "networks, and addresses in them" },
	{ "reload_signal", FIELD_INTEGER, offsetof(struct record, reload_signal), .max = 64, .help = "how it is reloaded, or 0" },
	{ "reload_exec", FIELD_TEXT_LIST, offsetof(struct record, reload_exec), .help = "or by a program" },
	{ "reload_timeout_us", FIELD_INTEGER, offsetof(struct record, reload_timeout_us), .max = INT64_MAX, .help = "that program's time" },
	{ "bundle", FIELD_TEXT, offsetof(struct record, bundle), .help = "OCI: the folder of config.json" },
	{ "rootfs", FIELD_TEXT, offsetof(struct record, rootfs), .help = "OCI: root.path" },
	{ "oci_version", FIELD_TEXT, offsetof(struct record, oci_version), .help = "OCI: ociVersion" },
	{ "annotations", FIELD_TEXT_LIST, offsetof(struct record, annotations), .help = "OCI: key=value" },
	{ 0 },
};

enum { RECORD_LIMIT = 1 << 27 /* holds what a config.json of 16 MiB says, with escapes */, YOUNG_SECONDS = 60 };

void record_release(struct record *record)
{
	int saved = errno;

	field_release(record_fields, record);
	errno = saved;
}

void state_release(struct state *state)
{
	int saved = errno;

	if (state->folder >= 0)
		close(state->folder);
	if (state->lock >= 0)
		close(state->lock);
	free(state->name);
	*state = (struct state){ .folder = -1, .lock = -1 };
	errno = saved;
}

/* The folder of all containers. One that others own or can change is not believed: its records name cgroups to kill and folders to remove.
 * -1 with e->sys ENOENT where there is none. */
static int open_top(const struct places *places, struct error *e)
{
	autoclose int top = open(places->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (top < 0 || fstat(top, &st))
		return error_sys(e, "open the folder %s", places->state);
	if (st.st_uid != geteuid() || (st.st_mode & 022)) {
		error_set(e, ERROR_DENIED, "use the folder %s: %s", places->state,
			  st.st_uid != geteuid() ? "it belongs to somebody else" : "others can change what is in it");
		return error_hint(e, "set XDG_RUNTIME_DIR to a folder of your own, or choose another one with --root");
	}
	return take_fd(&top);
}

static int fill_folder(const struct places *places, int top, const char *temporary, struct state *state, struct error *e)
{
	state->folder = openat(top, temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (state->folder < 0)
		return error_sys(e, "open the folder %s/%s", places->state, temporary);
	state->lock = file_lock(state->folder, "lock", /* wait= */ false, e);
	if (state->lock < 0)
		return -1;
	if (symlinkat(places->store, state->folder, "store"))
		return error_sys(e, "fill the folder %s/%s", places->state, temporary);
	return 0;
}

/* A new folder's name; to be freed. One of a killed box of the same process number, or of another pid namespace, is no obstacle. */
static char *make_temporary(const struct places *places, int top, const char *name, struct error *e)
{
	for (unsigned serial = 0;; serial++) {
		autofree char *temporary = text_format(".new-%d-%u-%s", (int)getpid(), serial, name);

		if (mkdirat(top, temporary, 0700) == 0)
			return take_ptr(&temporary);
		if (errno != EEXIST) {
			error_sys(e, "make the folder %s/%s", places->state, temporary);
			return NULL;
		}
	}
}

int state_make(const struct places *places, const char *name, struct state *ret, struct error *e)
{
	struct state state = { .folder = -1, .lock = -1 };
	autoclose int top = folder_make_private(places->state, e);
	autofree char *temporary = top < 0 ? NULL : make_temporary(places, top, name, e);
	struct error ignored = { 0 };

	if (!temporary)
		return -1;
	state.name = alloc_copy(name);
	if (fill_folder(places, top, temporary, &state, e) == 0) {
		if (renameat2(top, temporary, top, name, RENAME_NOREPLACE) == 0) {
			*ret = state;
			return 0;
		}
		if (errno == EEXIST) {
			error_set(e, ERROR_EXISTS, "use the name %s: a container of this name exists", name);
			error_hint(e, "choose another one, or remove it: box rm -f %s", name);
		} else {
			error_sys(e, "rename %s/%s to %s", places->state, temporary, name);
		}
	}
	(void)folder_remove(top, temporary, &ignored); /* the first cause is what counts */
	state_release(&state);
	return -1;
}

/* Whether name still is the open folder: it may have been removed, and made anew, meanwhile. */
static bool is_still(int top, const char *name, int folder)
{
	struct stat by_name, by_descriptor;

	return fstatat(top, name, &by_name, AT_SYMLINK_NOFOLLOW) == 0 && fstat(folder, &by_descriptor) == 0 &&
	       by_name.st_ino == by_descriptor.st_ino && by_name.st_dev == by_descriptor.st_dev;
}

/* Takes the lock of an existing folder: 1, or 0 where there is no such folder, or, without wait, somebody holds it. */
static int take_lock(int top, const char *name, bool wait, struct state *ret, struct error *e)
{
	struct state state = { .folder = -1, .lock = -1, .name = alloc_copy(name) };
	int result = 0;

	state.folder = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (state.folder >= 0)
		state.lock = openat(state.folder, "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	while (state.lock >= 0 && (result = flock(state.lock, LOCK_EX | (wait ? 0 : LOCK_NB))) && errno == EINTR)
		;
	if (state.lock >= 0 && result == 0 && is_still(top, name, state.folder)) {
		*ret = state;
		return 1;
	}
	result = errno == ENOENT || errno == EWOULDBLOCK || errno == ENOTDIR || state.lock >= 0
			 ? 0 : error_sys(e, "open the folder of container %s", name);
	state_release(&state);
	return result;
}

/* A folder that is being made or removed belongs to a process that lives, unless it is old. */
static bool is_abandoned(int top, const char *name)
{
	struct stat st;

	return fstatat(top, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && time(NULL) - st.st_ctime > YOUNG_SECONDS;
}

int state_adopt(const struct places *places, const char *name, struct state *ret, struct error *e)
{
	autoclose int top = open_top(places, e);
	struct error ignored = { 0 };

	if (top < 0) {
		if (e->sys != ENOENT)
			return -1;
		error_clear(e);
		return 0;
	}
	if (name[0] != '.')
		return take_lock(top, name, /* wait= */ false, ret, e);
	if (!is_abandoned(top, name))
		return 0;
	/* Its lock may not have been made yet, or may be removed already. */
	if (take_lock(top, name, /* wait= */ false, ret, &ignored) != 1)
		*ret = (struct state){ .name = alloc_copy(name), .folder = -1, .lock = -1 };
	return 1;
}

int state_missing(const char *name, struct error *e)
{
	/* The engines look for these words. */
	error_set(e, ERROR_MISSING, "find container %s: container does not exist", name);
	return error_hint(e, "box ps lists what there is");
}

bool state_exists(const struct places *places, const char *name)
{
	struct error ignored = { 0 };
	autoclose int top = open_top(places, &ignored);

	return top >= 0 && faccessat(top, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool state_is_waiting(const struct places *places, const char *name)
{
	struct error ignored = { 0 };
	autoclose int folder = state_folder(places, name, &ignored);

	return folder >= 0 && faccessat(folder, "start", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int state_folder(const struct places *places, const char *name, struct error *e)
{
	autoclose int top = open_top(places, e);
	int folder;

	if (top < 0)
		return e->sys == ENOENT ? state_missing(name, e) : -1;
	folder = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder >= 0)
		return folder;
	return errno == ENOENT ? state_missing(name, e) : error_sys(e, "open the folder of container %s", name);
}

int state_lock(const struct places *places, const char *name, struct state *ret, struct error *e)
{
	autoclose int top = open_top(places, e);
	int got = top < 0 ? -1 : take_lock(top, name, /* wait= */ true, ret, e);

	if (got > 0)
		return 0;
	if (got == 0 || e->sys == ENOENT)
		(void)state_missing(name, e);
	return -1;
}

int state_write(const struct state *state, const struct record *record, struct error *e)
{
	autorelease(text) struct text json = { 0 };
	autoclose int fd = openat(state->folder, "state.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_sys(e, "write the state of %s", state->name);
	field_dump(record_fields, record, &json);
	if (write_all(fd, json.data, json.length) || renameat(state->folder, "state.tmp", state->folder, "state.json"))
		return error_sys(e, "write the state of %s", state->name);
	return 0;
}

int state_remove(const struct places *places, struct state *state, struct error *e)
{
	autofree char *old = text_format(".old-%d-%s", (int)getpid(), state->name);
	autoclose int top = open_top(places, e);
	const char *name = state->name;
	int result;

	if (top < 0)
		return -1;
	/* The name goes first, while the lock is held: nobody finds a folder that is half removed. */
	if (name[0] != '.') {
		if (renameat(top, name, top, old))
			return error_sys(e, "remove %s/%s", places->state, name);
		name = old;
	}
	result = folder_remove(top, name, e);
	state_release(state);
	return result;
}

/* There is no record: of an app in the background it is not the name that is wrong. */
static int missing_record(const struct places *places, const char *name, struct error *e)
{
	autofree char *definition = text_format("%s/apps/%s", places->store, name);

	if (faccessat(AT_FDCWD, definition, F_OK, AT_SYMLINK_NOFOLLOW))
		return state_missing(name, e);
	error_set(e, ERROR_MISSING, "find container %s: the app does not run now", name);
	return state_exists(places, name) ? error_hint(e, "it is between two runs: box explain %s says how the last one ended", name)
					  : error_hint(e, "box start %s", name);
}

int state_read(const struct places *places, const char *name, struct record *ret, bool *ret_alive, struct error *e)
{
	autofree char *path = text_format("%s/state.json", name);
	autorelease(text) struct text json = { 0 };
	autoclose int top = open_top(places, e);
	struct record record = { 0 };

	if ((top < 0 && e->sys != ENOENT) || (top >= 0 && file_read(top, path, RECORD_LIMIT, &json, e) && e->sys != ENOENT && e->sys != ENOTDIR))
		return -1;
	if (!json.length)
		return missing_record(places, name, e);
	if (field_decode_text(json.data, json.length, path, record_fields, &record, e)) {
		record_release(&record);
		return -1;
	}
	*ret_alive = record.pid > 0 && process_lives((pid_t)record.pid, record.start_time);
	*ret = record;
	return 0;
}

char *state_store(const struct state *state)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(state->folder, "store", target, sizeof target - 1);

	return length > 0 ? alloc_copy_bytes(target, (size_t)length) : NULL;
}

/* Names that no container can have: of folders in the making or on their way out, which a sweep looks for; and of what is no container. */
static bool is_container(const char *name)
{
	return name[0] != '.' || text_starts(name, ".new-") || text_starts(name, ".old-");
}

int state_names(const struct places *places, struct list *ret, struct error *e)
{
	autoclosedir DIR *entries = NULL;
	int top = open_top(places, e);
	struct dirent *entry;

	if (top < 0) {
		if (e->sys != ENOENT)
			return -1;
		error_clear(e);
		return 0;
	}
	entries = fdopendir(top);
	if (!entries) {
		close(top);
		return error_sys(e, "read the folder %s", places->state);
	}
	while ((errno = 0, entry = readdir(entries)))
		if (is_container(entry->d_name))
			list_add(ret, entry->d_name);
	return errno ? error_sys(e, "read the folder %s", places->state) : 0;
}
