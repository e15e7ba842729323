/* SPDX-License-Identifier: Apache-2.0 */
/*
 * beneath.c - paths that an image or a container can influence.
 */
#include "base/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"

enum { RETRIES = 64 };

int beneath_try(int rootfd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC,
		.mode = flags & (O_CREAT | __O_TMPFILE) ? mode & 07777 : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	/* EAGAIN: somebody renamed or mounted on the way; the kernel could not prove that ".." stayed inside. */
	for (int i = 0; i < RETRIES; i++) {
		fd = syscall(SYS_openat2, rootfd, path, &how, sizeof how);
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			return (int)fd;
	}
	return -1;
}

int beneath_open(int rootfd, const char *path, int flags, mode_t mode, struct error *e)
{
	int fd = beneath_try(rootfd, path, flags, mode);

	return fd >= 0 ? fd : error_sys(e, "open %s inside the root", path);
}

/* Makes name in parent where it is missing, and opens it without following a link at its end. */
static int enter_folder(int parent, const char *name, mode_t mode)
{
	if (mkdirat(parent, name, mode) && errno != EEXIST)
		return -1;
	return openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int beneath_make_folder(int rootfd, const char *path, mode_t mode, struct error *e)
{
	autofree char *copy = NULL;
	autoclose int at = -1;
	char *state = NULL;
	size_t length;
	int whole = beneath_try(rootfd, path, O_PATH | O_DIRECTORY, 0);

	if (whole >= 0)
		return whole;
	if (errno != ENOENT)
		return error_sys(e, "open folder %s inside the root", path);
	/*
	 * The longest part that exists is looked up as one path, links included. What is missing behind it is made name
	 * by name: new names cannot be links, and ".." among them is refused rather than guessed.
	 */
	copy = alloc_copy(path);
	length = strlen(copy);
	while (at < 0 && length > 0) {
		while (length > 0 && copy[length - 1] == '/')
			length--;
		while (length > 0 && copy[length - 1] != '/')
			length--;
		copy[length] = '\0';
		at = beneath_try(rootfd, length ? copy : "/", O_PATH | O_DIRECTORY, 0);
		if (at < 0 && errno != ENOENT)
			return error_sys(e, "open folder %s inside the root", copy);
	}
	if (at < 0)
		return error_sys(e, "open folder %s inside the root", path);
	memcpy(copy, path + length, strlen(path + length) + 1);
	for (char *name = strtok_r(copy, "/", &state); name; name = strtok_r(NULL, "/", &state)) {
		int next;

		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0)
			return error_set(e, ERROR_DENIED, "make folder %s inside the root: \"..\" behind a missing folder", path);
		next = enter_folder(at, name, mode);
		if (next < 0)
			return error_sys(e, "make folder %s inside the root", path);
		close(at);
		at = next;
	}
	return take_fd(&at);
}

int beneath_parent(int rootfd, const char *path, char ret_name[static 256], struct error *e)
{
	autofree char *copy = alloc_copy(path);
	size_t length = strlen(copy);
	const char *name;
	char *slash;
	int parent;

	while (length > 0 && copy[length - 1] == '/')
		copy[--length] = '\0';
	slash = strrchr(copy, '/');
	name = slash ? slash + 1 : copy;
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strlen(name) > 255)
		return error_set(e, ERROR_DENIED, "open %s inside the root: \"%s\" is no name", path, name);
	memcpy(ret_name, name, strlen(name) + 1);
	copy[name - copy] = '\0';
	parent = beneath_try(rootfd, *copy ? copy : "/", O_PATH | O_DIRECTORY, 0);
	return parent >= 0 ? parent : error_sys(e, "open the folder of %s inside the root", path);
}

int beneath_make_file(int rootfd, const char *path, mode_t mode, struct error *e)
{
	autoclose int parent = -1;
	autofree char *folder = NULL;
	char name[256];
	int fd = beneath_try(rootfd, path, O_PATH, 0);
	char *slash;

	if (fd >= 0)
		return fd;
	if (errno != ENOENT)
		return error_sys(e, "open %s inside the root", path);
	folder = alloc_copy(path);
	slash = strrchr(folder, '/');
	if (slash && slash != folder) {
		*slash = '\0';
		parent = beneath_make_folder(rootfd, folder, 0755, e);
		if (parent < 0)
			return -1;
		close(parent);
	}
	parent = beneath_parent(rootfd, path, name, e);
	if (parent < 0)
		return -1;
	/* mknodat never follows a link at the end, and never opens what it finds there. */
	if (mknodat(parent, name, S_IFREG | mode, 0) && errno != EEXIST)
		return error_sys(e, "create %s inside the root", path);
	fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 ? fd : error_sys(e, "open %s inside the root", path);
}
