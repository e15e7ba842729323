/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upper_tar.c - what overlayfs wrote to an upper folder, as the tar of a layer.
 *
 * A folder is written when the first thing in it is, or at its end where it changed itself: until then it waits, and all folders above it.
 */
#include "images/unpack/upper_tar.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hard_links.h"
#include "base/tar_attributes.h"
#include "base/tar_writer.h"
#include "base/text.h"
#include "images/unpack/budget.h"

#define MARK        ".wh."
#define MARK_OPAQUE ".wh..wh..opq"

struct walk {
	const struct upper_tar *how;
	struct hard_links *links;
	struct text path; /* of what is at hand; a folder's ends in "/", the root's is empty */
	struct budget budget;
	struct upper_report report;
};

/* A folder that the walk is in. */
struct frame {
	struct frame *parent;
	struct stat st;
	struct tar_attributes attributes;
	size_t length; /* of its path */
	bool is_written;
	bool is_changed; /* it differs from the folder below */
	bool hides;      /* the folder below is not seen through it */
	bool sees_lower; /* what is in the folder below shows through, or would */
};

static int owner(const struct walk *walk, uint32_t id, uint32_t overflow, const char *kind, uint32_t *ret,
		 struct error *e)
{
	if (id == overflow)
		return error_set(e, ERROR_DENIED, "%s belongs to a %s that is none of the container's",
				 walk->path.length ? walk->path.data : "/", kind);
	*ret = id == UPPER_MOVED_ID ? overflow : id;
	return 0;
}

/* The header of what is called path. */
static int write_header(struct walk *walk, const struct stat *st, struct tar_entry *entry, struct error *e)
{
	const struct upper_tar *how = walk->how;

	if (owner(walk, st->st_uid, how->overflow_uid, "user", &entry->uid, e) ||
	    owner(walk, st->st_gid, how->overflow_gid, "group", &entry->gid, e) || budget_entry(&walk->budget, e))
		return -1;
	entry->mode = st->st_mode;
	entry->mtime.tv_sec = st->st_mtim.tv_sec < how->epoch ? st->st_mtim.tv_sec : how->epoch;
	walk->report.members++;
	return tar_write_header(how->fd, entry, e);
}

static int write_mark(struct walk *walk, const char *path, struct error *e)
{
	const struct tar_entry entry = { .type = TAR_FILE, .path = path, .mtime.tv_sec = walk->how->epoch };

	walk->report.members++;
	return budget_entry(&walk->budget, e) ? -1 : tar_write_header(walk->how->fd, &entry, e);
}

/* frame and every folder above it that waits. */
static int write_frames(struct walk *walk, struct frame *frame, struct error *e)
{
	autofree char *path = NULL;
	autofree char *mark = NULL;
	struct tar_entry entry = { .type = TAR_FOLDER };

	if (!frame || frame->is_written)
		return 0;
	if (write_frames(walk, frame->parent, e))
		return -1;
	frame->is_written = true;
	path = frame->length ? alloc_copy_bytes(walk->path.data, frame->length) : alloc_copy("./");
	entry.path = path;
	entry.attributes = frame->attributes.items;
	entry.attribute_count = frame->attributes.count;
	/* The root has no name in a layer: it is there only where it changed. */
	if ((frame->length || frame->is_changed) && write_header(walk, &frame->st, &entry, e))
		return -1;
	if (!frame->hides)
		return 0;
	mark = text_format("%s" MARK_OPAQUE, frame->length ? path : "");
	return write_mark(walk, mark, e);
}

static int write_file(struct walk *walk, int folder, const char *name, struct tar_entry *entry, struct error *e)
{
	autoclose int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	autorelease(tar_attributes) struct tar_attributes attributes = { 0 };
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return error_sys(e, "open %s", walk->path.data);
	if (!S_ISREG(st.st_mode))
		return error_set(e, ERROR_IMAGE, "%s changes while it is read", walk->path.data);
	entry->size = st.st_size;
	if (budget_file(&walk->budget, st.st_size, e) ||
	    tar_attributes_read(fd, walk->path.data, false, &attributes, e))
		return -1;
	entry->attributes = attributes.items;
	entry->attribute_count = attributes.count;
	if (write_header(walk, &st, entry, e))
		return -1;
	return tar_write_content(walk->how->fd, walk->path.data, fd, st.st_size, NULL, e);
}

