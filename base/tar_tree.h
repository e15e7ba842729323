/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_tree.h - a folder with all that it holds as a tar.
 */
#pragma once

#include <stdint.h>

struct error;

struct tar_tree_report {
	int64_t members;
	int64_t shortened; /* files that became shorter while they were read: zeros fill them up */
};

/*
 * Writes everything below the folder root, and first root itself as "./", to fd (which may be a pipe), to the end of the tar. The order is
 * that of the names' bytes, each folder before what is in it; of a file with several names the first one has the content. Owners are
 * those that this process sees; of extended attributes user.* and file capabilities are kept, as layers of images keep them. Sockets are
 * left out. Nothing is followed, and no device or FIFO is ever opened: root should be on a mount without devices where a stranger changes
 * it meanwhile. What goes away meanwhile is left out. Takes one descriptor for each level of folders.
 */
int tar_tree_write(int fd, int root, struct tar_tree_report *ret, struct error *e);

/* The same for what is called entry (one name) in the open folder: a file of any kind or a folder, which is called name in the tar. */
int tar_tree_write_entry(int fd, int folder, const char *entry, const char *name, struct tar_tree_report *ret, struct error *e);
