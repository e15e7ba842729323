/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index_writer.c - a layer's names in memory as an EROFS index.
 *
 * Two walks over one list of inodes, which has them in the order in which a walk by breadth meets them: the first gives each its place, the
 * second writes. index_verify.c makes the same walk over the bytes, and takes no other order.
 */
#include "images/unpack/index_writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id_map.h"
#include "base/text.h"
#include "images/erofs_format.h"
#include "images/unpack/index_tree.h"

enum { FLUSH = 256 << 10 };

struct writer {
	struct index_inode **inodes;
	size_t inode_count;
	struct text out;
	uint64_t written;
	int fd;
};

/* How names of extended attributes are cut: the kernel has a number for what stands before the point. */
static const char *xattr_rest(const char *name, uint8_t *ret_index)
{
	static const char user[] = "user.", security[] = "security.";

	if (text_starts(name, user)) {
		*ret_index = EROFS_NAME_USER;
		return name + sizeof user - 1;
	}
	*ret_index = EROFS_NAME_SECURITY;
	return name + sizeof security - 1;
}

static uint32_t xattrs_size(const struct index_inode *inode)
{
	uint64_t size = sizeof(struct erofs_xattr_header);
	uint8_t index;

	for (const struct index_xattr *x = inode->xattrs; x; x = x->next)
		size += erofs_align(sizeof(struct erofs_xattr) + strlen(xattr_rest(x->name, &index)) + x->size, EROFS_XATTR_ALIGN);
	return inode->xattrs ? (uint32_t)size : 0;
}

/* Names of a folder with "." and "..", sorted by their bytes. */
static struct index_name *all_names(struct index_inode *folder)
{
	struct index_name *names = alloc_zeroed(folder->name_count + 2, sizeof *names);
	const struct index_name dots[] = { { ".", folder }, { "..", folder->parent } };
	size_t count = 0, dot = 0;

	for (size_t i = 0; i < folder->name_count; i++) {
		while (dot < 2 && strcmp(dots[dot].name, folder->sorted[i]->name) < 0)
			names[count++] = dots[dot++];
		names[count++] = *folder->sorted[i];
	}
	while (dot < 2)
		names[count++] = dots[dot++];
	return names;
}

static uint8_t type_of(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR: return EROFS_FOLDER;
	case S_IFLNK: return EROFS_LINK;
	case S_IFIFO: return EROFS_FIFO;
	case S_IFCHR: return EROFS_DEVICE;
	default: return EROFS_FILE;
	}
}

/* One block: entries, then their names. */
static void pack_block(const struct index_name *names, size_t count, struct text *out)
{
	size_t at = count * sizeof(struct erofs_dirent);

	for (size_t i = 0; i < count; i++) {
		const struct erofs_dirent dirent = {
			.nid = names[i].inode->at >> EROFS_NID_BITS, .name_at = (uint16_t)at, .type = type_of(names[i].inode->mode)
		};

		text_add_bytes(out, &dirent, sizeof dirent);
		at += strlen(names[i].name);
	}
	for (size_t i = 0; i < count; i++)
		text_add(out, names[i].name);
}

static void add_zeros(struct text *out, size_t count)
{
	static const char zeros[EROFS_BLOCK];

	for (; count > EROFS_BLOCK; count -= EROFS_BLOCK)
		text_add_bytes(out, zeros, EROFS_BLOCK);
	text_add_bytes(out, zeros, count);
}

/* How many of the names fit into one block. */
static size_t fitting(const struct index_name *names, size_t count)
{
	size_t used = 0, i;

	for (i = 0; i < count; i++) {
		used += sizeof(struct erofs_dirent) + strlen(names[i].name);
		if (used > EROFS_BLOCK)
			break;
	}
	return i;
}

/* All blocks of a folder; the last one is as long as it has to be. */
static void pack_folder(struct index_inode *folder, struct text *out)
{
	autofree struct index_name *names = all_names(folder);
	size_t count = folder->name_count + 2, start = out->length;

	for (size_t at = 0, fit; at < count; at += fit) {
		add_zeros(out, erofs_align(out->length - start, EROFS_BLOCK) - (out->length - start));
		fit = fitting(names + at, count - at);
		pack_block(names + at, fit, out);
	}
}

