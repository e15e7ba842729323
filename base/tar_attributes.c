/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_attributes.c - the extended attributes of a file that go into a tar.
 */
#include "base/tar_attributes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/tar_writer.h"
#include "base/text.h"

enum { NAMES = 64 << 10, VALUE = 64 << 10 };

void tar_attributes_release(struct tar_attributes *attributes)
{
	int saved = errno;

	for (size_t i = 0; i < attributes->count; i++) {
		free((void *)(uintptr_t)attributes->items[i].name);
		free((void *)(uintptr_t)attributes->items[i].value);
	}
	free(attributes->items);
	*attributes = (struct tar_attributes){ 0 };
	errno = saved;
}

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

static int add(int fd, const char *path, const char *name, struct tar_attributes *ret, struct error *e)
{
	autofree char *value = alloc_zeroed(1, VALUE);
	ssize_t size = fgetxattr(fd, name, value, VALUE);
	struct tar_attribute *item;

	if (size < 0)
		return errno == ENODATA ? 0 : error_sys(e, "read the extended attribute %s of %s", name, path);
	item = alloc_append(&ret->items, &ret->count, sizeof *item);
	*item = (struct tar_attribute){ alloc_copy(name), alloc_copy_bytes(value, (size_t)size), (size_t)size };
	return 0;
}

int tar_attributes_read(int fd, const char *path, bool is_folder, struct tar_attributes *ret, struct error *e)
{
	/* Nearly all files have none: they cost one call and no memory. */
	ssize_t length = flistxattr(fd, NULL, 0);
	autofree char *names = length > 0 ? alloc_zeroed(1, NAMES) : NULL;

	if (names)
		length = flistxattr(fd, names, NAMES);
	if (length < 0)
		return errno == ENOTSUP ? 0 : error_sys(e, "list the extended attributes of %s", path);
	for (const char *name = names; name && name < names + length; name += strlen(name) + 1)
		if (is_kept(name, is_folder) && add(fd, path, name, ret, e))
			return -1;
	if (ret->count)
		qsort(ret->items, ret->count, sizeof *ret->items, compare);
	return 0;
}
