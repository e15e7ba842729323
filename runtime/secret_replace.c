/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret_replace.c - new content for a secret of an app that runs.
 *
 *   child of box, root of the app's user namespace      what it has
 *   a mount namespace of its own                        all powers of that root: writes the file on a new tmpfs, and clones a mount of it
 *   the app's mount namespace                           power over files, and to mount: compares with what is there, and swaps the mounts
 *
 * A secret is a mount on its target, so one system call changes what a path leads to: whoever opens it reads all of the old or all of the
 * new one. Nothing of the app is executed. Where the path leads is the app's to say, but only within its own mount namespace, and nothing
 * other than a read-only file on a tmpfs is ever taken away there.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/mountapi.h"
#include "runtime/box.h"
#include "runtime/child/files.h"
#include "runtime/child/inside.h"
#include "specs/container.h"

enum { TMPFS_MAGIC_NUMBER = 0x01021994 };

struct replacement {
	const struct file_entry *file;
	bool look_only;
	bool *differs; /* shared with the parent */
	int proc;      /* the host's */
	int written;   /* the new file, whose owner can be set */
	int mount;
};

static int write_apart(void *data, struct error *e)
{
	static const struct mount_option options[] = {
		{ "mode", "0700" }, { "size", "2m" }, { "nr_inodes", "4" }, { NULL, NULL }
	};
	struct replacement *r = data;
	autoclose int place = -1, folder = -1;

	if (r->look_only)
		return 0;
	place = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (place < 0)
		return error_sys(e, "open /proc");
	folder = mount_make("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, e);
	if (folder < 0 || mount_attach(folder, place, "/proc", e))
		return -1;
	r->mount = files_mount(folder, "secret", r->file, e);
	if (r->mount < 0)
		return -1;
	r->written = openat(folder, "secret", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return r->written < 0 ? error_sys(e, "open the new content") : 0;
}

/* What lies at the target; it is box's own, and nothing that the app has put there. */
static int open_old(const struct file_entry *file, int root, struct error *e)
{
	autoclose int old = beneath_open(root, file->target, O_PATH, 0, e);
	struct statx look;
	struct statfs system;
	struct statvfs flags;

	if (old < 0)
		return -1;
	if (statx(old, "", AT_EMPTY_PATH, STATX_TYPE, &look) || fstatfs(old, &system) || fstatvfs(old, &flags))
		return error_sys(e, "look at it");
	if (!S_ISREG(look.stx_mode) || !(look.stx_attributes & STATX_ATTR_MOUNT_ROOT) ||
	    system.f_type != TMPFS_MAGIC_NUMBER || !(flags.f_flag & ST_RDONLY))
		return error_set(e, ERROR_MISSING, "the app has something else there now");
	return take_fd(&old);
}

static int compare(const struct file_entry *file, int root, bool *ret_differs, struct error *e)
{
	autoclose int old = beneath_open(root, file->target, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, e);
	char part[4096];
	size_t done = 0;
	ssize_t got;

	if (old < 0)
		return -1;
	while ((got = read(old, part, sizeof part)) > 0 && (size_t)got <= file->length - done &&
	       memcmp(part, file->data + done, (size_t)got) == 0)
		done += (size_t)got;
	explicit_bzero(part, sizeof part);
	if (got < 0)
		return error_sys(e, "read it");
	*ret_differs = got > 0 || done != file->length;
	return 0;
}

/* Who has it by being the app's user has it on: what that user's number is, is known by the old one. */
static int keep_owner(const struct replacement *r, int old, struct error *e)
{
	struct stat st;

	if (r->file->uid != FILE_OWNER_OF_APP && r->file->gid != FILE_GROUP_OF_APP)
		return 0;
	if (fstat(old, &st) || fchown(r->written, r->file->uid == FILE_OWNER_OF_APP ? st.st_uid : (uid_t)-1,
				      r->file->gid == FILE_GROUP_OF_APP ? st.st_gid : (gid_t)-1))
		return error_sys(e, "give it to who has the old one");
	return 0;
}

static int swap(void *data, struct error *e)
{
	struct replacement *r = data;
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), old = -1;

	old = root < 0 ? error_sys(e, "open its root") : open_old(r->file, root, e);
	if (old < 0 || compare(r->file, root, r->differs, e))
		return -1;
	if (r->look_only || !*r->differs)
		return 0;
	return keep_owner(r, old, e) ? -1 : mount_replace(r->mount, old, r->proc, r->file->target, e);
}

int box_replace_secret(const struct places *places, const char *name, const struct file_entry *file, bool look_only,
		       bool *ret_differs, struct error *e)
{
	bool *differs = mmap(NULL, sizeof *differs, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct replacement r = { .file = file,
				 .look_only = look_only,
				 .differs = differs,
				 .mount = -1,
				 .written = -1,
				 .proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC) };
	int *const kept[] = { &r.proc };
	autoclose int first = -1, root = -1;
	int result = -1;

	if (differs == MAP_FAILED)
		error_sys(e, "make a shared page");
	else if (r.proc < 0)
		error_sys(e, "open /proc");
	else if ((first = inside_open(places, name, &root, e)) >= 0) {
		const struct inside request = { .first = first,
						.prepare = write_apart,
						.can_mount = true,
						.kept = kept,
						.kept_count = 1,
						.confine = -1,
						.work = swap,
						.data = &r };

		result = inside_run(&request, e) ? error_in(e, "replace %s in %s", file->target, name) : 0;
		*ret_differs = *differs;
	}
	if (r.proc >= 0)
		close(r.proc);
	if (differs != MAP_FAILED)
		(void)munmap(differs, sizeof *differs);
	return result;
}
