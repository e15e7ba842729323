/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_attributes.c - the extended attributes of a file that a tar carries.
 */
#include "base/tar_attributes.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/tar_writer.h"
#include "base/text.h"

enum { XATTR_NAMES = 64 << 10, XATTR_VALUE = 64 << 10 };

void tar_attributes_release(struct tar_attributes *attributes)
{
	for (size_t i = 0; i < attributes->count; i++) {
		free((void *)(uintptr_t)attributes->items[i].name);
		free((void *)(uintptr_t)attributes->items[i].value);
	}
	free(attributes->items);
	*attributes = (struct tar_attributes){ 0 };
}

/* Labels of security modules, ACLs and overlayfs' own notes mean something on this host alone. */
static bool is_kept(const char *name, bool is_folder)
{
	if (strcmp(name, "security.capability") == 0)
		return !is_folder;
	return text_starts(name, "user.") && !text_starts(name, "user.overlay.");
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct tar_attribute *)a)->name, ((const struct tar_attribute *)b)->name);
}

int tar_attributes_read(int fd, const char *path, bool is_folder, struct tar_attributes *ret, struct error *e)
{
	static char names[XATTR_NAMES], value[XATTR_VALUE]; /* large for a stack, and cost no memory until they are used */
	ssize_t length = flistxattr(fd, names, sizeof names);

	if (length < 0)
		return errno == ENOTSUP ? 0 : error_sys(e, "list the extended attributes of %s", path);
	for (const char *name = names; name < names + length; name += strlen(name) + 1) {
		ssize_t size = is_kept(name, is_folder) ? fgetxattr(fd, name, value, sizeof value) : 0;
		struct tar_attribute *item;

		if (size < 0 && errno != ENODATA)
			return error_sys(e, "read the extended attribute %s of %s", name, path);
		if (size < 0 || !is_kept(name, is_folder))
			continue;
		item = alloc_append(&ret->items, &ret->count, sizeof *item);
		*item = (struct tar_attribute){ alloc_copy(name), alloc_copy_bytes(value, (size_t)size), (size_t)size };
	}
	if (ret->count)
		qsort(ret->items, ret->count, sizeof *ret->items, compare);
	return 0;
}
