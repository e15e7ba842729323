/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index_verify_parts.c - one inode, or the names of one folder, of an index that is not trusted.
 */
#include "images/unpack/index_verify_parts.h"

#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/id_map.h"
#include "images/erofs_format.h"
#include "images/unpack/member_rules.h"

enum { NAME_MOST = 255, TARGET_MOST = 4095, BILLION = 1000000000 };

static int wrong(const char *what, struct error *e)
{
	return error_set(e, ERROR_INTERNAL, "the sandbox made a broken index: %s", what);
}

static bool is_inside(const struct index_bytes *index, uint64_t at, uint64_t length)
{
	return at <= index->size && length <= index->size - at;
}

static bool are_zeros(const void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (((const unsigned char *)bytes)[i])
			return false;
	return true;
}

bool index_is_zero(const struct index_bytes *index, uint64_t from, uint64_t to)
{
	return from <= to && to <= index->size && are_zeros(index->bytes + from, to - from);
}

/* user.* as the rules keep it, the opaque mark of folders, and file capabilities of the store's root. */
static bool xattr_is_good(const struct erofs_xattr *entry, const unsigned char *name, uint32_t mode)
{
	static const char overlay[] = "overlay.", opaque[] = "overlay.opaque", capability[] = "capability";
	const unsigned char *value = name + entry->name_length;
	uint32_t root = ID_POOL_BASE;
	size_t length = entry->name_length;

	if (!length || memchr(name, '\0', length))
		return false;
	if (entry->name_index == EROFS_NAME_SECURITY)
		return S_ISREG(mode) && length == sizeof capability - 1 && memcmp(name, capability, length) == 0 &&
		       entry->size == CAPABILITY_V3 && value[3] == 3 && memcmp(value + CAPABILITY_V2, &root, sizeof root) == 0;
	if (entry->name_index != EROFS_NAME_USER || !(S_ISREG(mode) || S_ISDIR(mode)))
		return false;
	if (length >= sizeof overlay - 1 && memcmp(name, overlay, sizeof overlay - 1) == 0)
		return S_ISDIR(mode) && length == sizeof opaque - 1 && memcmp(name, opaque, length) == 0 && entry->size == 1 &&
		       *value == 'y';
	return true;
}

/* Entries fill the size exactly. */
static int check_xattrs(const unsigned char *at, uint64_t size, uint32_t mode, struct error *e)
{
	const unsigned char *end = at + size;

	if (!are_zeros(at, sizeof(struct erofs_xattr_header)))
		return wrong("a header of attributes", e);
	at += sizeof(struct erofs_xattr_header);
	if (at == end)
		return wrong("attributes without one", e);
	while (at < end) {
		struct erofs_xattr entry;
		uint64_t length;

		if ((size_t)(end - at) < sizeof entry)
			return wrong("the end of the attributes", e);
		memcpy(&entry, at, sizeof entry);
		length = erofs_align(sizeof entry + entry.name_length + entry.size, EROFS_XATTR_ALIGN);
		if (length > (uint64_t)(end - at))
			return wrong("the size of an attribute", e);
		if (!xattr_is_good(&entry, at + sizeof entry, mode) ||
		    !are_zeros(at + sizeof entry + entry.name_length + entry.size, length - sizeof entry - entry.name_length - entry.size))
			return wrong("an attribute", e);
		at += length;
	}
	return 0;
}

/* The one chunk of a file, at at. */
static int check_chunk(const struct index_bytes *index, const struct erofs_inode *raw, uint64_t at, struct error *e)
{
	uint32_t bits = raw->where & 0x1f;
	struct erofs_chunk chunk;

	memcpy(&chunk, index->bytes + at, sizeof chunk);
	if (raw->where != (EROFS_CHUNK_INDEXES | bits) || raw->size > (uint64_t)EROFS_BLOCK << bits ||
	    (bits && raw->size <= (uint64_t)EROFS_BLOCK << (bits - 1)))
		return wrong("the size of a chunk", e);
	if (chunk.high || chunk.device != EROFS_DEVICE_TAR || raw->size > (uint64_t)index->tar_size ||
	    (uint64_t)chunk.block * EROFS_BLOCK > (uint64_t)index->tar_size - raw->size)
		return wrong("the place of a chunk", e);
	return 0;
}

