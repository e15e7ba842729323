/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_attributes.h - the extended attributes of a file that go into a tar.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;
struct tar_attribute;

struct tar_attributes {
	struct tar_attribute *items; /* by name; they own name and value */
	size_t count;
};

/*
 * Those of fd, called path in messages, that mean the same elsewhere: user.* and the capabilities of a file. Labels of security modules,
 * ACLs and overlayfs' own notes mean something on this host alone. A file system without attributes has none.
 */
int tar_attributes_read(int fd, const char *path, bool is_folder, struct tar_attributes *ret, struct error *e);
void tar_attributes_release(struct tar_attributes *attributes);
