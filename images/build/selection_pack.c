/* SPDX-License-Identifier: Apache-2.0 */
/*
 * selection_pack.c - a selection as a tar.
 */
#include "images/build/selection_pack.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hard_links.h"
#include "base/tar_attributes.h"
#include "base/tar_writer.h"
#include "base/text.h"
#include "images/build/mode_words.h"
#include "images/build/selection.h"
#include "specs/build_plan.h"

struct pack {
	const struct pack_wish *wish;
	struct hard_links *links;
};

static int begin(const struct pack *pack, const struct selected *item, struct tar_entry *ret, struct error *e)
{
	const struct pack_wish *wish = pack->wish;

	*ret = (struct tar_entry){ .path = item->name, .mode = item->st.st_mode & 07777, .mtime = { .tv_sec = wish->epoch } };
	if (wish->is_image) {
		ret->uid = item->st.st_uid;
		ret->gid = item->st.st_gid;
		ret->mtime = item->st.st_mtim;
	}
	if (wish->chmod && !item->link)
		return mode_words_apply(wish->chmod, ret->mode, S_ISDIR(item->st.st_mode), &ret->mode, e);
	return 0;
}

/* Its content, as far as the kernel tells: nobody can set a ctime. */
static bool is_as_found(const struct selected *item, const struct stat *st)
{
	const struct stat *found = &item->st;

	if (st->st_ino != found->st_ino || st->st_dev != found->st_dev)
		return false;
	return !S_ISREG(found->st_mode) ||
	       (st->st_size == found->st_size && st->st_mtim.tv_sec == found->st_mtim.tv_sec && st->st_mtim.tv_nsec == found->st_mtim.tv_nsec &&
		st->st_ctim.tv_sec == found->st_ctim.tv_sec && st->st_ctim.tv_nsec == found->st_ctim.tv_nsec);
}

static int check(int fd, const struct selected *item, struct error *e)
{
	struct stat st;

	if (fstat(fd, &st))
		return error_sys(e, "look at %s", item->path);
	return is_as_found(item, &st) ? 0 : error_set(e, ERROR_EXISTS, "copy %s: it was changed while it was copied", item->path);
}

/* FIFOs and devices do not wait. */
int selection_open(int root, const struct selected *item, struct error *e)
{
	int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | (S_ISDIR(item->st.st_mode) ? O_DIRECTORY : 0);
	autoclose int fd = beneath_open(root, item->path, flags, 0, e);

	return fd < 0 || check(fd, item, e) ? -1 : take_fd(&fd);
}

/* A folder or file, with its attributes and content. */
static int pack_opened(struct pack *pack, const struct selected *item, struct tar_entry *entry, struct error *e)
{
	autorelease(tar_attributes) struct tar_attributes attributes = { 0 };
	autoclose int fd = selection_open(pack->wish->root, item, e);

	if (fd < 0 || (pack->wish->is_image && tar_attributes_read(fd, item->path, entry->type == TAR_FOLDER, &attributes, e)))
		return -1;
	entry->attributes = attributes.items;
	entry->attribute_count = attributes.count;
	if (tar_write_header(pack->wish->out, entry, e))
		return -1;
	if (entry->type != TAR_FILE)
		return 0;
	/* Looked at once more behind it: the cache's key has the digest that it had before. */
	return tar_write_content(pack->wish->out, item->path, fd, entry->size, NULL, e) || check(fd, item, e) ? -1 : 0;
}

static int pack_folder(struct pack *pack, const struct selected *item, struct tar_entry *entry, struct error *e)
{
	autofree char *name = text_format("%s/", *item->name ? item->name : ".");

	entry->type = TAR_FOLDER;
	entry->path = name;
	return pack_opened(pack, item, entry, e);
}

static int pack_file(struct pack *pack, const struct selected *item, struct tar_entry *entry, struct error *e)
{
	bool is_linked = pack->wish->is_image && item->st.st_nlink > 1;
	const char *first = is_linked ? hard_links_find(pack->links, &item->st) : NULL;

	if (first) {
		entry->type = TAR_HARD_LINK;
		entry->target = first;
		return tar_write_header(pack->wish->out, entry, e);
	}
	entry->type = TAR_FILE;
	entry->size = item->st.st_size;
	if (is_linked)
		hard_links_add(pack->links, &item->st, item->name);
	return pack_opened(pack, item, entry, e);
}

static int pack_item(struct pack *pack, const struct selected *item, struct error *e)
{
	struct tar_entry entry;

	if (begin(pack, item, &entry, e))
		return -1;
	if (S_ISDIR(item->st.st_mode))
		return pack_folder(pack, item, &entry, e);
	if (S_ISREG(item->st.st_mode))
		return pack_file(pack, item, &entry, e);
	entry.type = item->link ? TAR_LINK : TAR_FIFO;
	entry.target = item->link;
	return tar_write_header(pack->wish->out, &entry, e);
}

static int pack_inline(const struct pack_wish *wish, const struct build_inline *file, struct error *e)
{
	struct tar_entry entry = { .type = TAR_FILE, .path = file->name, .mode = 0644, .size = (int64_t)file->length,
				   .mtime = { .tv_sec = wish->epoch } };
	autoclose int content = file_in_memory("inline", file->content, file->length);

	if (content < 0)
		return error_sys(e, "keep the content of %s", file->name);
	if (wish->chmod && mode_words_apply(wish->chmod, entry.mode, /* is_folder= */ false, &entry.mode, e))
		return -1;
	return tar_write_header(wish->out, &entry, e) || tar_write_content(wish->out, file->name, content, entry.size, NULL, e) ? -1 : 0;
}

/* Folders as they come, before all that they hold; then the rest from its end. */
static int pack_reversed(struct pack *pack, const struct selection *selection, struct error *e)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < selection->count; i++)
		if (S_ISDIR(selection->items[i].st.st_mode))
			result = pack_item(pack, &selection->items[i], e);
	for (size_t i = selection->count; result == 0 && i > 0; i--)
		if (!S_ISDIR(selection->items[i - 1].st.st_mode))
			result = pack_item(pack, &selection->items[i - 1], e);
	return result;
}

int selection_pack_part(const struct selection *selection, const struct pack_wish *wish, struct error *e)
{
	struct pack pack = { .wish = wish, .links = hard_links_new() };
	int result = wish->is_reversed ? pack_reversed(&pack, selection, e) : 0;

	for (size_t i = 0; !wish->is_reversed && result == 0 && i < selection->count; i++)
		result = pack_item(&pack, &selection->items[i], e);
	hard_links_free(pack.links);
	return result;
}

int selection_pack_rest(const struct pack_wish *wish, struct error *e)
{
	for (size_t i = 0; i < wish->file_count; i++)
		if (pack_inline(wish, &wish->files[i], e))
			return -1;
	return tar_write_end(wish->out, e);
}

int selection_pack(const struct selection *selection, const struct pack_wish *wish, struct error *e)
{
	return selection_pack_part(selection, wish, e) || selection_pack_rest(wish, e) ? -1 : 0;
}
