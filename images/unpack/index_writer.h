/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index_writer.h - a layer's names in memory as an EROFS index.
 */
#pragma once

#include <stdint.h>

struct error;
struct index_tree;

/* An index that is larger is not made: the layer gets a folder. */
enum { INDEX_LIMIT = 256 << 20 };

/* Writes the index of a tar of so many bytes to the empty file fd. The same tree makes the same bytes. */
int index_write(struct index_tree *tree, int64_t tar_size, int fd, struct error *e);
