/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_tree.c - how names of a layer are found, made and replaced.
 *
 * Folders are looked up beneath the root with links followed inside it, as an image's "lib -> usr/lib" needs; the last part of a name is
 * never followed. The cached parent stays right as long as nothing is removed: new names cannot change what an old path leads to.
 */
#include "images/unpack/layer_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "images/unpack/apply_options.h"
#include "images/unpack/budget.h"
#include "images/unpack/member_name.h"

void layer_tree_init(struct layer_tree *tree, int root, const struct apply_options *options, struct budget *budget,
		     struct apply_report *report)
{
	*tree = (struct layer_tree){
		.root = root, .options = options, .budget = budget, .report = report, .parent = -1
	};
}

static void forget_parent(struct layer_tree *tree)
{
	if (tree->parent >= 0)
		close(tree->parent);
	tree->parent = -1;
	free(tree->parent_name);
	tree->parent_name = NULL;
}

void layer_tree_release(struct layer_tree *tree)
{
	forget_parent(tree);
	for (size_t i = 0; i < tree->folder_count; i++)
		free(tree->folders[i].name);
	free(tree->folders);
	tree->folders = NULL;
	tree->folder_count = 0;
}

/*
 * A folder that no member describes. Where a layer below has it, it looks as there: overlayfs shows the upper folder's owner and mode, and
 * a layer that only adds /tmp/x must not close /tmp, nor open /root. A member that comes later still has the last word.
 */
static int dress_folder(struct layer_tree *tree, int fd, const char *name, struct error *e)
{
	const struct apply_options *options = tree->options;
	struct timespec times[2] = { 0 };
	struct stat st;

	if (options->lower && options->lower(*name ? name : ".", &st, options->lower_data) == 0) {
		times[0] = times[1] = st.st_mtim;
		if (fchown(fd, st.st_uid, st.st_gid) || fchmod(fd, st.st_mode & 07777))
			return error_sys(e, "make the folder %s as it is in the layers below", name);
	}
	return layer_tree_remember(tree, name, times, e);
}

int layer_tree_begin(struct layer_tree *tree, struct error *e)
{
	return dress_folder(tree, tree->root, "", e);
}

/* Makes the folder base in parent, or enters it; a whiteout in its place becomes a folder that hides what is below. */
static int enter_folder(struct layer_tree *tree, int parent, const char *base, const char *name, struct error *e)
{
	bool is_hiding = false, is_new;
	autoclose int fd = -1;
	struct stat st;

	if (fstatat(parent, base, &st, AT_SYMLINK_NOFOLLOW) == 0 && whiteout_is(&st)) {
		if (unlinkat(parent, base, 0))
			return error_sys(e, "replace the whiteout of the folder %s", base);
		is_hiding = true;
	}
	if (budget_folder(tree->budget, e))
		return -1;
	is_new = mkdirat(parent, base, 0755) == 0;
	if (!is_new && errno != EEXIST)
		return error_sys(e, "make the folder %s", base);
	fd = openat(parent, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_sys(e, "enter the folder %s", base);
	if (is_hiding && whiteout_set_opaque(fd, e))
		return -1;
	if (is_new && !is_hiding && dress_folder(tree, fd, name, e))
		return -1;
	return take_fd(&fd);
}

/* Makes all of folder that is missing; its longest existing part is looked up as one path. */
static int make_folders(struct layer_tree *tree, const char *folder, struct error *e)
{
	autofree char *path = alloc_copy(folder);
	size_t length = strlen(path), end;
	autoclose int at = -1;

	while (at < 0 && length > 0) {
		while (length > 0 && path[length - 1] != '/')
			length--;
		while (length > 0 && path[length - 1] == '/')
			length--;
		path[length] = '\0';
		at = beneath_try(tree->root, length ? path : ".", O_PATH | O_DIRECTORY, 0);
		/* ENOTDIR: a file or whiteout on the way; enter_folder tells them apart. */
		if (at < 0 && errno != ENOENT && errno != ENOTDIR)
			return error_sys(e, "enter its folder");
	}
	if (at < 0)
		return error_sys(e, "enter its folder");
	for (const char *base = folder + length; *(base += strspn(base, "/")); base += end) {
		autofree char *name = NULL;
		autofree char *own = NULL;
		int next;

		end = strcspn(base, "/");
		own = alloc_copy_bytes(base, end);
		name = alloc_copy_bytes(folder, (size_t)(base - folder) + end);
		next = enter_folder(tree, at, own, name, e);
		if (next < 0)
			return -1;
		close(at);
		at = next;
	}
	return take_fd(&at);
}

/* The folder that name is in: as it is, or with is_made made where it is missing. Else -1 with errno, or with an error where it is made. */
static int find_parent(struct layer_tree *tree, const char *name, bool is_made, struct error *e)
{
	const char *base = member_name_base(name);
	size_t length = base > name ? (size_t)(base - name) - 1 : 0;
	autofree char *folder = alloc_copy_bytes(name, length);
	int fd;

	if (text_equal(tree->parent_name, folder))
		return tree->parent;
	fd = beneath_try(tree->root, *folder ? folder : ".", O_PATH | O_DIRECTORY, 0);
	if (fd < 0 && is_made)
		fd = errno == ENOENT || errno == ENOTDIR ? make_folders(tree, folder, e) : error_sys(e, "enter its folder");
	if (fd < 0)
		return -1;
	forget_parent(tree);
	tree->parent = fd;
	tree->parent_name = take_ptr(&folder);
	return fd;
}

int layer_tree_parent(struct layer_tree *tree, const char *name, struct error *e)
{
	return find_parent(tree, name, /* is_made= */ true, e);
}

int layer_tree_remove(struct layer_tree *tree, int parent, const char *base, struct error *e)
{
	struct stat st;

	if (fstatat(parent, base, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? REMOVED_NOTHING : error_sys(e, "look at what was there before");
	if (folder_remove(parent, base, e))
		return error_in(e, "replace what was there before");
	/* A link or folder that the cached path went through may be the one that is gone. parent itself stays open for the caller. */
	free(tree->parent_name);
	tree->parent_name = NULL;
	return S_ISDIR(st.st_mode) ? REMOVED_FOLDER : REMOVED_FILE;
}

int layer_tree_remember(struct layer_tree *tree, const char *name, const struct timespec times[2], struct error *e)
{
	struct folder_times *slot;

	tree->folder_bytes += (int64_t)(strlen(name) + sizeof *slot + 16);
	if (tree->folder_bytes > tree->budget->limits->folder_names)
		return error_set(e, ERROR_IMAGE, "it has too many folders");
	slot = alloc_append(&tree->folders, &tree->folder_count, sizeof *slot);
	slot->name = alloc_copy(name);
	slot->times[0] = times[0];
	slot->times[1] = times[1];
	return 0;
}

int layer_tree_set_times(struct layer_tree *tree, struct error *e)
{
	/* In the archive's order, so that the last word about a folder counts; none of these changes a parent's time. */
	for (size_t i = 0; i < tree->folder_count; i++) {
		const struct folder_times *folder = &tree->folders[i];
		const char *base = member_name_base(folder->name);
		autoclose int fd = -1;

		if (*base) {
			int parent = find_parent(tree, folder->name, /* is_made= */ false, e);

			fd = parent < 0 ? -1 : openat(parent, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		} else {
			fd = fcntl(tree->root, F_DUPFD_CLOEXEC, 0);
		}
		/* A later member may have put something else in the place of the folder, or of one above it. */
		if (fd >= 0 && futimens(fd, folder->times))
			return error_sys(e, "set the time of folder %s", folder->name);
	}
	return 0;
}
