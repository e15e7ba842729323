/* SPDX-License-Identifier: Apache-2.0 */
/*
 * erofs_format.c - the superblock of a layer's index.
 */
#include "images/erofs_format.h"

void erofs_super_fill(uint64_t inodes, uint64_t blocks, uint64_t tar_blocks, struct erofs_super *ret, struct erofs_device *ret_slot)
{
	*ret = (struct erofs_super){
		.magic = EROFS_MAGIC,
		.feature_compat = EROFS_COMPAT_MTIME,
		.feature_incompat = EROFS_INCOMPAT_CHUNKED | EROFS_INCOMPAT_DEVICES,
		.block_bits = EROFS_BLOCK_BITS,
		.root_nid = EROFS_INODES_AT >> EROFS_NID_BITS,
		.inodes = inodes,
		.blocks = (uint32_t)blocks,
		.extra_devices = 1,
		.device_slot = (EROFS_SUPER_AT + sizeof *ret) / sizeof *ret_slot,
	};
	*ret_slot = (struct erofs_device){ .blocks = (uint32_t)tar_blocks };
}
