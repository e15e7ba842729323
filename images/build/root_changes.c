/* SPDX-License-Identifier: Apache-2.0 */
/*
 * root_changes.c - what a step changed in a folder that is its whole root.
 *
 * Any change of a file, its mode, owner or attributes gives its inode a new ctime, which no program can set; a file that replaces another
 * is another inode. A folder that was removed and made again may have the number of the old one, but not its time of birth.
 */
#include "images/build/root_changes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/own_name.h"
#include "base/tar_attributes.h"
#include "base/tar_writer.h"
#include "base/text.h"

enum { DEPTH = 512, SECOND_NS = 1000000000, TICK_NS = 2000000 };

#define STATE (STATX_BASIC_STATS | STATX_BTIME)

struct root_state {
	char *name;
	struct statx st;
	struct root_state *names; /* of a folder, sorted */
	size_t count;
};

/* A folder while it is compared. */
struct frame {
	struct frame *parent;
	const char *name;                /* NULL: the root */
	const struct root_state *before; /* NULL: it was no folder */
	int folder, upper, lower;        /* upper: -1 until something in it is found. lower: -1 where there was none */
	bool is_new;                     /* it was another folder before */
};

static bool is_own(const struct root_changes *how, const struct statx *folder, const char *name)
{
	dev_t device = makedev(folder->stx_dev_major, folder->stx_dev_minor);

	for (size_t i = 0; i < how->own_count; i++)
		if (how->own[i].device == device && how->own[i].inode == folder->stx_ino && strcmp(how->own[i].name, name) == 0)
			return true;
	return false;
}

static int open_folder(int folder, const char *name, struct error *e)
{
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 ? fd : error_sys(e, "open the folder %s", name);
}

static int look(int folder, const char *name, struct statx *ret, struct error *e)
{
	return statx(folder, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATE, ret) ? error_sys(e, "look at %s", *name ? name : "a folder") : 0;
}

static int64_t ns_of(const struct statx_timestamp *time)
{
	return time->tv_sec * SECOND_NS + time->tv_nsec;
}

/* state->st is known, and folder is that one. */
static int read_folder(const struct root_changes *how, int folder, int depth, struct root_state *state, int64_t *latest, struct error *e)
{
	autorelease(list) struct list names = { 0 };

	if (depth > DEPTH)
		return error_set(e, ERROR_IMAGE, "%.80s lies below more than %d folders", state->name, DEPTH);
	if (folder_names(folder, &names))
		return error_sys(e, "read the folder %s", state->name);
	state->names = alloc_zeroed(names.count + 1, sizeof *state->names);
	for (size_t i = 0; i < names.count; i++) {
		struct root_state *child = &state->names[state->count];
		autoclose int below = -1;

		if (is_own(how, &state->st, names.items[i]))
			continue;
		child->name = alloc_copy(names.items[i]);
		state->count++;
		if (look(folder, child->name, &child->st, e))
			return -1;
		if (ns_of(&child->st.stx_ctime) > *latest)
			*latest = ns_of(&child->st.stx_ctime);
		if (!S_ISDIR(child->st.stx_mode))
			continue;
		below = open_folder(folder, child->name, e);
		if (below < 0 || read_folder(how, below, depth + 1, child, latest, e))
			return -1;
	}
	return 0;
}

/* The kernel takes ctimes from a clock that stands still for some milliseconds: what is changed from now on gets another one. */
static void wait_for_clock(int64_t latest)
{
	const struct timespec tick = { .tv_nsec = TICK_NS };
	struct timespec now;

	for (int i = 0; i < SECOND_NS / TICK_NS; i++) {
		(void)clock_gettime(CLOCK_REALTIME_COARSE, &now); /* cannot fail with this clock */
		if (now.tv_sec * (int64_t)SECOND_NS + now.tv_nsec > latest)
			return;
		(void)nanosleep(&tick, NULL); /* a signal only makes it shorter */
	}
}

int root_state_read(const struct root_changes *how, struct root_state **ret, struct error *e)
{
	struct root_state *state = alloc_zeroed(1, sizeof *state);
	int64_t latest = 0;

	state->name = alloc_copy("/");
	if (look(how->root, "", &state->st, e) || read_folder(how, how->root, 0, state, &latest, e)) {
		root_state_free(state);
		return -1;
	}
	wait_for_clock(latest);
	*ret = state;
	return 0;
}

