/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_mount_options.c - mount options by name (config.md, "Linux mount options"; mount(8)).
 *
 * The kernel keeps one of three ways to note access times: relatime (its default), noatime, strictatime. mount_setattr(2) wants them as one
 * value of the mask MOUNT_ATTR__ATIME, so that "atime", "norelatime" and "nostrictatime", which only take another way back, all
 * mean relatime. That some are written beside each other does not matter: the last one counts, as for mount(8).
 *
 * dev, suid, exec and rw clear what a bind mount's source has; where the user namespace that owns the source says otherwise, the kernel
 * refuses.
 */
#include "specs/oci_mount_options.h"

#include <string.h>
#include <sys/mount.h>

#include "base/text.h"
#include "specs/container.h"

/* Up to OPTION_IDMAP: with a recursive form, "r"NAME. */
enum option_kind {
	OPTION_SET, /* a mount attribute */
	OPTION_CLEAR,
	OPTION_PROPAGATE,
	OPTION_BIND,
	OPTION_IDMAP,
	OPTION_REMOUNT,
	OPTION_COPY_UP,
	OPTION_BLOCK, /* of the super block: for fsconfig(2), which knows the word; nothing for a bind mount */
	OPTION_NONE,  /* accepted; the kernel has nothing that it would change any more, or never had */
};

struct option {
	const char *name;
	enum option_kind kind;
	uint64_t value;
};

static const struct option options[] = {
	{ "defaults", OPTION_NONE, 0 },
	{ "ro", OPTION_SET, MOUNT_ATTR_RDONLY },
	{ "rw", OPTION_CLEAR, MOUNT_ATTR_RDONLY },
	{ "nosuid", OPTION_SET, MOUNT_ATTR_NOSUID },
	{ "suid", OPTION_CLEAR, MOUNT_ATTR_NOSUID },
	{ "nodev", OPTION_SET, MOUNT_ATTR_NODEV },
	{ "dev", OPTION_CLEAR, MOUNT_ATTR_NODEV },
	{ "noexec", OPTION_SET, MOUNT_ATTR_NOEXEC },
	{ "exec", OPTION_CLEAR, MOUNT_ATTR_NOEXEC },
	{ "noatime", OPTION_SET, MOUNT_ATTR_NOATIME },
	{ "atime", OPTION_SET, MOUNT_ATTR_RELATIME },
	{ "relatime", OPTION_SET, MOUNT_ATTR_RELATIME },
	{ "norelatime", OPTION_SET, MOUNT_ATTR_RELATIME },
	{ "strictatime", OPTION_SET, MOUNT_ATTR_STRICTATIME },
	{ "nostrictatime", OPTION_SET, MOUNT_ATTR_RELATIME },
	{ "nodiratime", OPTION_SET, MOUNT_ATTR_NODIRATIME },
	{ "diratime", OPTION_CLEAR, MOUNT_ATTR_NODIRATIME },
	{ "nosymfollow", OPTION_SET, MOUNT_ATTR_NOSYMFOLLOW },
	{ "symfollow", OPTION_CLEAR, MOUNT_ATTR_NOSYMFOLLOW },
	{ "private", OPTION_PROPAGATE, MS_PRIVATE },
	{ "shared", OPTION_PROPAGATE, MS_SHARED },
	{ "slave", OPTION_PROPAGATE, MS_SLAVE },
	{ "unbindable", OPTION_PROPAGATE, MS_UNBINDABLE },
	{ "bind", OPTION_BIND, 0 },
	{ "idmap", OPTION_IDMAP, 0 },
	{ "remount", OPTION_REMOUNT, 0 },
	{ "tmpcopyup", OPTION_COPY_UP, 0 },
	{ "sync", OPTION_BLOCK, 0 },
	{ "async", OPTION_BLOCK, 0 },
	{ "dirsync", OPTION_BLOCK, 0 },
	{ "lazytime", OPTION_BLOCK, 0 },
	{ "nolazytime", OPTION_BLOCK, 0 },
	{ "mand", OPTION_NONE, 0 }, /* mandatory locks: gone since Linux 5.15 */
	{ "nomand", OPTION_NONE, 0 },
	{ "iversion", OPTION_NONE, 0 }, /* the file systems decide themselves */
	{ "noiversion", OPTION_NONE, 0 },
	{ "silent", OPTION_NONE, 0 }, /* the kernel's log is no concern of a container */
	{ "loud", OPTION_NONE, 0 },
};

static bool has_recursive(const struct option *o)
{
	return o->kind <= OPTION_IDMAP;
}

/* The row of name. "relatime" and "remount" begin with an "r" of their own: the table goes first. */
static const struct option *find(const char *name, bool *ret_recursive)
{
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		*ret_recursive = false;
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
	}
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		*ret_recursive = true;
		if (has_recursive(&options[i]) && name[0] == 'r' && strcmp(options[i].name, name + 1) == 0)
			return &options[i];
	}
	return NULL;
}

static void set_attribute(const struct option *o, uint64_t *attributes, uint64_t *said)
{
	bool is_time = o->value == MOUNT_ATTR_RELATIME || o->value & MOUNT_ATTR__ATIME;
	uint64_t mask = is_time ? MOUNT_ATTR__ATIME : o->value;

	*said |= mask;
	*attributes &= ~mask;
	if (o->kind == OPTION_SET)
		*attributes |= o->value;
}

static void apply(const struct option *o, bool is_recursive, struct mount_entry *mount, struct oci_mount_words *words)
{
	switch (o->kind) {
	case OPTION_SET:
	case OPTION_CLEAR:
		if (is_recursive)
			set_attribute(o, &mount->recursive_attributes, &mount->recursive_said);
		else
			set_attribute(o, &mount->attributes, &mount->attributes_said);
		break;
	case OPTION_PROPAGATE:
		mount->propagation = o->value | (is_recursive ? MS_REC : 0);
		break;
	case OPTION_BIND:
		words->bind = true;
		mount->is_recursive |= is_recursive;
		break;
	case OPTION_IDMAP:
		words->idmap = true;
		mount->id_map_is_recursive |= is_recursive;
		break;
	case OPTION_REMOUNT:
		mount->is_remount = true;
		break;
	case OPTION_COPY_UP:
		mount->copy_up = true;
		break;
	case OPTION_BLOCK:
		list_add(&mount->data, o->name);
		break;
	case OPTION_NONE:
		break;
	}
}

void oci_mount_option(const char *option, struct mount_entry *mount, struct oci_mount_words *words)
{
	bool is_recursive = false;
	const struct option *o = find(option, &is_recursive);

	if (o)
		apply(o, is_recursive, mount, words);
	else if (*option && !text_starts(option, "x-"))
		list_add(&mount->data, option);
}

void oci_mount_option_names(struct list *ret)
{
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		list_add(ret, options[i].name);
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (has_recursive(&options[i]))
			list_addf(ret, "r%s", options[i].name);
}
