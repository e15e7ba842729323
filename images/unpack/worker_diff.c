/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_diff.c - where two images differ, and why; in the sandbox.
 *
 * Both are read whole and compared name by name. For the first file whose content differs the layers are read once more: at which byte
 * it is, and what stands there, tells a date from a path.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "images/unpack/image_tree.h"
#include "images/unpack/wire.h"
#include "images/unpack/worker.h"
#include "images/unpack/worker_reading.h"

enum { CONTENT_LIMIT = 128 << 20, LINES = 1000, PATH_SHOWN = 700, VALUE_SHOWN = 100, BEFORE = 20, EXCERPT = 60 };

struct comparison {
	int channel;
	const struct worker_diff *diff;
	int64_t lines;
	bool has_byte; /* a differing content was looked into */
};

static void add_shown(struct text *line, const char *value, size_t limit)
{
	text_add_escaped(line, value, strnlen(value, limit));
	text_add_char(line, '\t');
}

static int tell(struct comparison *at, const char *what, const char *a, const char *b, const char *path,
		struct error *e)
{
	autorelease(text) struct text line = { 0 };

	if (++at->lines > LINES)
		return 0;
	add_shown(&line, what, VALUE_SHOWN);
	add_shown(&line, a, VALUE_SHOWN);
	add_shown(&line, b, VALUE_SHOWN);
	text_add_char(&line, '/');
	text_add_escaped(&line, path, strnlen(path, PATH_SHOWN));
	if (line.length >= WIRE_TEXT)
		line.data[WIRE_TEXT - 1] = '\0';
	return wire_ask(at->channel, WIRE_TELL, line.data, 0, NULL, NULL, e);
}

static int tell_numbers(struct comparison *at, const char *what, const char *format, int64_t a, int64_t b,
			const char *path, struct error *e)
{
	bool is_octal = strcmp(format, "%o") == 0;
	autofree char *left = is_octal ? text_format("%04o", (unsigned)a) : text_format("%lld", (long long)a);
	autofree char *right = is_octal ? text_format("%04o", (unsigned)b) : text_format("%lld", (long long)b);

	return a == b ? 0 : tell(at, what, left, right, path, e);
}

static const char *type_name(int type)
{
	static const struct {
		int type;
		const char *name;
	} names[] = { { TAR_FILE, "file" },   { TAR_LINK, "link" },        { TAR_FOLDER, "folder" },
		      { TAR_FIFO, "fifo" },   { TREE_REMOVED, "removed" }, { TAR_CHARACTER, "device" },
		      { TAR_BLOCK, "device" } };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (names[i].type == type)
			return names[i].name;
	return "entry";
}

static size_t keep_one(const char *path, const void *data)
{
	return strcmp(path, data) == 0 ? CONTENT_LIMIT : 0;
}

static int read_one(struct comparison *at, const struct list *layers, const char *path, struct image_tree *ret,
		    struct error *e)
{
	const struct tree_wish wish = {
		.channel = at->channel, .blobs = layers, .has_lower = true, .keep = keep_one, .data = path
	};

	return image_tree_read(&wish, ret, e);
}

/* The line around the byte that differs, in quotes. */
static char *excerpt(const struct tree_entry *entry, size_t at)
{
	size_t from = at > entry->kept_length ? entry->kept_length : at, to = from;

	while (from > 0 && at - from < BEFORE && entry->kept[from - 1] != '\n')
		from--;
	while (to < entry->kept_length && to - from < EXCERPT && entry->kept[to] != '\n')
		to++;
	return text_format("\"%.*s\"", (int)(to - from), entry->kept + from);
}

/* Where two contents begin to differ, and what stands there. */
struct place {
	char *what, *a, *b; /* NULL: they are too large to be held */
};

static void place_release(struct place *place)
{
	free(place->what);
	free(place->a);
	free(place->b);
}

static int find_byte(struct comparison *at, const char *path, struct place *ret, struct error *e)
{
	autorelease(image_tree) struct image_tree a = { 0 };
	autorelease(image_tree) struct image_tree b = { 0 };
	const struct tree_entry *left, *right;
	size_t n = 0;

	if (read_one(at, at->diff->a, path, &a, e) || read_one(at, at->diff->b, path, &b, e))
		return -1;
	left = image_tree_find(&a, path);
	right = image_tree_find(&b, path);
	if (!left || !right || !left->kept || !right->kept)
		return 0;
	while (n < left->kept_length && n < right->kept_length && left->kept[n] == right->kept[n])
		n++;
	*ret = (struct place){ text_format("content at byte %zu", n), excerpt(left, n), excerpt(right, n) };
	return 0;
}