static void release(struct root_state *state)
{
	for (size_t i = 0; i < state->count; i++)
		release(&state->names[i]);
	free(state->names);
	free(state->name);
}

void root_state_free(struct root_state *state)
{
	if (!state)
		return;
	release(state);
	free(state);
}

static void limit_time(const struct root_changes *how, int folder, const char *name, const struct statx *st)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = st->stx_mtime.tv_sec } };

	if (times[1].tv_sec > how->epoch)
		times[1].tv_sec = how->epoch;
	(void)utimensat(folder, name, times, AT_SYMLINK_NOFOLLOW); /* the layer has the right one all the same */
}

static int copy_attributes(int from, int to, const char *name, struct error *e)
{
	autorelease(tar_attributes) struct tar_attributes attributes = { 0 };

	if (tar_attributes_read(from, name, /* is_folder= */ true, &attributes, e))
		return -1;
	for (size_t i = 0; i < attributes.count; i++) {
		const struct tar_attribute *item = &attributes.items[i];

		if (fsetxattr(to, item->name, item->value, item->size, 0))
			return error_sys(e, "keep the attribute %s of %s", item->name, name);
	}
	return 0;
}

/* A folder of name in to, with owner and mode of st. */
static int make_folder(int to, const char *name, const struct statx *st, uint32_t id_base, struct error *e)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = st->stx_mtime.tv_sec } };
	autoclose int made = -1;

	if (mkdirat(to, name, 0700))
		return error_sys(e, "make the folder %s beside the root", name);
	made = open_folder(to, name, e);
	if (made < 0)
		return -1;
	if (fchown(made, id_base + st->stx_uid, id_base + st->stx_gid) || fchmod(made, st->stx_mode & 07777) || futimens(made, times))
		return error_sys(e, "give the folder %s beside the root to its owner", name);
	return take_fd(&made);
}

/* The folder in upper, and those above it. */
static int open_upper(const struct root_changes *how, struct frame *frame, struct error *e)
{
	struct statx st;

	if (frame->upper >= 0)
		return 0;
	if (open_upper(how, frame->parent, e) || look(frame->folder, "", &st, e))
		return -1;
	limit_time(how, frame->folder, ".", &st);
	if (st.stx_mtime.tv_sec > how->epoch)
		st.stx_mtime.tv_sec = how->epoch;
	frame->upper = make_folder(frame->parent->upper, frame->name, &st, 0, e);
	if (frame->upper < 0 || copy_attributes(frame->folder, frame->upper, frame->name, e))
		return -1;
	if (frame->is_new && fsetxattr(frame->upper, "user.overlay.opaque", "y", 1, 0))
		return error_sys(e, "mark the folder %s", frame->name);
	if (frame->before && frame->parent->lower >= 0)
		frame->lower = make_folder(frame->parent->lower, frame->name, &frame->before->st, how->id_base, e);
	return frame->before && frame->parent->lower >= 0 && frame->lower < 0 ? -1 : 0;
}

static void close_frame(struct frame *frame)
{
	const int fds[] = { frame->folder, frame->upper, frame->lower };

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int add_removed(const struct root_changes *how, struct frame *frame, const char *name, struct error *e)
{
	if (frame->is_new)
		return 0;
	if (open_upper(how, frame, e))
		return -1;
	return mknodat(frame->upper, name, S_IFSOCK | 0600, 0) ? error_sys(e, "note that %s was removed", name) : 0;
}

static bool is_empty_file(const struct statx *st)
{
	return S_ISREG(st->stx_mode) && st->stx_size == 0 && st->stx_nlink == 1;
}

/* In lower: what is as it was is no change there either. */
static int make_file(int to, const char *name, const struct statx *st, uint32_t id_base, struct error *e)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = st->stx_mtime.tv_sec } };
	autoclose int fd = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || fchown(fd, id_base + st->stx_uid, id_base + st->stx_gid) || fchmod(fd, st->stx_mode & 07777) || futimens(fd, times))
		return error_sys(e, "keep what %s was", name);
	return 0;
}