static uint8_t type_of(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG: return EROFS_FILE;
	case S_IFDIR: return EROFS_FOLDER;
	case S_IFLNK: return EROFS_LINK;
	case S_IFIFO: return EROFS_FIFO;
	case S_IFCHR: return mode == S_IFCHR ? EROFS_DEVICE : 0; /* a whiteout: its number is checked with the content */
	default: return 0;
	}
}

/* The fields that do not depend on the kind. */
static int check_common(const struct erofs_inode *raw, struct error *e)
{
	if (!type_of(raw->mode) || raw->reserved || !are_zeros(raw->reserved2, sizeof raw->reserved2) || raw->mtime > INT64_MAX ||
	    raw->mtime_nsec >= BILLION)
		return wrong("an inode", e);
	if (raw->uid < ID_POOL_BASE || raw->uid - ID_POOL_BASE >= ID_RANGE || raw->gid < ID_POOL_BASE || raw->gid - ID_POOL_BASE >= ID_RANGE)
		return wrong("an owner", e);
	return 0;
}

/* What lies where, by kind. ret has mode, size and head of inode and attributes. */
static int look_at_content(const struct index_bytes *index, const struct erofs_inode *raw, uint64_t at, struct index_found *ret,
			   struct error *e)
{
	bool is_link = S_ISLNK(raw->mode), is_file = S_ISREG(raw->mode) && raw->size;

	if (is_link && (!raw->size || raw->size > TARGET_MOST))
		return wrong("the size of a link", e);
	ret->is_inline = is_link && ret->head + raw->size <= EROFS_BLOCK;
	ret->has_blocks = S_ISDIR(raw->mode) || (is_link && !ret->is_inline);
	ret->content_at = (uint64_t)raw->where * EROFS_BLOCK;
	if (raw->format != EROFS_FORMAT(is_file ? EROFS_CHUNKS : ret->is_inline ? EROFS_INLINE : EROFS_FLAT))
		return wrong("an inode's form", e);
	if (is_file) {
		uint64_t end = ret->head;

		ret->head = erofs_align(end, EROFS_CHUNK_ALIGN) + sizeof(struct erofs_chunk);
		if (!is_inside(index, at, ret->head) || !index_is_zero(index, at + end, at + ret->head - sizeof(struct erofs_chunk)))
			return wrong("the place of a chunk's number", e);
		return check_chunk(index, raw, at + ret->head - sizeof(struct erofs_chunk), e);
	}
	if (ret->has_blocks)
		return raw->size && is_inside(index, ret->content_at, erofs_align(raw->size, EROFS_BLOCK)) ? 0 : wrong("the place of blocks", e);
	if (raw->where || (!is_link && raw->size))
		return wrong("content where none is", e);
	if (!ret->is_inline)
		return 0;
	if (!is_inside(index, at, ret->head + raw->size) || memchr(index->bytes + at + ret->head, '\0', raw->size))
		return wrong("a link's target", e);
	ret->head += raw->size;
	return 0;
}