/* The inode gets its place behind at; returns where the next one may begin. */
static uint64_t place(struct index_inode *inode, uint64_t at)
{
	uint64_t head;

	inode->xattr_size = xattrs_size(inode);
	head = sizeof(struct erofs_inode) + inode->xattr_size;
	at = erofs_align(at, 1 << EROFS_NID_BITS);
	if (S_ISLNK(inode->mode)) {
		inode->content_size = (uint32_t)strlen(inode->target);
		inode->is_inline = head + inode->content_size <= EROFS_BLOCK;
		head += inode->is_inline ? inode->content_size : 0;
		/* A target beside its inode has to be in one block with it. */
		if (inode->is_inline && at / EROFS_BLOCK != (at + head - 1) / EROFS_BLOCK)
			at = erofs_align(at, EROFS_BLOCK);
	} else if (S_ISREG(inode->mode) && inode->size) {
		head = erofs_align(head, EROFS_CHUNK_ALIGN) + sizeof(struct erofs_chunk);
	}
	inode->at = at;
	return at + head;
}

static void meet(struct writer *w, struct index_inode *inode, uint64_t *at)
{
	struct index_inode **slot;

	inode->links++;
	if (inode->at)
		return;
	slot = alloc_append(&w->inodes, &w->inode_count, sizeof *slot);
	*slot = inode;
	*at = place(inode, *at);
}

/* Gives every inode its place; where the blocks behind them begin. */
static int place_inodes(struct writer *w, struct index_tree *tree, uint64_t *ret, struct error *e)
{
	uint64_t at = EROFS_INODES_AT;

	meet(w, tree->root, &at);
	for (size_t i = 0; i < w->inode_count; i++) {
		struct index_inode *folder = w->inodes[i];

		if (!S_ISDIR(folder->mode))
			continue;
		folder->sorted = index_tree_alloc(tree, (folder->name_count + 1) * sizeof *folder->sorted, e);
		if (!folder->sorted)
			return -1;
		index_tree_list(folder, folder->sorted);
		folder->links++;
		for (size_t n = 0; n < folder->name_count; n++) {
			struct index_inode *inode = folder->sorted[n]->inode;

			meet(w, inode, &at);
			folder->links += S_ISDIR(inode->mode) ? 1 : 0;
		}
	}
	*ret = erofs_align(at, EROFS_BLOCK);
	return 0;
}

static bool has_blocks(const struct index_inode *inode)
{
	return S_ISDIR(inode->mode) || (S_ISLNK(inode->mode) && !inode->is_inline);
}

/* The same for folders' and long links' blocks; where the index ends. */
static uint64_t place_blocks(struct writer *w, uint64_t at)
{
	autorelease(text) struct text packed = { 0 };

	for (size_t i = 0; i < w->inode_count; i++) {
		struct index_inode *inode = w->inodes[i];

		if (!has_blocks(inode))
			continue;
		if (S_ISDIR(inode->mode)) {
			text_clear(&packed);
			pack_folder(inode, &packed);
			inode->content_size = (uint32_t)packed.length;
		}
		inode->content_at = at;
		at += erofs_align(inode->content_size, EROFS_BLOCK);
	}
	return at;
}

static int flush(struct writer *w, size_t least, struct error *e)
{
	if (w->out.length < least)
		return 0;
	if (w->out.length && write_all(w->fd, w->out.data, w->out.length))
		return error_sys(e, "write the layer's index");
	w->written += w->out.length;
	text_clear(&w->out);
	return 0;
}

/* Zeros up to the place at. */
static void advance(struct writer *w, uint64_t at)
{
	add_zeros(&w->out, (size_t)(at - w->written - w->out.length));
}

