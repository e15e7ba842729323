/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_attributes.h - the extended attributes of a file that a tar carries: user.* and file capabilities, as layers of images keep them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;
struct tar_attribute;

/* Names and values are owned, in the order of the names. */
struct tar_attributes {
	struct tar_attribute *items;
	size_t count;
};

/* ret is zeroed. A file system without attributes has none. path is for messages. */
int tar_attributes_read(int fd, const char *path, bool is_folder, struct tar_attributes *ret, struct error *e);
void tar_attributes_release(struct tar_attributes *attributes);
