/* SPDX-License-Identifier: Apache-2.0 */
/*
 * erofs_format.h - the part of EROFS' on-disk format that a layer's index uses.
 *
 *     layer.tar      the uncompressed tar as it is: device 1
 *     layer.erofs    the index: everything but the content of files
 *
 *     block 2        superblock (byte 1024), the slot of device 1 behind it
 *     byte 1536 …    inodes, root first, each with its extended attributes and then its one chunk (files) or target (short links)
 *     then           blocks of folders and of long links, in the order of their inodes
 *
 * Blocks are 512 bytes, as a tar's are, so that the content of every file begins at a block: Linux 6.4 and later. Numbers are
 * little-endian on disk, and here: box runs on nothing else.
 */
#pragma once

#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "EROFS' numbers are little-endian");

enum {
	EROFS_BLOCK_BITS = 9,
	EROFS_BLOCK = 1 << EROFS_BLOCK_BITS,
	EROFS_SUPER_AT = 1024,
	EROFS_INODES_AT = 1536,
	EROFS_NID_BITS = 5, /* inodes are named by their offset in 32 bytes */
	EROFS_CHUNK_INDEXES = 0x20,
	EROFS_DEVICE_TAR = 1,
	EROFS_NAME_USER = 1, /* "user." of an extended attribute */
	EROFS_NAME_SECURITY = 6,
	EROFS_XATTR_ALIGN = 4,
	EROFS_CHUNK_ALIGN = 8,
};

#define EROFS_MAGIC UINT32_C(0xE0F5E1E2)

enum { EROFS_COMPAT_MTIME = 2, EROFS_INCOMPAT_CHUNKED = 4, EROFS_INCOMPAT_DEVICES = 8 };

struct erofs_super {
	uint32_t magic, checksum, feature_compat;
	uint8_t block_bits, extra_slots;
	uint16_t root_nid;
	uint64_t inodes, epoch;
	uint32_t epoch_nsec, blocks, meta_block, xattr_block;
	uint8_t uuid[16], volume[16];
	uint32_t feature_incompat;
	uint16_t algorithms, extra_devices, device_slot;
	uint8_t folder_block_bits, xattr_prefixes;
	uint32_t xattr_prefix_at;
	uint64_t packed_nid;
	uint8_t xattr_filter, reserved[23];
};
_Static_assert(sizeof(struct erofs_super) == 128, "as on disk");

struct erofs_device {
	uint8_t tag[64];
	uint32_t blocks, mapped_at;
	uint8_t reserved[56];
};
_Static_assert(sizeof(struct erofs_device) == 128, "as on disk");

/* How an inode's content is found; in the format field above the bit that says: 64 bytes long. */
enum erofs_layout { EROFS_FLAT = 0, EROFS_INLINE = 2, EROFS_CHUNKS = 4 };
#define EROFS_FORMAT(layout) ((uint16_t)(1 | (layout) << 1))

struct erofs_inode {
	uint16_t format, xattr_count, mode, reserved;
	uint64_t size;
	uint32_t where; /* block of the content, or format of chunks */
	uint32_t number, uid, gid;
	uint64_t mtime;
	uint32_t mtime_nsec, links;
	uint8_t reserved2[16];
};
_Static_assert(sizeof(struct erofs_inode) == 64, "as on disk");

struct erofs_chunk {
	uint16_t high, device;
	uint32_t block;
};
_Static_assert(sizeof(struct erofs_chunk) == 8, "as on disk");

struct erofs_xattr_header {
	uint32_t filter;
	uint8_t shared, reserved[7];
};
_Static_assert(sizeof(struct erofs_xattr_header) == 12, "as on disk");

struct erofs_xattr {
	uint8_t name_length, name_index;
	uint16_t size;
};
_Static_assert(sizeof(struct erofs_xattr) == 4, "as on disk");

struct erofs_dirent {
	uint64_t nid;
	uint16_t name_at;
	uint8_t type, reserved;
} __attribute__((packed));
_Static_assert(sizeof(struct erofs_dirent) == 12, "as on disk");

enum erofs_type { EROFS_FILE = 1, EROFS_FOLDER = 2, EROFS_DEVICE = 3, EROFS_FIFO = 5, EROFS_LINK = 7 };

static inline uint64_t erofs_align(uint64_t at, uint64_t to)
{
	return (at + to - 1) / to * to;
}

/* The superblock, and the slot behind it, of an index with these sizes; all that is not a size is fixed. */
void erofs_super_fill(uint64_t inodes, uint64_t blocks, uint64_t tar_blocks, struct erofs_super *ret, struct erofs_device *ret_slot);
