/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program.c - the file that execve(2) gets.
 *
 * The lookup runs before the user changes and before START, so that "not found" is an error of the start and not a dead
 * container. Whether the user may execute the file is left to execve, and to diagnose.c where it says no.
 */
#include "runtime/child/program.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "specs/container.h"

/* 0 where path is a regular file with an execute bit, else errno. */
static int check(int rootfd, const char *path)
{
	autoclose int fd = beneath_try(rootfd, path, O_PATH, 0);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return errno;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return EACCES;
	return 0;
}

static int fail(const char *name, int sys, const char *reason, struct error *e)
{
	autorelease(text) struct text shown = { 0 };

	text_add_escaped(&shown, name, strlen(name));
	error_set(e, sys == ENOENT ? ERROR_NOT_FOUND : ERROR_NOT_EXECUTABLE, "exec: \"%s\": %s",
		  shown.data ? shown.data : "", reason);
	e->sys = sys;
	return -1;
}

/* A name with a slash is a path already. */
static int find_path(int rootfd, const char *name, const char *working_dir, char **ret_path, struct error *e)
{
	autofree char *path = *name == '/' ? alloc_copy(name) : text_format("%s/%s", working_dir, name);
	int sys = check(rootfd, path);

	switch (sys) {
	case 0: *ret_path = take_ptr(&path); return 0;
	case ENOENT:
		fail(name, sys, "no such file or directory", e);
		if (*name != '/')
			return error_hint(e, "A relative path is taken from the working folder, %s.", working_dir);
		return -1;
	case EISDIR: return fail(name, sys, "is a directory", e);
	case EACCES:
		fail(name, sys, "permission denied: it is not a regular file with an execute bit", e);
		return error_hint(e, "Give it one in the image: chmod +x %s", path);
	default: fail(name, sys, strerror(sys), e); return -1;
	}
}

int program_find(int rootfd, const char *name, const struct list *env, const char *working_dir, char **ret_path,
		 struct error *e)
{
	const char *path = list_env_get(env, "PATH");
	autofree char *closed = NULL; /* the first file of that name that cannot be executed */

	if (*name == '\0')
		return fail(name, ENOENT, "the program's name is empty", e);
	if (strchr(name, '/'))
		return find_path(rootfd, name, working_dir, ret_path, e);
	if (!path)
		path = CONTAINER_DEFAULT_PATH;
	for (const char *at = path;; at++) {
		int length = (int)strcspn(at, ":");
		/* An empty or relative entry means the working folder, as for execvp. */
		const char *before = *at == '/' ? "" : working_dir;
		autofree char *file =
			text_format("%s%s%.*s/%s", before, *before && length ? "/" : "", length, at, name);
		int sys = check(rootfd, file);

		if (sys == 0) {
			*ret_path = take_ptr(&file);
			return 0;
		}
		if (sys == EACCES && !closed)
			closed = take_ptr(&file);
		at += length;
		if (*at == '\0')
			break;
	}
	if (closed) {
		fail(name, EACCES, "permission denied: no file of that name in $PATH has an execute bit", e);
		return error_hint(e, "Give it one in the image: chmod +x %s", closed);
	}
	fail(name, ENOENT, "executable file not found in $PATH", e);
	return error_hint(e, "PATH is %s", path);
}
