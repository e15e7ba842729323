/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index_verify_parts.h - one inode, or the names of one folder, of an index that is not trusted. Used by index_verify.c alone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

struct index_bytes {
	const unsigned char *bytes;
	uint64_t size; /* a number of blocks */
	int64_t tar_size;
};

/* An inode whose own fields are all right. */
struct index_found {
	uint32_t mode, links, number;
	uint8_t type;
	uint64_t size;
	uint64_t head;       /* bytes of the inode with all that lies beside it */
	uint64_t content_at; /* with has_blocks: where its own blocks are */
	bool has_blocks, is_inline;
};

int index_look(const struct index_bytes *index, uint64_t at, struct index_found *ret, struct error *e);

/* Whether there are only zeros from one place to the other; both are in the index. */
bool index_is_zero(const struct index_bytes *index, uint64_t from, uint64_t to);

/* Where an inode like found has to lie when the one before it ends at next. */
uint64_t index_place(uint64_t next, const struct index_found *found);

struct index_entry {
	uint64_t at; /* of its inode */
	uint8_t type;
	bool is_dot, is_parent;
};

/* Calls take for every name, in order, each unlike the one before and good as a name. Content lies in the index. */
int index_read_folder(const struct index_bytes *index, const struct index_found *folder,
		      int (*take)(void *data, const struct index_entry *entry, struct error *e), void *data, struct error *e);
