/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.c - the record of a running container on disk.
 *
 * A folder is made under a name that no container can have, locked, and only then renamed to its real name:
 * whoever finds a folder with a free lock knows that its owner is gone.
 */
#include "runtime/state.h"

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
#include "specs/field.h"

static const struct field record_fields[] = {
	{ "name", FIELD_TEXT, offsetof(struct record, name), .flags = FIELD_REQUIRED, .help = "the container" },
	{ "image", FIELD_TEXT, offsetof(struct record, image), .help = "what it was made from" },
	{ "args", FIELD_TEXT_LIST, offsetof(struct record, args), .help = "the app's program and arguments" },
	{ "pid", FIELD_INTEGER, offsetof(struct record, pid), .max = INT32_MAX, .help = "first process, on the host" },
	{ "start_time", FIELD_INTEGER, offsetof(struct record, start_time), .max = INT64_MAX, .help = "clock ticks since boot" },
	{ "created", FIELD_INTEGER, offsetof(struct record, created), .max = INT64_MAX, .help = "seconds since 1970" },
	{ "id_base", FIELD_INTEGER, offsetof(struct record, id_base), .max = UINT32_MAX, .help = "first host id" },
	{ "cgroup", FIELD_TEXT, offsetof(struct record, cgroup), .help = "its cgroup" },
	{ "env", FIELD_TEXT_LIST, offsetof(struct record, env), .help = "environment" },
	{ "working_dir", FIELD_TEXT, offsetof(struct record, working_dir), .help = "working folder" },
	{ "user", FIELD_TEXT, offsetof(struct record, user), .help = "user in the container" },
	{ "group_add", FIELD_TEXT_LIST, offsetof(struct record, group_add), .help = "further groups" },
	{ "capabilities", FIELD_INTEGER, offsetof(struct record, capabilities), .max = INT64_MAX, .help = "bit mask" },
	{ "no_new_privileges", FIELD_BOOL, offsetof(struct record, no_new_privileges), .help = "as in the spec" },
	{ "seccomp", FIELD_INTEGER, offsetof(struct record, seccomp), .max = 2, .help = "enum seccomp_mode" },
	{ "seccomp_file", FIELD_TEXT, offsetof(struct record, seccomp_file), .help = "profile" },
	{ "user_namespace", FIELD_BOOL, offsetof(struct record, user_namespace), .help = "has one of its own" },
	{ "can_setgroups", FIELD_BOOL, offsetof(struct record, can_setgroups), .help = "groups may be set inside" },
	{ 0 },
};

enum { RECORD_LIMIT = 1 << 22, YOUNG_SECONDS = 60 };

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
	free(state->path);
	*state = (struct state){ .folder = -1, .lock = -1 };
	errno = saved;
}

static int fill_folder(const struct places *places, int top, const char *temporary, struct state *state, struct error *e)
{
	if (mkdirat(top, temporary, 0700))
		return error_sys(e, "make the folder %s/%s", places->state, temporary);
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

int state_make(const struct places *places, const char *name, struct state *ret, struct error *e)
{
	struct state state = { .folder = -1, .lock = -1 };
	autofree char *temporary = text_format(".new-%d-%s", (int)getpid(), name);
	autoclose int top = folder_make_private(places->state, e);
	struct error ignored = { 0 };

	if (top < 0)
		return -1;
	state.name = alloc_copy(name);
	state.path = text_format("%s/%s", places->state, name);
	if (fill_folder(places, top, temporary, &state, e) == 0) {
		if (renameat2(top, temporary, top, name, RENAME_NOREPLACE) == 0) {
			*ret = state;
			return 0;
		}
		if (errno == EEXIST) {
			error_set(e, ERROR_EXISTS, "use the name %s: a container of this name is running", name);
			error_hint(e, "choose another one with --name, or end it: box rm -f %s", name);
		} else {
			error_sys(e, "rename %s/%s to %s", places->state, temporary, name);
		}
	}
	(void)folder_remove(top, temporary, &ignored); /* the first cause is what counts */
	state_release(&state);
	return -1;
}

int state_adopt(const struct places *places, const char *name, struct state *ret, struct error *e)
{
	struct state state = { .folder = -1, .lock = -1 };
	struct error ignored = { 0 };
	struct stat st;

	state.path = text_format("%s/%s", places->state, name);
	state.name = alloc_copy(name);
	state.folder = open(state.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (state.folder < 0 || fstat(state.folder, &st)) {
		state_release(&state);
		return errno == ENOENT ? 0 : error_sys(e, "open the folder %s/%s", places->state, name);
	}
	/* A folder that is being made is locked only a moment after it exists. */
	if (name[0] != '.' || time(NULL) - st.st_mtime > YOUNG_SECONDS)
		state.lock = file_lock(state.folder, "lock", /* wait= */ false, &ignored);
	/* Removed by somebody else while we waited: the lock is of a folder without a name. */
	if (state.lock < 0 || fstat(state.folder, &st) || st.st_nlink == 0) {
		state_release(&state);
		return 0;
	}
	*ret = state;
	return 1;
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
	autoclose int top = open(places->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result;

	if (top < 0)
		return error_sys(e, "open the folder %s", places->state);
	result = folder_remove(top, state->name, e);
	state_release(state);
	return result;
}

int state_read(const struct places *places, const char *name, struct record *ret, bool *ret_alive, struct error *e)
{
	autofree char *path = text_format("%s/%s/state.json", places->state, name);
	autorelease(text) struct text json = { 0 };
	struct record record = { 0 };

	if (file_read(AT_FDCWD, path, RECORD_LIMIT, &json, e)) {
		if (e->sys != ENOENT && e->sys != ENOTDIR)
			return -1;
		error_set(e, ERROR_MISSING, "find container %s: none of this name is running", name);
		return error_hint(e, "box ps lists what runs");
	}
	if (field_decode_text(json.data, json.length, path, record_fields, &record, e)) {
		record_release(&record);
		return -1;
	}
	*ret_alive = record.pid > 0 && process_start_time((pid_t)record.pid) == record.start_time;
	*ret = record;
	return 0;
}

char *state_store(const struct state *state)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(state->folder, "store", target, sizeof target - 1);

	return length > 0 ? alloc_copy_bytes(target, (size_t)length) : NULL;
}

int state_names(const struct places *places, struct list *ret, struct error *e)
{
	autoclosedir DIR *entries = opendir(places->state);
	struct dirent *entry;

	if (!entries)
		return errno == ENOENT ? 0 : error_sys(e, "read the folder %s", places->state);
	while ((errno = 0, entry = readdir(entries)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			list_add(ret, entry->d_name);
	return errno ? error_sys(e, "read the folder %s", places->state) : 0;
}
