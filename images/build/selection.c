/* SPDX-License-Identifier: Apache-2.0 */
/*
 * selection.c - what a COPY or ADD takes from a root.
 */
#include "images/build/selection.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "specs/build_glob.h"
#include "specs/build_ignore.h"
#include "specs/build_plan.h"

enum { DEPTH = 250, ITEMS = 4 << 20 };

struct walk {
	const struct selection_wish *wish;
	const struct build_source *source;
	struct build_ignore excludes; /* of the step */
	struct selection *selection;
	struct text path, name;       /* of what is at hand */
	size_t inside;                /* bytes of name in front of what excludes are about */
	int depth;
};

static void walk_release(struct walk *walk)
{
	build_ignore_release(&walk->excludes);
	text_release(&walk->path);
	text_release(&walk->name);
}

void selection_release(struct selection *selection)
{
	for (size_t i = 0; i < selection->count; i++) {
		free(selection->items[i].path);
		free(selection->items[i].name);
		free(selection->items[i].link);
	}
	free(selection->items);
	*selection = (struct selection){ 0 };
}

static void cut(struct text *text, size_t length)
{
	text->length = length;
	if (text->data)
		text->data[length] = '\0';
}

static void extend(struct text *text, const char *name)
{
	if (text->length && strcmp(text->data, ".") == 0)
		text_clear(text);
	if (text->length)
		text_add_char(text, '/');
	text_add(text, name);
}

static const char *words(const struct text *text)
{
	return text->data ? text->data : "";
}

/* What is at hand as excludes name it: below its source, or the source's own name. */
static const char *inner_name(const struct walk *walk)
{
	const char *name = words(&walk->name) + walk->inside;

	return *name == '/' ? name + 1 : name;
}

static bool is_hidden(const struct walk *walk)
{
	return (walk->wish->ignore && build_ignore_hides(walk->wish->ignore, words(&walk->path))) ||
	       (walk->excludes.count && *inner_name(walk) && build_ignore_hides(&walk->excludes, inner_name(walk)));
}

/* Whether something below the hidden folder at hand can be shown. */
static bool may_show(const struct walk *walk)
{
	const struct build_ignore *ignore = walk->wish->ignore;

	if (ignore && build_ignore_hides(ignore, words(&walk->path)) && !build_ignore_enters(ignore, words(&walk->path)))
		return false;
	return !walk->excludes.count || !build_ignore_hides(&walk->excludes, inner_name(walk)) ||
	       build_ignore_enters(&walk->excludes, inner_name(walk));
}

static int add_item(struct walk *walk, const struct stat *st, char *link, struct error *e)
{
	struct selected *item;

	if (walk->selection->count == ITEMS) {
		free(link);
		return error_set(e, ERROR_UNSUPPORTED, "copy more than %d files in one step", ITEMS);
	}
	item = alloc_append(&walk->selection->items, &walk->selection->count, sizeof *item);
	*item = (struct selected){ .path = alloc_copy(walk->path.length ? walk->path.data : "."), .name = alloc_copy(words(&walk->name)),
				   .link = link, .st = *st };
	if (!link)
		item->st.st_mode &= ~walk->wish->without;
	return 0;
}

static int add_link(struct walk *walk, int folder, const char *entry, const struct stat *st, struct error *e)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(folder, entry, target, sizeof target - 1);

	if (length < 0)
		return error_sys(e, "read the link %s", words(&walk->path));
	target[length] = '\0';
	return add_item(walk, st, alloc_copy(target), e);
}

static int add_folder(struct walk *walk, int folder, const struct stat *st, struct error *e);