static int write_link(struct walk *walk, int folder, const char *name, const struct stat *st, struct tar_entry *entry,
		      struct error *e)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(folder, name, target, sizeof target - 1);
	int result;

	if (length < 0)
		return error_sys(e, "read the link %s", walk->path.data);
	target[length] = '\0';
	entry->target = target;
	result = write_header(walk, st, entry, e);
	entry->target = NULL;
	return result;
}

static int write_named(struct walk *walk, int folder, const char *name, const struct stat *st, struct error *e)
{
	struct tar_entry entry = { .path = walk->path.data };

	switch (st->st_mode & S_IFMT) {
	case S_IFREG: entry.type = TAR_FILE; return write_file(walk, folder, name, &entry, e);
	case S_IFLNK: entry.type = TAR_LINK; return write_link(walk, folder, name, st, &entry, e);
	case S_IFIFO: entry.type = TAR_FIFO; return write_header(walk, st, &entry, e);
	default: return error_set(e, ERROR_INTERNAL, "%s is nothing that a layer holds", walk->path.data);
	}
}

/* Nothing but its times could have been changed, and these were not. */
static bool is_unchanged(struct walk *walk, int folder, const char *name, const struct stat *st)
{
	autorelease(tar_attributes) struct tar_attributes attributes = { 0 };
	struct error ignored = { 0 };
	uint32_t uid = 0, gid = 0;
	struct stat lower;
	autoclose int fd = -1;

	if (!S_ISREG(st->st_mode) || st->st_size || st->st_nlink > (walk->how->has_sockets ? 2 : 1) ||
	    walk->how->lower_file(walk->path.data, &lower, walk->how->data))
		return false;
	if (owner(walk, st->st_uid, walk->how->overflow_uid, "user", &uid, &ignored) ||
	    owner(walk, st->st_gid, walk->how->overflow_gid, "group", &gid, &ignored))
		return false;
	if (lower.st_uid != uid || lower.st_gid != gid || (lower.st_mode & 07777) != (st->st_mode & 07777) ||
	    lower.st_mtim.tv_sec != st->st_mtim.tv_sec || lower.st_mtim.tv_nsec != st->st_mtim.tv_nsec)
		return false;
	fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd >= 0 && tar_attributes_read(fd, walk->path.data, false, &attributes, &ignored) == 0 && !attributes.count;
}

/* What is no folder. */
static int write_other(struct walk *walk, struct frame *frame, int folder, const char *name, const struct stat *st,
		       struct error *e)
{
	/* Layers have hard links to regular files alone. */
	bool is_linked = S_ISREG(st->st_mode) && st->st_nlink > 1;
	const char *first = is_linked ? hard_links_find(walk->links, st) : NULL;
	struct tar_entry entry = { .type = TAR_HARD_LINK, .path = walk->path.data, .target = first };

	if (S_ISREG(st->st_mode) && st->st_size == 0 && list_has(walk->how->stubs, walk->path.data))
		return 0;
	if ((S_ISCHR(st->st_mode) && st->st_rdev == 0) || (S_ISSOCK(st->st_mode) && walk->how->has_sockets)) {
		autofree char *mark = text_format("%.*s" MARK "%s", (int)frame->length, walk->path.data, name);

		return write_frames(walk, frame, e) ? -1 : write_mark(walk, mark, e);
	}
	if (frame->sees_lower && is_unchanged(walk, folder, name, st))
		return 0;
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode) || S_ISSOCK(st->st_mode)) {
		walk->report.left_out++;
		return 0;
	}
	if (write_frames(walk, frame, e))
		return -1;
	if (first)
		return write_header(walk, st, &entry, e);
	if (is_linked)
		hard_links_add(walk->links, st, walk->path.data);
	return write_named(walk, folder, name, st, e);
}

/* How the folder below looks, without the "/" at the end of the path at hand. */
static int look_below(struct walk *walk, struct stat *ret)
{
	autofree char *name =
		walk->path.length ? alloc_copy_bytes(walk->path.data, walk->path.length - 1) : alloc_copy(".");

	return walk->how->lower(name, ret, walk->how->data);
}

static bool is_opaque(int folder)
{
	char value = 0;

	return fgetxattr(folder, "user.overlay.opaque", &value, 1) == 1 && value == 'y';
}

