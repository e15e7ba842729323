/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_mount_options.h - the words in a mount's "options". Private to specs/.
 */
#pragma once

#include <stdbool.h>

struct list;
struct mount_entry;

struct oci_mount_words {
	bool bind;  /* "bind" or "rbind" */
	bool idmap; /* "idmap" or "ridmap" */
};

/* Applies one option to the mount: attributes, propagation, flags. What the table does not know is a word for the file system itself
 * and goes to data; so do the kernel's words for a super block (sync, dirsync, lazytime), in fsconfig(2)'s form. "x-…" is for other
 * programs (mount(8)) and is dropped. */
void oci_mount_option(const char *option, struct mount_entry *mount, struct oci_mount_words *words);

/* Every option of the table, for "features". */
void oci_mount_option_names(struct list *ret);
