/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_tree.c - what several layers show together.
 *
 * Each layer becomes a sorted list, and goes over what the layers before it made: a name hides the same name, and all below it where it is
 * no folder, was removed, or is an opaque folder.
 */
#include "images/unpack/image_tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "images/tar_reader.h"
#include "images/unpack/budget.h"
#include "images/unpack/hash.h"
#include "images/unpack/stream.h"
#include "images/unpack/wire.h"

#define MARK        ".wh."
#define MARK_OPAQUE ".wh..opq" /* behind MARK */

struct reading {
	const struct tree_wish *wish;
	struct tar_reader *reader;
	struct budget budget;
	struct image_tree tree; /* of the layer at hand, not sorted */
};

static void entry_release(struct tree_entry *entry)
{
	free(entry->path);
	free(entry->target);
	free(entry->attributes);
	free(entry->content);
	free(entry->kept);
}

void image_tree_release(struct image_tree *tree)
{
	int saved = errno;

	for (size_t i = 0; i < tree->count; i++)
		entry_release(&tree->items[i]);
	free(tree->items);
	*tree = (struct image_tree){ 0 };
	errno = saved;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct tree_entry *)a)->path, ((const struct tree_entry *)b)->path);
}

const struct tree_entry *image_tree_find(const struct image_tree *tree, const char *path)
{
	const struct tree_entry wanted = { .path = (char *)(uintptr_t)path }; /* only read */

	return tree->count ? bsearch(&wanted, tree->items, tree->count, sizeof *tree->items, compare) : NULL;
}

/* "./etc/passwd", "/etc/", "etc" without what is for tars; to be freed. */
static char *clean(const char *name)
{
	size_t length;

	while (text_starts(name, "./") || *name == '/')
		name += *name == '/' ? 1 : 2;
	length = strcmp(name, ".") == 0 ? 0 : strlen(name);
	while (length && name[length - 1] == '/')
		length--;
	return alloc_copy_bytes(name, length);
}

static char *digest_of(struct hash *hash)
{
	char words[DIGEST_TEXT];
	struct digest digest;

	hash_end(hash, &digest);
	digest_text(&digest, words);
	return alloc_copy(words);
}

static int add_attributes(const struct tar_member *member, struct tree_entry *entry, struct error *e)
{
	autorelease(hash) struct hash *hash = hash_begin(DIGEST_SHA256, e);

	if (!hash)
		return -1;
	/* In the order of the tar, which box writes sorted. */
	for (size_t i = 0; i < member->xattr_count; i++) {
		hash_add(hash, member->xattrs[i].name, strlen(member->xattrs[i].name) + 1);
		hash_add(hash, &member->xattrs[i].size, sizeof member->xattrs[i].size);
		hash_add(hash, member->xattrs[i].value, member->xattrs[i].size);
	}
	entry->attributes = digest_of(hash);
	return 0;
}

static int add_content(struct reading *reading, struct tree_entry *entry, struct error *e)
{
	const struct tree_wish *wish = reading->wish;
	size_t limit = wish->keep ? wish->keep(entry->path, wish->data) : 0;
	bool is_kept = limit && entry->size <= (int64_t)limit;
	autorelease(hash) struct hash *hash = wish->hashes ? hash_begin(DIGEST_SHA256, e) : NULL;
	autorelease(text) struct text kept = { 0 };
	const unsigned char *bytes;
	ssize_t got;

	if ((wish->hashes && !hash) || (!wish->hashes && !is_kept))
		return wish->hashes ? -1 : 0;
	while ((got = tar_reader_content(reading->reader, &bytes, e)) > 0) {
		if (hash)
			hash_add(hash, bytes, (size_t)got);
		if (is_kept)
			text_add_bytes(&kept, bytes, (size_t)got);
	}
	if (got < 0)
		return -1;
	entry->content = hash ? digest_of(hash) : NULL;
	entry->kept_length = kept.length;
	entry->kept = is_kept ? text_take(&kept) : NULL;
	return 0;
}

/* A file of several names: each is as the first. */
static int add_hard_link(struct reading *reading, const struct tar_member *member, struct tree_entry *entry,
			 struct error *e)
{
	autofree char *target = clean(member->target ? member->target : "");

	for (size_t i = reading->tree.count - 1; i-- > 0;) {
		const struct tree_entry *first = &reading->tree.items[i];

		if (strcmp(first->path, target) != 0)
			continue;
		entry->type = first->type;
		entry->size = first->size;
		entry->target = alloc_copy(first->target);
		entry->attributes = alloc_copy(first->attributes);
		entry->content = alloc_copy(first->content);
		entry->kept = first->kept ? alloc_copy_bytes(first->kept, first->kept_length) : NULL;
		entry->kept_length = first->kept_length;
		return 0;
	}
	return error_set(e, ERROR_IMAGE, "the hard link %s leads to %s, which its layer does not have", entry->path,
			 target);
}

/* ".wh.NAME" is NAME, removed; ".wh..wh..opq" makes its folder opaque. */
static void take_mark(struct tree_entry *entry)
{
	char *name = strrchr(entry->path, '/');

	name = name ? name + 1 : entry->path;
	if (!text_starts(name, MARK))
		return;
	entry->type = TREE_REMOVED;
	if (strcmp(name + strlen(MARK), MARK_OPAQUE) == 0) {
		entry->is_opaque = true;
		name[name > entry->path ? -1 : 0] = '\0';
		return;
	}
	memmove(name, name + strlen(MARK), strlen(name + strlen(MARK)) + 1);
}