/* What the folder is that was just entered, as far as its own names do not decide. */
static int judge(struct walk *walk, struct frame *frame, int folder, struct error *e)
{
	bool has_lower = frame->parent ? frame->parent->sees_lower : walk->how->has_lower;
	bool is_below = false;
	uint32_t uid = 0, gid = 0;
	struct stat st;

	if (fstat(folder, &frame->st))
		return error_sys(e, "look at the folder %s", walk->path.data);
	if (owner(walk, frame->st.st_uid, walk->how->overflow_uid, "user", &uid, e) ||
	    owner(walk, frame->st.st_gid, walk->how->overflow_gid, "group", &gid, e) ||
	    tar_attributes_read(folder, walk->path.data, true, &frame->attributes, e))
		return -1;
	/* The root of an image that has no layers yet is root's, 0755. */
	st = (struct stat){ .st_mode = 0755 };
	is_below = has_lower ? look_below(walk, &st) == 0 : !frame->parent;
	frame->is_changed = !is_below || st.st_uid != uid || st.st_gid != gid ||
			    (st.st_mode & 07777) != (frame->st.st_mode & 07777) || frame->attributes.count > 0;
	frame->hides = has_lower && is_below && is_opaque(folder);
	frame->sees_lower = has_lower && is_below && !frame->hides;
	return 0;
}

static int read_names(const struct walk *walk, int folder, struct list *ret, struct error *e)
{
	if (folder_names(folder, ret))
		return error_sys(e, "read the folder %s", walk->path.data);
	for (size_t i = 0; i < ret->count; i++) {
		if (!text_starts(ret->items[i], MARK))
			continue;
		error_set(e, ERROR_IMAGE,
			  "%s%s cannot be in a layer, where names that begin with \"" MARK
			  "\" mean that something is removed",
			  walk->path.data, ret->items[i]);
		return error_hint(e, "remove it in the same step, or give it another name");
	}
	return 0;
}

static int write_folder(struct walk *walk, struct frame *parent, int folder, int depth, struct error *e);

/* One name of a folder, which is added to the path. */
static int write_name(struct walk *walk, struct frame *frame, int folder, const char *name, int depth, struct error *e)
{
	autoclose int below = -1;
	struct stat st;

	text_add(&walk->path, name);
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW))
		return error_sys(e, "look at %s", walk->path.data);
	if (!S_ISDIR(st.st_mode))
		return write_other(walk, frame, folder, name, &st, e);
	below = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (below < 0)
		return error_sys(e, "open the folder %s", walk->path.data);
	text_add_char(&walk->path, '/');
	return write_folder(walk, frame, below, depth + 1, e);
}

static int write_names(struct walk *walk, struct frame *frame, int folder, int depth, struct error *e)
{
	autorelease(list) struct list names = { 0 };
	bool is_stub;

	if (read_names(walk, folder, &names, e))
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		if (write_name(walk, frame, folder, names.items[i], depth, e))
			return -1;
		walk->path.length = frame->length;
		walk->path.data[frame->length] = '\0';
	}
	if (frame->is_written || !(frame->is_changed || frame->hides))
		return 0;
	if (frame->length) {
		autofree char *name = alloc_copy_bytes(walk->path.data, frame->length - 1);

		/* Also one that holds nothing but stubs. */
		is_stub = list_has(walk->how->stubs, name);
		if (is_stub)
			return 0;
	}
	return write_frames(walk, frame, e);
}

/* walk->path is the folder's. */
static int write_folder(struct walk *walk, struct frame *parent, int folder, int depth, struct error *e)
{
	struct frame frame = { .parent = parent, .length = walk->path.length };
	int result;

	if (depth > walk->budget.limits->depth)
		return error_set(e, ERROR_IMAGE, "%.200s… lies below more than %lld folders", walk->path.data,
				 (long long)walk->budget.limits->depth);
	result = judge(walk, &frame, folder, e) ? -1 : write_names(walk, &frame, folder, depth, e);
	tar_attributes_release(&frame.attributes);
	return result;
}

int upper_tar_write(const struct upper_tar *how, int root, struct upper_report *ret, struct error *e)
{
	struct walk walk = { .how = how, .links = hard_links_new() };
	int result;

	budget_init(&walk.budget, budget_default_limits(), how->fd);
	text_add(&walk.path, ""); /* a text that was never added to has no bytes */
	result = write_folder(&walk, NULL, root, 0, e);
	if (result == 0 && walk.report.members)
		result = tar_write_end(how->fd, e);
	*ret = walk.report;
	hard_links_free(walk.links);
	text_release(&walk.path);
	return result ? -1 : 0;
}