int index_look(const struct index_bytes *index, uint64_t at, struct index_found *ret, struct error *e)
{
	struct erofs_inode raw;
	uint64_t xattrs;

	if (at < EROFS_INODES_AT || at % (1 << EROFS_NID_BITS) || !is_inside(index, at, sizeof raw))
		return wrong("the place of an inode", e);
	memcpy(&raw, index->bytes + at, sizeof raw);
	xattrs = raw.xattr_count ? sizeof(struct erofs_xattr_header) + (raw.xattr_count - 1U) * EROFS_XATTR_ALIGN : 0;
	if (!is_inside(index, at, sizeof raw + xattrs))
		return wrong("the size of attributes", e);
	*ret = (struct index_found){
		.mode = raw.mode,
		.links = raw.links,
		.number = raw.number,
		.type = type_of(raw.mode),
		.size = raw.size,
		.head = sizeof raw + xattrs,
	};
	if (check_common(&raw, e) || (xattrs && check_xattrs(index->bytes + at + sizeof raw, xattrs, raw.mode, e)))
		return -1;
	return look_at_content(index, &raw, at, ret, e);
}

uint64_t index_place(uint64_t next, const struct index_found *found)
{
	uint64_t at = erofs_align(next, 1 << EROFS_NID_BITS);

	if (found->is_inline && at / EROFS_BLOCK != (at + found->head - 1) / EROFS_BLOCK)
		at = erofs_align(at, EROFS_BLOCK);
	return at;
}

static bool name_is_good(const char *name, size_t length, struct index_entry *entry)
{
	entry->is_dot = length == 1 && name[0] == '.';
	entry->is_parent = length == 2 && memcmp(name, "..", 2) == 0;
	return length > 0 && length <= NAME_MOST && !memchr(name, '\0', length) && !memchr(name, '/', length);
}

struct last_name {
	const char *name;
	size_t length;
};

/* Whether name comes behind last by its bytes. */
static bool is_greater(const struct last_name *last, const char *name, size_t length)
{
	size_t least = last->length < length ? last->length : length;
	int order = least ? memcmp(last->name, name, least) : 0;

	return order < 0 || (order == 0 && last->length < length);
}

static int read_block(const unsigned char *block, size_t size, struct last_name *last,
		      int (*take)(void *, const struct index_entry *, struct error *), void *data, struct error *e)
{
	struct erofs_dirent dirent, next = { 0 };
	size_t count, end;

	if (size < sizeof dirent)
		return wrong("a folder's block", e);
	memcpy(&dirent, block, sizeof dirent);
	count = dirent.name_at / sizeof dirent;
	if (!count || dirent.name_at % sizeof dirent || dirent.name_at > size)
		return wrong("the number of names in a block", e);
	for (size_t i = 0; i < count; i++, dirent = next) {
		const char *name = (const char *)block + dirent.name_at;
		struct index_entry entry = { .at = dirent.nid << EROFS_NID_BITS, .type = dirent.type };

		if (i + 1 < count)
			memcpy(&next, block + (i + 1) * sizeof next, sizeof next);
		end = i + 1 < count ? next.name_at : size;
		if (dirent.name_at > end || end > size || dirent.reserved || dirent.nid >> 40)
			return wrong("the place of a name", e);
		/* Zeros follow the last name of a block that is not the folder's last. */
		if (i + 1 == count)
			end = dirent.name_at + strnlen(name, end - dirent.name_at);
		if (!name_is_good(name, end - dirent.name_at, &entry) || !is_greater(last, name, end - dirent.name_at))
			return wrong("a name", e);
		*last = (struct last_name){ name, end - dirent.name_at };
		if (take(data, &entry, e))
			return -1;
	}
	return are_zeros(block + end, size - end) ? 0 : wrong("the end of a folder's block", e);
}

int index_read_folder(const struct index_bytes *index, const struct index_found *folder,
		      int (*take)(void *data, const struct index_entry *entry, struct error *e), void *data, struct error *e)
{
	const unsigned char *content = index->bytes + folder->content_at;
	struct last_name last = { 0 };

	for (uint64_t at = 0; at < folder->size; at += EROFS_BLOCK) {
		uint64_t left = folder->size - at;

		if (read_block(content + at, left < EROFS_BLOCK ? left : EROFS_BLOCK, &last, take, data, e))
			return -1;
	}
	return 0;
}
