/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files.c - the files that box puts into a container: /etc/hosts and its like, and secrets.
 *
 * Each is written to the scaffold (a tmpfs: never on disk) and mounted on its target; secrets read-only. The target file is made
 * where the image has none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mountapi.h"
#include "base/text.h"
#include "runtime/child/files.h"
#include "runtime/child/steps.h"
#include "specs/container.h"

int files_mount(int folder, const char *name, const struct file_entry *file, struct error *e)
{
	const struct mount_change change = {
		.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (file->is_program ? 0 : MOUNT_ATTR_NOEXEC) |
		       (file->is_secret ? MOUNT_ATTR_RDONLY : 0),
		.clear = file->is_program ? MOUNT_ATTR_NOEXEC : 0, /* the folder that it is written to has it */
	};
	autoclose int mount = -1;
	autoclose int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || write_all(fd, file->data, file->length))
		return error_sys(e, "write the content");
	if (fchown(fd, file->uid, file->gid)) {
		error_sys(e, "give it to %u:%u", file->uid, file->gid);
		return error_hint(e, "an ordinary user needs subordinate ids for that: box doctor says how");
	}
	if (fchmod(fd, file->mode))
		return error_sys(e, "set its mode");
	mount = mount_clone(folder, name, /* recursive= */ false, e);
	return mount < 0 || mount_change(mount, file->target, &change, e) ? -1 : take_fd(&mount);
}

/* Whether the folder of target exists in the root. */
static bool has_parent(struct child *c, const char *target)
{
	struct error ignored = { 0 };
	char name[256];
	autoclose int parent = beneath_parent(c->root, target, name, &ignored);

	return parent >= 0;
}

static int add_file(struct child *c, const struct file_entry *file, size_t index, struct error *e)
{
	autoclose int mount = -1, target = -1;
	struct file_entry own = *file; /* what it points to is file's */
	char name[32];

	if (file->is_optional && !has_parent(c, file->target))
		return 0;
	(void)snprintf(name, sizeof name, "file-%zu", index); /* always fits */
	if (own.uid == FILE_OWNER_OF_APP)
		own.uid = c->identity.uid;
	if (own.gid == FILE_GROUP_OF_APP)
		own.gid = c->identity.gid;
	mount = files_mount(c->scaffold, name, &own, e);
	if (mount < 0)
		return -1;
	target = beneath_make_file(c->root, file->target, 0644, e);
	if (target < 0 && file->is_optional && (e->sys == EACCES || e->sys == EROFS)) {
		/* A folder that belongs to nobody in here: an ordinary user runs somebody else's root folder. Or an image without the file,
		 * and no writable layer over it. */
		error_clear(e);
		return 0;
	}
	return target < 0 ? -1 : mount_attach(mount, target, file->target, e);
}

int step_files(struct child *c, struct error *e)
{
	size_t own = c->container->file_count;

	for (size_t i = 0; i < own + c->file_count; i++) {
		const struct file_entry *file = i < own ? &c->container->files[i] : &c->files[i - own];

		if (add_file(c, file, i, e) == 0)
			continue;
		error_in(e, "add %s", file->target);
		return file->field ? error_at(e, "%s", file->field) : -1;
	}
	return 0;
}