static int add_member(struct reading *reading, const struct tar_member *member, struct error *e)
{
	struct tree_entry *entry;

	if (budget_entry(&reading->budget, e))
		return -1;
	entry = alloc_append(&reading->tree.items, &reading->tree.count, sizeof *entry);
	*entry = (struct tree_entry){ .path = clean(member->name),
				      .type = (int)member->type,
				      .mode = member->mode & 07777,
				      .uid = member->uid,
				      .gid = member->gid,
				      .mtime = member->mtime,
				      .mtime_nsec = member->mtime_nsec,
				      .size = member->size,
				      .major = member->major,
				      .minor = member->minor };
	take_mark(entry);
	if (entry->type == TREE_REMOVED)
		return 0;
	if (entry->type == TAR_HARD_LINK)
		return add_hard_link(reading, member, entry, e);
	if (entry->type == TAR_LINK)
		entry->target = alloc_copy(member->target);
	if (reading->wish->hashes && member->xattr_count && add_attributes(member, entry, e))
		return -1;
	return entry->type == TAR_FILE ? add_content(reading, entry, e) : 0;
}

static ssize_t next_bytes(void *data, const unsigned char **ret, struct error *e)
{
	return stream_next(data, ret, e);
}

static void exchange(struct tree_entry *one, struct tree_entry *other)
{
	struct tree_entry kept = *one;

	*one = *other;
	*other = kept;
}

/* Of names that are equal the last one counts; a mark for an opaque folder goes into the folder's own entry. The others gather behind. */
static void sort(struct image_tree *tree)
{
	size_t kept = 0;

	if (tree->count)
		qsort(tree->items, tree->count, sizeof *tree->items, compare);
	for (size_t i = 0; i < tree->count; i++) {
		struct tree_entry *entry = &tree->items[i], *last = kept ? &tree->items[kept - 1] : NULL;

		if (!last || strcmp(last->path, entry->path) != 0) {
			exchange(&tree->items[kept++], entry);
			continue;
		}
		entry->is_opaque = last->is_opaque = entry->is_opaque || last->is_opaque;
		if (entry->type != TREE_REMOVED)
			exchange(last, entry);
	}
	for (size_t i = kept; i < tree->count; i++)
		entry_release(&tree->items[i]);
	tree->count = kept;
}

static int read_layer(const struct tree_wish *wish, const char *blob, struct image_tree *ret, struct error *e)
{
	struct reading reading = { .wish = wish };
	autofree char *digest = alloc_copy_bytes(blob, strcspn(blob, " "));
	autorelease(stream) struct stream *stream = NULL;
	struct tar_member member;
	autoclose int fd = -1;
	int64_t size;
	int got;

	if (!strchr(blob, ' ') || number_parse(strchr(blob, ' ') + 1, 0, INT64_MAX, &size))
		return error_set(e, ERROR_INTERNAL, "\"%s\" is no layer", blob);
	budget_init(&reading.budget, budget_default_limits(), -1);
	if (wire_ask(wish->channel, WIRE_BLOB, digest, size, NULL, &fd, e))
		return -1;
	stream = stream_open(fd, DIGEST_SHA256, &reading.budget, e);
	if (!stream)
		return -1;
	reading.reader = tar_reader_new(next_bytes, stream);
	while ((got = tar_reader_next(reading.reader, &member, e)) > 0)
		if (add_member(&reading, &member, e)) {
			got = -1;
			break;
		}
	tar_reader_free(reading.reader);
	if (got) {
		image_tree_release(&reading.tree);
		return error_in(e, "the layer %.19s…", digest);
	}
	sort(&reading.tree);
	*ret = reading.tree;
	return 0;
}

/* Whether something in upper takes away what lies below path. */
static bool is_hidden(const struct image_tree *upper, const char *path)
{
	autofree char *name = alloc_copy(path);
	const struct tree_entry *entry;

	if (image_tree_find(upper, name))
		return true;
	for (char *slash = name + strlen(name); slash >= name; slash--) {
		if (*slash != '/' && slash != name)
			continue;
		*slash = '\0';
		entry = image_tree_find(upper, name);
		if (entry && (entry->is_opaque || entry->type != TAR_FOLDER))
			return true;
	}
	return false;
}

/* tree gets upper on top; upper is empty then. */
static void cover(struct image_tree *tree, struct image_tree *upper, bool keeps_removed)
{
	struct image_tree both = { 0 };

	for (size_t i = 0; i < tree->count; i++) {
		if (is_hidden(upper, tree->items[i].path))
			entry_release(&tree->items[i]);
		else
			*(struct tree_entry *)alloc_append(&both.items, &both.count, sizeof *both.items) =
				tree->items[i];
	}
	for (size_t i = 0; i < upper->count; i++) {
		/* A mark alone says nothing where nothing is below. */
		if (upper->items[i].type == TREE_REMOVED && !keeps_removed)
			entry_release(&upper->items[i]);
		else
			*(struct tree_entry *)alloc_append(&both.items, &both.count, sizeof *both.items) =
				upper->items[i];
	}
	free(tree->items);
	free(upper->items);
	*upper = (struct image_tree){ 0 };
	if (both.count)
		qsort(both.items, both.count, sizeof *both.items, compare);
	*tree = both;
}

int image_tree_read(const struct tree_wish *wish, struct image_tree *ret, struct error *e)
{
	autorelease(image_tree) struct image_tree tree = { 0 };

	for (size_t i = 0; i < wish->blobs->count; i++) {
		struct image_tree layer = { 0 };

		if (read_layer(wish, wish->blobs->items[i], &layer, e))
			return -1;
		cover(&tree, &layer, wish->has_lower);
	}
	*ret = tree;
	tree = (struct image_tree){ 0 };
	return 0;
}
