/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk_state.c - whether the file systems that an app writes to are full.
 */
#include "runtime/exits/disk_state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/places.h"
#include "base/text.h"

/* Less than a page is nothing: file systems hand out blocks. */
enum { NOTHING = 4096 };

static const char *lack_of(const struct statvfs *fs)
{
	if ((uint64_t)fs->f_bavail * fs->f_frsize < NOTHING)
		return "byte";
	return fs->f_files && !fs->f_favail ? "inode" : NULL; /* btrfs counts no inodes */
}

void disk_state_full(const struct places *places, const char *name, struct list *ret)
{
	const struct {
		const char *what, *folder, *file;
	} parts[] = {
		{ "its writable layer", "containers", name },
		{ "volumes", "volumes", "" },
		{ "its log", "apps", name },
	};
	dev_t seen[sizeof parts / sizeof *parts];
	size_t count = 0;

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		autofree char *path = text_format("%s/%s/%s", places->store, parts[i].folder, parts[i].file);
		struct statvfs fs;
		struct stat st;
		bool is_seen = false;

		if (stat(path, &st) || statvfs(path, &fs))
			continue; /* it has none */
		for (size_t k = 0; k < count; k++)
			is_seen = is_seen || seen[k] == st.st_dev;
		seen[count++] = st.st_dev;
		if (!is_seen && lack_of(&fs))
			list_addf(ret, "%s: no free %s on %s/%s", parts[i].what, lack_of(&fs), places->store, parts[i].folder);
	}
}