static void add_xattrs(struct writer *w, const struct index_inode *inode)
{
	const struct erofs_xattr_header header = { 0 };

	if (!inode->xattrs)
		return;
	text_add_bytes(&w->out, &header, sizeof header);
	for (const struct index_xattr *x = inode->xattrs; x; x = x->next) {
		struct erofs_xattr entry = { .size = (uint16_t)x->size };
		const char *rest = xattr_rest(x->name, &entry.name_index);
		size_t length = sizeof entry + strlen(rest) + x->size;

		entry.name_length = (uint8_t)strlen(rest);
		text_add_bytes(&w->out, &entry, sizeof entry);
		text_add(&w->out, rest);
		text_add_bytes(&w->out, x->value, x->size);
		add_zeros(&w->out, erofs_align(length, EROFS_XATTR_ALIGN) - length);
	}
}

/* The power of two of blocks that holds all of size: one chunk is enough for every file. */
static uint32_t chunk_format(int64_t size)
{
	uint32_t bits = 0;

	while ((INT64_C(1) << (EROFS_BLOCK_BITS + bits)) < size)
		bits++;
	return EROFS_CHUNK_INDEXES | bits;
}

static void add_inode(struct writer *w, const struct index_inode *inode, uint32_t number)
{
	bool is_file = S_ISREG(inode->mode) && inode->size;
	enum erofs_layout layout = is_file ? EROFS_CHUNKS : inode->is_inline ? EROFS_INLINE : EROFS_FLAT;
	struct erofs_inode raw = {
		.format = EROFS_FORMAT(layout),
		.xattr_count = inode->xattrs ? (uint16_t)((inode->xattr_size - sizeof(struct erofs_xattr_header)) / EROFS_XATTR_ALIGN + 1)
					     : 0,
		.mode = (uint16_t)inode->mode,
		.size = is_file ? (uint64_t)inode->size : inode->content_size,
		.where = is_file ? chunk_format(inode->size) : (uint32_t)(inode->content_at / EROFS_BLOCK),
		.number = number,
		.uid = ID_POOL_BASE + inode->uid,
		.gid = ID_POOL_BASE + inode->gid,
		.mtime = (uint64_t)inode->mtime,
		.mtime_nsec = inode->mtime_nsec,
		.links = inode->links,
	};
	const struct erofs_chunk chunk = { .device = EROFS_DEVICE_TAR, .block = (uint32_t)(inode->data / EROFS_BLOCK) };

	advance(w, inode->at);
	text_add_bytes(&w->out, &raw, sizeof raw);
	add_xattrs(w, inode);
	if (is_file) {
		advance(w, erofs_align(w->written + w->out.length, EROFS_CHUNK_ALIGN));
		text_add_bytes(&w->out, &chunk, sizeof chunk);
	}
	if (inode->is_inline)
		text_add(&w->out, inode->target);
}

static int write_all_parts(struct writer *w, uint64_t end, int64_t tar_size, struct error *e)
{
	struct erofs_super super;
	struct erofs_device slot;

	erofs_super_fill(w->inode_count, end / EROFS_BLOCK, (uint64_t)tar_size / EROFS_BLOCK, &super, &slot);
	advance(w, EROFS_SUPER_AT);
	text_add_bytes(&w->out, &super, sizeof super);
	text_add_bytes(&w->out, &slot, sizeof slot);
	for (size_t i = 0; i < w->inode_count; i++) {
		add_inode(w, w->inodes[i], (uint32_t)i + 1);
		if (flush(w, FLUSH, e))
			return -1;
	}
	for (size_t i = 0; i < w->inode_count; i++) {
		struct index_inode *inode = w->inodes[i];

		if (!has_blocks(inode))
			continue;
		advance(w, inode->content_at);
		if (S_ISDIR(inode->mode))
			pack_folder(inode, &w->out);
		else
			text_add(&w->out, inode->target);
		if (flush(w, FLUSH, e))
			return -1;
	}
	advance(w, end);
	return flush(w, 0, e);
}

int index_write(struct index_tree *tree, int64_t tar_size, int fd, struct error *e)
{
	struct writer writer = { .fd = fd };
	uint64_t at = 0;
	int result;

	result = place_inodes(&writer, tree, &at, e);
	if (result == 0) {
		at = place_blocks(&writer, at);
		result = at > INDEX_LIMIT ? error_set(e, ERROR_IMAGE, "its index is too large") : 0;
	}
	if (result == 0)
		result = write_all_parts(&writer, at, tar_size, e);
	text_release(&writer.out);
	free(writer.inodes);
	return result;
}