/* What is called entry in the folder, and is at hand. */
static int add_entry(struct walk *walk, int folder, const char *entry, struct error *e)
{
	autoclose int below = -1;
	struct stat st;

	if (fstatat(folder, entry, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : error_sys(e, "look at %s", words(&walk->path));
	if (S_ISDIR(st.st_mode)) {
		if (is_hidden(walk) && !may_show(walk))
			return 0;
		below = openat(folder, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		return below < 0 ? error_sys(e, "open the folder %s", words(&walk->path)) : add_folder(walk, below, &st, e);
	}
	if (is_hidden(walk) || S_ISSOCK(st.st_mode) || S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode))
		return 0;
	return S_ISLNK(st.st_mode) ? add_link(walk, folder, entry, &st, e) : add_item(walk, &st, NULL, e);
}

/* A hidden folder is there for the sake of what it shows alone. */
static int add_folder(struct walk *walk, int folder, const struct stat *st, struct error *e)
{
	autorelease(list) struct list names = { 0 };
	size_t path = walk->path.length, name = walk->name.length, before;
	bool hidden = is_hidden(walk), is_root = path == 0 || strcmp(walk->path.data, ".") == 0;

	if (walk->depth == DEPTH)
		return error_set(e, ERROR_UNSUPPORTED, "%.200s… lies below more than %d folders", words(&walk->path), DEPTH);
	if (add_item(walk, st, NULL, e))
		return -1;
	if (folder_names(folder, &names))
		return error_sys(e, "read the folder %s", words(&walk->path));
	before = walk->selection->count;
	walk->depth++;
	for (size_t i = 0; i < names.count; i++) {
		cut(&walk->path, is_root ? 0 : path);
		extend(&walk->path, names.items[i]);
		extend(&walk->name, names.items[i]);
		if (add_entry(walk, folder, names.items[i], e))
			return -1;
		cut(&walk->name, name);
	}
	cut(&walk->path, is_root ? 0 : path);
	walk->depth--;
	if (hidden && walk->selection->count == before) {
		struct selected *last = &walk->selection->items[--walk->selection->count];

		free(last->path);
		free(last->name);
		free(last->link);
	}
	return 0;
}

/* --parents: the folders that lead to a source, as they are in the root. */
static int add_parents(struct walk *walk, const char *path, struct error *e)
{
	for (size_t at = walk->source->pivot; path[at]; at++) {
		autofree char *parent = NULL;
		struct stat st;
		int fd;

		if (path[at] != '/' || at <= walk->source->pivot)
			continue;
		parent = alloc_copy_bytes(path, at);
		fd = beneath_open(walk->wish->root, parent, O_PATH, 0, e);
		if (fd < 0)
			return -1;
		if (fstat(fd, &st)) {
			close(fd);
			return error_sys(e, "look at %s", parent);
		}
		close(fd);
		text_clear(&walk->path);
		text_add(&walk->path, parent);
		text_clear(&walk->name);
		text_add(&walk->name, parent + walk->source->pivot + (parent[walk->source->pivot] == '/'));
		if (add_item(walk, &st, NULL, e))
			return -1;
	}
	return 0;
}

/* Where a source itself lies in the target: a folder's content goes into it, a file keeps its name. */
static void name_source(struct walk *walk, const char *path, bool is_folder)
{
	const char *slash = strrchr(path, '/');

	text_clear(&walk->path);
	text_add(&walk->path, path);
	text_clear(&walk->name);
	if (walk->wish->step->parents)
		text_add(&walk->name, path + walk->source->pivot + (path[walk->source->pivot] == '/'));
	else if (!is_folder)
		text_add(&walk->name, slash ? slash + 1 : path);
	walk->inside = is_folder ? walk->name.length : 0;
}

/* One file or folder that a pattern names. *ret_found: it is there, and not hidden. */
static int add_source(struct walk *walk, const char *path, bool *ret_found, struct error *e)
{
	autoclose int source = beneath_try(walk->wish->root, path, O_PATH, 0), folder = -1;
	size_t before = walk->selection->count;
	struct stat st;

	*ret_found = false;
	if (source < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : error_sys(e, "open %s in %s", path, walk->wish->what);
	if (fstat(source, &st))
		return error_sys(e, "look at %s", path);
	if (walk->wish->step->parents && add_parents(walk, path, e))
		return -1;
	name_source(walk, path, S_ISDIR(st.st_mode));
	if (S_ISDIR(st.st_mode)) {
		if (is_hidden(walk) && !may_show(walk))
			return 0;
		folder = beneath_open(walk->wish->root, path, O_RDONLY | O_DIRECTORY, 0, e);
		if (folder < 0 || add_folder(walk, folder, &st, e))
			return -1;
	} else if (!is_hidden(walk) && (S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode))) {
		if (add_item(walk, &st, NULL, e))
			return -1;
		walk->selection->items[walk->selection->count - 1].is_source = true;
	}
	*ret_found = walk->selection->count > before;
	walk->selection->sources += *ret_found;
	return 0;
}

/* Everything below folder that the pattern takes; what it takes is not searched further. */
static int search(struct walk *walk, const struct build_glob *glob, struct text *folder, int depth, struct error *e)
{
	autoclose int fd = beneath_try(walk->wish->root, folder->length ? folder->data : ".", O_RDONLY | O_DIRECTORY, 0);
	autorelease(list) struct list names = { 0 };
	size_t length = folder->length;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : error_sys(e, "open the folder %s", words(folder));
	if (depth == DEPTH)
		return error_set(e, ERROR_UNSUPPORTED, "%.200s… lies below more than %d folders", words(folder), DEPTH);
	if (folder_names(fd, &names))
		return error_sys(e, "read the folder %s", words(&walk->path));
	for (size_t i = 0; i < names.count; i++) {
		struct stat st;
		bool found;

		cut(folder, length);
		extend(folder, names.items[i]);
		if (build_glob_match(glob, folder->data) ? add_source(walk, folder->data, &found, e)
		    : build_glob_leads(glob, folder->data) && fstatat(fd, names.items[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
				    S_ISDIR(st.st_mode) ? search(walk, glob, folder, depth + 1, e) : 0)
			return -1;
	}
	cut(folder, length);
	return 0;
}

static int add_matches(struct walk *walk, const struct build_glob *glob, struct error *e)
{
	autorelease(text) struct text folder = { 0 };
	size_t length = build_glob_folder(walk->source->path);
	bool found;

	if (glob->literal)
		return add_source(walk, *glob->literal ? glob->literal : ".", &found, e);
	text_add_bytes(&folder, walk->source->path, length);
	while (folder.length && folder.data[folder.length - 1] == '/')
		cut(&folder, folder.length - 1);
	return search(walk, glob, &folder, 0, e);
}

int selection_add(const struct selection_wish *wish, struct selection *ret, struct error *e)
{
	struct walk walk = { .wish = wish, .source = &wish->step->sources[wish->source], .selection = ret };
	struct build_glob glob = { 0 };
	size_t before = ret->sources;
	int result = build_glob_compile(walk.source->path, wish->step->parents, &glob, e) ||
		     build_ignore_add(&walk.excludes, &wish->step->excludes, e) || add_matches(&walk, &glob, e) ? -1 : 0;

	if (result == 0 && ret->sources == before) {
		result = error_set(e, ERROR_MISSING, "%s: there is no such file in %s", walk.source->path, wish->what);
		if (wish->ignore && wish->ignore->count)
			error_hint(e, "paths are relative to %s, and what its .dockerignore hides is as if it were not there", wish->what);
	}
	build_glob_release(&glob);
	walk_release(&walk);
	return result;
}

static void describe_item(const struct selected *item, bool has_owners, struct text *ret)
{
	static const char *const kinds[] = { [S_IFDIR >> 12] = "folder", [S_IFREG >> 12] = "file", [S_IFLNK >> 12] = "link",
					     [S_IFIFO >> 12] = "fifo" };
	const char *kind = kinds[(item->st.st_mode & S_IFMT) >> 12];

	text_addf(ret, "%s %04o %zu:%s", kind ? kind : "other", item->st.st_mode & 07777, strlen(item->name), item->name);
	if (has_owners)
		text_addf(ret, " %u:%u", item->st.st_uid, item->st.st_gid);
	if (item->link)
		text_addf(ret, " %zu:%s", strlen(item->link), item->link);
	text_addf(ret, " %s\n", item->digest);
}

void selection_describe(const struct selection *selection, bool has_owners, struct text *ret)
{
	for (size_t i = 0; i < selection->count; i++)
		describe_item(&selection->items[i], has_owners, ret);
}

char *selection_literal(const char *path)
{
	struct text pattern = { 0 };

	for (; *path; path++) {
		if (strchr("*?[\\", *path))
			text_add_char(&pattern, '\\');
		text_add_char(&pattern, *path);
	}
	return text_take(&pattern);
}