/* before: what had the name, or NULL. */
static int add_file(const struct root_changes *how, struct frame *frame, const struct root_state *before, const char *name,
		    const struct statx *st, struct error *e)
{
	if (!S_ISREG(st->stx_mode) && !S_ISLNK(st->stx_mode) && !S_ISFIFO(st->stx_mode))
		return 0; /* device nodes and sockets are in no layer */
	if (open_upper(how, frame, e))
		return -1;
	if (before && frame->lower >= 0 && is_empty_file(&before->st) && make_file(frame->lower, name, &before->st, how->id_base, e))
		return -1;
	limit_time(how, frame->folder, name, st);
	return linkat(frame->folder, name, frame->upper, name, 0) ? error_sys(e, "keep %s", name) : 0;
}

static int compare_folder(const struct root_changes *how, struct frame *frame, int depth, struct error *e);

/* before: the folder that had the name, or NULL. */
static int enter(const struct root_changes *how, struct frame *parent, const struct root_state *before, const char *name,
		 const struct statx *st, int depth, struct error *e)
{
	struct frame frame = { .parent = parent, .name = name, .before = before, .upper = -1, .lower = -1 };
	bool is_same = before && before->st.stx_ino == st->stx_ino && ns_of(&before->st.stx_btime) == ns_of(&st->stx_btime);
	int result;

	frame.is_new = before && !is_same;
	frame.folder = open_folder(parent->folder, name, e);
	if (frame.folder < 0)
		return -1;
	result = compare_folder(how, &frame, depth + 1, e);
	/* An attribute's change shows as little as a new name in it: it is written where it has attributes. */
	if (result == 0 && (!is_same || before->st.stx_mode != st->stx_mode || before->st.stx_uid != st->stx_uid ||
			    before->st.stx_gid != st->stx_gid || ns_of(&before->st.stx_ctime) != ns_of(&st->stx_ctime)))
		result = open_upper(how, &frame, e);
	close_frame(&frame);
	return result;
}

static bool is_changed(const struct statx *a, const struct statx *b)
{
	return a->stx_ino != b->stx_ino || ns_of(&a->stx_ctime) != ns_of(&b->stx_ctime) || (a->stx_mode & S_IFMT) != (b->stx_mode & S_IFMT);
}

/* What is there now under a name. */
static int compare_name(const struct root_changes *how, struct frame *frame, const struct root_state *before, const char *name, int depth,
			struct error *e)
{
	struct statx st;

	if (look(frame->folder, name, &st, e))
		return -1;
	if (S_ISDIR(st.stx_mode))
		return enter(how, frame, before && S_ISDIR(before->st.stx_mode) && !frame->is_new ? before : NULL, name, &st, depth, e);
	return before && !frame->is_new && !is_changed(&before->st, &st) ? 0 : add_file(how, frame, before, name, &st, e);
}

static int compare_folder(const struct root_changes *how, struct frame *frame, int depth, struct error *e)
{
	const struct root_state *before = frame->before;
	autorelease(list) struct list names = { 0 };
	size_t count = before ? before->count : 0, at = 0;
	struct statx st;

	if (depth > DEPTH)
		return error_set(e, ERROR_IMAGE, "%.80s lies below more than %d folders", frame->name, DEPTH);
	if (look(frame->folder, "", &st, e))
		return -1;
	if (folder_names(frame->folder, &names))
		return error_sys(e, "read the folder %s", frame->name ? frame->name : "/");
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.items[i];

		if (is_own(how, &st, name))
			continue;
		for (; at < count && strcmp(before->names[at].name, name) < 0; at++)
			if (add_removed(how, frame, before->names[at].name, e))
				return -1;
		if (compare_name(how, frame, at < count && strcmp(before->names[at].name, name) == 0 ? &before->names[at++] : NULL, name,
				 depth, e))
			return -1;
	}
	for (; at < count; at++)
		if (add_removed(how, frame, before->names[at].name, e))
			return -1;
	return 0;
}

int root_changes_find(const struct root_changes *how, const struct root_state *before, int to, struct error *e)
{
	struct frame root = { .before = before, .folder = how->root, .upper = -1, .lower = -1 };
	struct statx st;
	int result;

	if (look(how->root, "", &st, e))
		return -1;
	root.upper = make_folder(to, "upper", &st, 0, e);
	root.lower = root.upper < 0 ? -1 : make_folder(to, "lower", &before->st, how->id_base, e);
	result = root.lower < 0 || copy_attributes(how->root, root.upper, "/", e) || compare_folder(how, &root, 0, e) ? -1 : 0;
	root.folder = -1; /* the caller's */
	close_frame(&root);
	return result;
}
