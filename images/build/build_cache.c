/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_cache.c - what steps of builds made before.
 *
 *     "box build cache 1\n" LENGTH-OF-KEY "\n" KEY "\n" (DIFF-ID " " DIGEST " " SIZE " " MEDIA-TYPE | "none") "\n"
 */
#include "images/build/build_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "base/text.h"
#include "images/commit_request.h"
#include "images/digest.h"
#include "images/layer.h"
#include "images/prune.h"
#include "images/store.h"

enum { BLOCK = 512, LIMIT = 8 << 20, SLOTS = 8, USE_S = 3600 };

static char *slot(const char *key, unsigned n)
{
	return text_format("build/cache/%08x%08zx-%u", text_hash(key), strlen(key), n);
}

/* What stands in front of the value in the key's file. */
static char *head_of(const char *key)
{
	return text_format("box build cache 1\n%zu\n%s\n", strlen(key), key);
}

/* Adds what the file holds behind the key: 1; 0: it is another key's; -1: there is no such file. */
static int read_slot(int store, const char *path, const char *head, struct text *ret)
{
	autorelease(text) struct text content = { 0 };
	struct error failed = { 0 };

	if (file_read(store, path, LIMIT, &content, &failed))
		return failed.sys == ENOENT ? -1 : 0;
	if (!content.length || !text_starts(content.data, head))
		return 0;
	text_add(ret, content.data + strlen(head));
	return 1;
}

/* "DIFF-ID DIGEST SIZE MEDIA-TYPE\n" */
static bool parse(char *value, struct commit_layer *ret)
{
	char *words[4], *rest = value;
	int64_t size;

	if (strcmp(value, "none\n") == 0) {
		*ret = (struct commit_layer){ 0 };
		return true;
	}
	for (size_t i = 0; i < 4; i++) {
		words[i] = rest;
		rest += strcspn(rest, " \n");
		if (!*rest)
			return false;
		*rest++ = '\0';
	}
	if (number_parse(words[2], 0, INT64_MAX, &size))
		return false;
	*ret = (struct commit_layer){ .diff_id = alloc_copy(words[0]), .digest = alloc_copy(words[1]), .size = size,
				      .media_type = alloc_copy(words[3]) };
	return true;
}

static bool is_there(int store, const struct commit_layer *layer)
{
	struct digest diff_id, blob;
	autofree char *path = NULL;

	if (!layer->diff_id)
		return true;
	if (digest_parse(layer->diff_id, &diff_id) || digest_parse(layer->digest, &blob))
		return false;
	path = store_blob_path(&blob);
	return (layer_has_folder(store, &diff_id) || layer_has_index(store, &diff_id)) && faccessat(store, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Its time says when it was last used, to the hour. */
static void note_use(int store, const char *path)
{
	struct stat st;

	if (fstatat(store, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && time(NULL) - st.st_mtime > USE_S)
		(void)utimensat(store, path, NULL, AT_SYMLINK_NOFOLLOW); /* an old time only makes it go earlier */
}

bool build_cache_find_text(int store, const char *key, struct text *ret)
{
	autofree char *head = head_of(key);

	for (unsigned n = 0; n < SLOTS; n++) {
		autofree char *path = slot(key, n);
		int found = read_slot(store, path, head, ret);

		if (found > 0)
			note_use(store, path);
		if (found)
			return found > 0;
	}
	return false;
}

bool build_cache_find(int store, const char *key, struct commit_layer *ret)
{
	autorelease(text) struct text value = { 0 };
	struct commit_layer layer = { 0 };

	if (!build_cache_find_text(store, key, &value) || !value.length)
		return false;
	if (parse(value.data, &layer) && is_there(store, &layer)) {
		*ret = layer;
		return true;
	}
	commit_layer_release(&layer);
	return false;
}

/* What a file of the cache says that it needs: the last line of a step's result; nothing of any other one. */
static void find_result(int store, const char *path, struct prune_cached *ret)
{
	autorelease(text) struct text content = { 0 };
	struct commit_layer layer = { 0 };
	struct error ignored = { 0 };
	const char *last;

	if (file_read(store, path, LIMIT, &content, &ignored) || content.length < 2)
		return;
	content.data[content.length - 1] = '\0';
	last = strrchr(content.data, '\n');
	content.data[content.length - 1] = '\n';
	if (last && parse(content.data + (last + 1 - content.data), &layer)) {
		ret->layer = take_ptr(&layer.diff_id);
		ret->blob = take_ptr(&layer.digest);
	}
	commit_layer_release(&layer);
}

static void list_folder(int store, const char *folder, bool has_results, struct prune_cached **ret, size_t *ret_count)
{
	autoclose int fd = openat(store, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autorelease(list) struct list names = { 0 };
	struct stat st;

	if (fd < 0 || folder_names(fd, &names))
		return; /* no build was made here */
	for (size_t i = 0; i < names.count; i++) {
		struct prune_cached *item;

		if (fstatat(fd, names.items[i], &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
			continue;
		item = alloc_append(ret, ret_count, sizeof **ret);
		*item = (struct prune_cached){ .name = text_format("%s/%s", folder, names.items[i]), .bytes = st.st_blocks * BLOCK,
					       .used_s = st.st_mtim.tv_sec };
		if (has_results)
			find_result(store, item->name, item);
	}
}

void build_cache_list(int store, struct prune_cached **ret, size_t *ret_count)
{
	size_t before;

	list_folder(store, "build/cache", /* has_results= */ true, ret, ret_count);
	list_folder(store, "build/digests", /* has_results= */ false, ret, ret_count);
	before = *ret_count;
	list_folder(store, "build/fetched", /* has_results= */ false, ret, ret_count);
	/* The build that fetched it would have removed it. */
	for (size_t i = before; i < *ret_count; i++)
		(*ret)[i].used_s = 0;
}

void build_cache_list_release(struct prune_cached *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(items[i].name);
		free(items[i].layer);
		free(items[i].blob);
	}
	free(items);
}

int build_cache_put_text(int store, const char *key, const char *value, struct error *e)
{
	autofree char *head = head_of(key);
	autorelease(text) struct text content = { 0 };
	autofree char *path = NULL;

	if (store_make_folder(store, "build/cache", e))
		return -1;
	for (unsigned n = 0; n < SLOTS; n++) {
		autorelease(text) struct text there = { 0 };

		free(path);
		path = slot(key, n);
		if (read_slot(store, path, head, &there) != 0)
			break; /* the key's own, or nobody's; where all are taken the last one goes */
	}
	text_add(&content, head);
	text_add(&content, value);
	return file_replace(store, path, content.data, content.length, 0600, e);
}

int build_cache_put(int store, const char *key, const struct commit_layer *layer, struct error *e)
{
	autofree char *value = !layer->diff_id ? alloc_copy("none\n")
					       : text_format("%s %s %" PRId64 " %s\n", layer->diff_id, layer->digest, layer->size,
							     layer->media_type);

	return build_cache_put_text(store, key, value, e);
}
