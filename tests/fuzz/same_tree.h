/* SPDX-License-Identifier: Apache-2.0 */
/*
 * same_tree.h - whether a layer's folder and the mount of its index hold the same.
 *
 * Compared are names, kinds, modes, owners (the index has the store's), times, links, content, targets and extended attributes. Of a folder
 * that no member described the time is only the index's own: the folder form leaves the present there, and such times are passed over.
 */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/id_map.h"

enum { SAME_NAMES = 65536, SAME_VALUE = 65536 };

/* Where they differ, with what; "" where they do not. */
struct same_tree {
	char where[4200];
	long long compared;
	uint32_t base; /* what the index's ids begin at */
};

static inline bool differ(struct same_tree *same, const char *path, const char *what)
{
	(void)snprintf(same->where, sizeof same->where, "%.4000s: %s", path, what);
	return false;
}

static inline int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in folder/path, sorted, "." and ".." left out; ends with NULL. */
static inline char **list_names(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
	char **names = calloc(SAME_NAMES + 1, sizeof *names);
	struct dirent *entry;
	size_t count = 0;

	while (entries && names && count < SAME_NAMES && (entry = readdir(entries)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			names[count++] = strdup(entry->d_name);
	if (entries)
		closedir(entries);
	if (names)
		qsort(names, count, sizeof *names, by_name);
	return names;
}

static inline void free_names(char **names)
{
	for (size_t i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
}

static inline bool same_content(int a, int b, const char *name)
{
	int fds[] = { openat(a, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), openat(b, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) };
	static char bytes[2][1 << 16];
	ssize_t got[2];
	bool is_same;

	do {
		for (int i = 0; i < 2; i++)
			got[i] = read(fds[i], bytes[i], sizeof bytes[i]);
		is_same = got[0] >= 0 && got[0] == got[1] && memcmp(bytes[0], bytes[1], (size_t)got[0]) == 0;
	} while (is_same && got[0] > 0);
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return is_same;
}

/* Whether every attribute of from (a file or folder) is in to. */
static inline bool has_xattrs(int from, int to)
{
	static char names[SAME_VALUE], values[2][SAME_VALUE];
	ssize_t length = flistxattr(from, names, sizeof names);

	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t one = fgetxattr(from, names + at, values[0], SAME_VALUE), other = fgetxattr(to, names + at, values[1], SAME_VALUE);

		if (strcmp(names + at, "security.capability") == 0 && one == 20 && other == 24) {
			/* Set by the host's root, as in these tests, it stays revision 2; set in the store's sandbox it is 3. */
			if (memcmp(values[0] + 4, values[1] + 4, 16) != 0)
				return false;
		} else if (one != other || (one > 0 && memcmp(values[0], values[1], (size_t)one) != 0)) {
			return false;
		}
	}
	return length >= 0;
}

static inline bool same_xattrs(int a, int b, const char *name, mode_t mode)
{
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, one, other;
	bool is_same;

	if (!S_ISREG(mode) && !S_ISDIR(mode))
		return true;
	one = openat(a, name, flags);
	other = openat(b, name, flags);
	is_same = one >= 0 && other >= 0 && has_xattrs(one, other);
	if (is_same) {
		static char names[2][SAME_VALUE];

		is_same = flistxattr(one, names[0], SAME_VALUE) == flistxattr(other, names[1], SAME_VALUE);
	}
	close(one);
	close(other);
	return is_same;
}

static inline bool same_target(int a, int b, const char *name)
{
	char targets[2][4097] = { "", "" };

	return readlinkat(a, name, targets[0], 4096) > 0 && readlinkat(b, name, targets[1], 4096) > 0 && strcmp(targets[0], targets[1]) == 0;
}

static inline bool same_names(struct same_tree *same, int a, int b, const char *path);

static inline bool same_one(struct same_tree *same, int a, int b, const char *name, const char *path)
{
	struct stat one, other;
	bool is_whiteout, is_same;

	if (fstatat(a, name, &one, AT_SYMLINK_NOFOLLOW) || fstatat(b, name, &other, AT_SYMLINK_NOFOLLOW))
		return differ(same, path, "one has it and the other not");
	is_whiteout = S_ISCHR(one.st_mode);
	same->compared++;
	if (one.st_mode != other.st_mode || one.st_rdev != other.st_rdev)
		return differ(same, path, "kind or mode");
	if (one.st_uid + same->base != other.st_uid || one.st_gid + same->base != other.st_gid)
		return differ(same, path, "owner");
	if (!is_whiteout && (other.st_mtim.tv_sec || !S_ISDIR(one.st_mode)) &&
	    (one.st_mtim.tv_sec != other.st_mtim.tv_sec || one.st_mtim.tv_nsec != other.st_mtim.tv_nsec))
		return differ(same, path, "time");
	if (!S_ISDIR(one.st_mode) && (one.st_nlink != other.st_nlink || one.st_size != other.st_size))
		return differ(same, path, "size or number of links");
	if (S_ISREG(one.st_mode) && !same_content(a, b, name))
		return differ(same, path, "content");
	if (S_ISLNK(one.st_mode) && !same_target(a, b, name))
		return differ(same, path, "target");
	if (!same_xattrs(a, b, name, one.st_mode))
		return differ(same, path, "extended attributes");
	if (!S_ISDIR(one.st_mode))
		return true;
	a = openat(a, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	b = openat(b, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	is_same = a >= 0 && b >= 0 ? same_names(same, a, b, path) : differ(same, path, "cannot be entered");
	close(a);
	close(b);
	return is_same;
}

/* The content of two folders. */
static inline bool same_names(struct same_tree *same, int a, int b, const char *path)
{
	char **ones = list_names(a), **others = list_names(b), *inner;
	bool is_same = ones && others;

	for (size_t i = 0; is_same && (ones[i] || others[i]); i++) {
		if (!ones[i] || !others[i] || strcmp(ones[i], others[i]) != 0) {
			is_same = differ(same, path, ones[i] ? ones[i] : others[i]);
			break;
		}
		if (asprintf(&inner, "%s/%s", path, ones[i]) < 0)
			abort();
		is_same = same_one(same, a, b, ones[i], inner);
		free(inner);
	}
	free_names(ones);
	free_names(others);
	return is_same;
}

static inline bool tree_is_same(struct same_tree *same, int folder, int mount)
{
	return same_names(same, folder, mount, "");
}