static int compare_content(struct comparison *at, const struct tree_entry *a, const struct tree_entry *b,
			   struct error *e)
{
	autorelease(place) struct place place = { 0 };

	if (text_equal(a->content, b->content))
		return 0;
	if (!at->has_byte && find_byte(at, a->path, &place, e))
		return -1;
	at->has_byte = true;
	if (place.what)
		return tell(at, place.what, place.a, place.b, a->path, e);
	return tell(at, "content", a->content ? a->content : "", b->content ? b->content : "", a->path, e);
}

static int compare_both(struct comparison *at, const struct tree_entry *a, const struct tree_entry *b, struct error *e)
{
	const char *path = a->path;

	if (a->type != b->type)
		return tell(at, "kind", type_name(a->type), type_name(b->type), path, e);
	if (a->type == TREE_REMOVED)
		return 0;
	if (tell_numbers(at, "mode", "%o", a->mode, b->mode, path, e) ||
	    tell_numbers(at, "user", "%d", a->uid, b->uid, path, e) ||
	    tell_numbers(at, "group", "%d", a->gid, b->gid, path, e) ||
	    tell_numbers(at, "time", "%d", a->mtime, b->mtime, path, e) ||
	    tell_numbers(at, "nanoseconds", "%d", a->mtime_nsec, b->mtime_nsec, path, e))
		return -1;
	if (a->type == TAR_FILE &&
	    (tell_numbers(at, "size", "%d", a->size, b->size, path, e) || compare_content(at, a, b, e)))
		return -1;
	if (!text_equal(a->target, b->target) &&
	    tell(at, "target", a->target ? a->target : "", b->target ? b->target : "", path, e))
		return -1;
	if (!text_equal(a->attributes, b->attributes) && tell(at, "attributes", a->attributes ? a->attributes : "none",
							      b->attributes ? b->attributes : "none", path, e))
		return -1;
	if (a->is_opaque != b->is_opaque &&
	    tell(at, "hides", a->is_opaque ? "all below" : "nothing", b->is_opaque ? "all below" : "nothing", path, e))
		return -1;
	return tell_numbers(at, "device", "%d", (int64_t)a->major << 32 | a->minor, (int64_t)b->major << 32 | b->minor,
			    path, e);
}

static int compare_trees(struct comparison *at, const struct image_tree *a, const struct image_tree *b, struct error *e)
{
	size_t i = 0, k = 0;

	while (i < a->count || k < b->count) {
		int order = i == a->count ? 1 : k == b->count ? -1 : strcmp(a->items[i].path, b->items[k].path);
		int failed;

		if (order < 0)
			failed = tell(at, "only in the first", type_name(a->items[i].type), "", a->items[i].path, e);
		else if (order > 0)
			failed = tell(at, "only in the second", "", type_name(b->items[k].type), b->items[k].path, e);
		else
			failed = compare_both(at, &a->items[i], &b->items[k], e);
		if (failed)
			return -1;
		i += order <= 0;
		k += order >= 0;
	}
	return 0;
}

static int compare_images(struct comparison *at, struct error *e)
{
	const struct worker_diff *diff = at->diff;
	struct tree_wish wish = {
		.channel = at->channel, .blobs = diff->a, .has_lower = diff->has_lower, .hashes = true
	};
	autorelease(image_tree) struct image_tree a = { 0 };
	autorelease(image_tree) struct image_tree b = { 0 };
	char words[80];

	if (image_tree_read(&wish, &a, e))
		return error_in(e, "the first image");
	wish.blobs = diff->b;
	if (image_tree_read(&wish, &b, e))
		return error_in(e, "the second image");
	if (compare_trees(at, &a, &b, e))
		return -1;
	if (at->lines <= LINES)
		return 0;
	(void)snprintf(words, sizeof words, "%lld more differences are not listed",
		       (long long)(at->lines - LINES)); /* always fits */
	return wire_ask(at->channel, WIRE_WARN, words, 0, NULL, NULL, e);
}

int worker_diff(int channel, void *data)
{
	struct comparison at = { .channel = channel, .diff = data };
	struct error e = { 0 };

	if (compare_images(&at, &e) == 0 && wire_ask(channel, WIRE_DONE, NULL, 0, NULL, NULL, &e) == 0)
		return 0;
	worker_fail(channel, &e);
	return 1;
}
