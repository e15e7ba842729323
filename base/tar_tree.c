/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_tree.c - a folder with all that it holds as a tar.
 */
#include "base/tar_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hard_links.h"
#include "base/tar_attributes.h"
#include "base/tar_writer.h"
#include "base/text.h"

enum { DEPTH = 900 };

struct walk {
	int fd;
	struct hard_links *links;
	struct text path;               /* of what is at hand, "./" for the root */
	int depth;
	struct tar_tree_report report;
};

static void walk_free(struct walk *walk)
{
	hard_links_free(walk->links);
	text_release(&walk->path);
	free(walk);
}

/* The header of what fd (or -1) is open for. */
static int write_entry(struct walk *walk, const struct stat *st, enum tar_type type, const char *target, int fd, struct error *e)
{
	autorelease(tar_attributes) struct tar_attributes attributes = { 0 };
	struct tar_entry entry = { .type = type, .path = walk->path.data, .mode = st->st_mode, .uid = st->st_uid, .gid = st->st_gid,
				   .size = type == TAR_FILE ? st->st_size : 0, .mtime = st->st_mtim, .target = target,
				   .major = major(st->st_rdev), .minor = minor(st->st_rdev) };

	if (fd >= 0 && tar_attributes_read(fd, walk->path.data, type == TAR_FOLDER, &attributes, e))
		return -1;
	entry.attributes = attributes.items;
	entry.attribute_count = attributes.count;
	if (tar_write_header(walk->fd, &entry, e))
		return -1;
	walk->report.members++;
	return 0;
}

/* Whether what was looked at is no more what it was, or gone: it is left out. */
static bool has_changed(int error)
{
	return error == ENOENT || error == ELOOP || error == ENOTDIR || error == ENXIO || error == EINVAL;
}

static int write_file(struct walk *walk, int folder, const char *name, struct error *e)
{
	/* Without devices on the mount nothing but a file or FIFO can have taken its place, and neither waits. */
	autoclose int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int64_t missing = 0;
	struct stat st;

	if (fd < 0)
		return has_changed(errno) ? 0 : error_sys(e, "open %s", walk->path.data);
	if (fstat(fd, &st))
		return error_sys(e, "look at %s", walk->path.data);
	if (!S_ISREG(st.st_mode))
		return 0;
	if (write_entry(walk, &st, TAR_FILE, NULL, fd, e) || tar_write_content(walk->fd, walk->path.data, fd, st.st_size, &missing, e))
		return -1;
	walk->report.shortened += missing > 0;
	return 0;
}

static int write_link(struct walk *walk, int folder, const char *name, const struct stat *st, struct error *e)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(folder, name, target, sizeof target - 1);

	if (length < 0)
		return has_changed(errno) ? 0 : error_sys(e, "read the link %s", walk->path.data);
	target[length] = '\0';
	return write_entry(walk, st, TAR_LINK, target, -1, e);
}

static int write_by_type(struct walk *walk, int folder, const char *name, const struct stat *st, struct error *e)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		return write_file(walk, folder, name, e);
	case S_IFLNK:
		return write_link(walk, folder, name, st, e);
	case S_IFCHR:
		return write_entry(walk, st, TAR_CHARACTER, NULL, -1, e);
	case S_IFBLK:
		return write_entry(walk, st, TAR_BLOCK, NULL, -1, e);
	case S_IFIFO:
		return write_entry(walk, st, TAR_FIFO, NULL, -1, e);
	default:
		return 0; /* a socket: a tar has none */
	}
}

static int write_other(struct walk *walk, int folder, const char *name, const struct stat *st, struct error *e)
{
	const char *first = st->st_nlink > 1 ? hard_links_find(walk->links, st) : NULL;
	int64_t before = walk->report.members;

	if (first)
		return write_entry(walk, st, TAR_HARD_LINK, first, -1, e);
	if (write_by_type(walk, folder, name, st, e))
		return -1;
	if (st->st_nlink > 1 && walk->report.members > before)
		hard_links_add(walk->links, st, walk->path.data);
	return 0;
}

static int write_folder(struct walk *walk, int folder, struct error *e);

/* One name of a folder, which is added to the path. */
static int write_name(struct walk *walk, int folder, const char *name, struct error *e)
{
	autoclose int below = -1;
	struct stat st;

	text_add(&walk->path, name);
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : error_sys(e, "look at %s", walk->path.data);
	if (!S_ISDIR(st.st_mode))
		return write_other(walk, folder, name, &st, e);
	below = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (below < 0)
		return has_changed(errno) ? 0 : error_sys(e, "open the folder %s", walk->path.data);
	text_add_char(&walk->path, '/');
	return write_folder(walk, below, e);
}

/* walk->path ends in "/". */
static int write_folder(struct walk *walk, int folder, struct error *e)
{
	autorelease(list) struct list names = { 0 };
	bool is_root = strcmp(walk->path.data, "./") == 0;
	size_t length;
	struct stat st;

	if (fstat(folder, &st))
		return error_sys(e, "look at %s", walk->path.data);
	if (write_entry(walk, &st, TAR_FOLDER, NULL, folder, e))
		return -1;
	if (folder_names(folder, &names))
		return error_sys(e, "read the folder %s", walk->path.data);
	if (walk->depth == DEPTH)
		return error_set(e, ERROR_IMAGE, "%.200s… lies below more than %d folders", walk->path.data, DEPTH);
	/* Other tools write "etc/passwd" as well; only the root has no other name. */
	if (is_root)
		text_clear(&walk->path);
	length = walk->path.length;
	walk->depth++;
	for (size_t i = 0; i < names.count; i++) {
		if (write_name(walk, folder, names.items[i], e))
			return -1;
		walk->path.length = length;
		walk->path.data[length] = '\0';
	}
	walk->depth--;
	return 0;
}

/* What is at hand under walk->path, to the end of the tar; the walk ends. */
static int finish(struct walk *walk, int result, struct tar_tree_report *ret, struct error *e)
{
	if (result == 0)
		result = tar_write_end(walk->fd, e);
	if (result == 0)
		*ret = walk->report;
	walk_free(walk);
	return result ? -1 : 0;
}

int tar_tree_write(int fd, int root, struct tar_tree_report *ret, struct error *e)
{
	struct walk *walk = alloc_zeroed(1, sizeof *walk);

	walk->fd = fd;
	walk->links = hard_links_new();
	text_add(&walk->path, "./");
	return finish(walk, write_folder(walk, root, e), ret, e);
}

int tar_tree_write_entry(int fd, int folder, const char *entry, const char *name, struct tar_tree_report *ret, struct error *e)
{
	autoclose int below = openat(folder, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct walk *walk;
	struct stat st;

	if (below < 0 && fstatat(folder, entry, &st, AT_SYMLINK_NOFOLLOW))
		return error_sys(e, "look at %s", name);
	if (below < 0 && (S_ISDIR(st.st_mode) || S_ISSOCK(st.st_mode)))
		return error_set(e, ERROR_DENIED, "read %s: %s", name, S_ISSOCK(st.st_mode) ? "it is a socket" : "the folder cannot be opened");
	walk = alloc_zeroed(1, sizeof *walk);
	walk->fd = fd;
	walk->links = hard_links_new();
	text_addf(&walk->path, below < 0 ? "%s" : "%s/", name);
	return finish(walk, below < 0 ? write_other(walk, folder, entry, &st, e) : write_folder(walk, below, e), ret, e);
}
