/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_mount.c - a layer that is a tar with an EROFS index, as a detached mount.
 */
#include "images/layer_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mountapi.h"
#include "base/text.h"
#include "images/erofs_format.h"

enum {
	PATH = 40,
	LOOP_TRIES = 64, /* others may take the free device first */
	READ_AHEAD = 128 << 10,
};

/*
 * The kernel reads an index through the page cache of its file without the lock that ext4 wants when it has to go to the disk (seen as a
 * warning in 6.18, which is a panic where warnings are): what is in the cache before needs no going.
 */
static void read_ahead(int index)
{
	struct stat st;

	if (fstat(index, &st))
		return;
	/* One call reads no more than the device's read-ahead. */
	for (off_t at = 0; at < st.st_size; at += READ_AHEAD)
		(void)posix_fadvise(index, at, READ_AHEAD, POSIX_FADV_WILLNEED); /* without it reading is only slower */
}

static int mount_paths(const char *index, const char *tar, struct error *e)
{
	const struct mount_option options[] = { { "source", index }, { "device", tar }, { "ro", NULL }, { NULL, NULL } };

	return mount_make("erofs", options, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV, e);
}

static int mount_files(int index, int tar, struct error *e)
{
	char index_path[PATH], tar_path[PATH];

	(void)snprintf(index_path, sizeof index_path, "/proc/self/fd/%d", index); /* these always fit */
	(void)snprintf(tar_path, sizeof tar_path, "/proc/self/fd/%d", tar);
	return mount_paths(index_path, tar_path, e);
}

/* A free loop device for file, which goes with its last user. */
static int make_loop(int file, char ret_path[static PATH], struct error *e)
{
	const struct loop_config config = {
		.fd = (uint32_t)file,
		.block_size = EROFS_BLOCK,
		.info = { .lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO },
	};
	autoclose int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	if (control < 0)
		return error_sys(e, "open /dev/loop-control");
	for (int i = 0; i < LOOP_TRIES; i++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);
		autoclose int loop = -1;

		if (number < 0)
			return error_sys(e, "find a free loop device");
		(void)snprintf(ret_path, PATH, "/dev/loop%d", number); /* always fits */
		loop = open(ret_path, O_RDONLY | O_CLOEXEC);
		if (loop < 0)
			return error_sys(e, "open %s", ret_path);
		if (ioctl(loop, LOOP_CONFIGURE, &config) == 0)
			return take_fd(&loop);
		if (errno != EBUSY)
			return error_sys(e, "set up %s", ret_path);
	}
	return error_set(e, ERROR_KERNEL, "no loop device stays free");
}

static int mount_loops(int index, int tar, struct error *e)
{
	char index_path[PATH], tar_path[PATH];
	autoclose int index_loop = -1, tar_loop = -1;

	index_loop = make_loop(index, index_path, e);
	tar_loop = index_loop < 0 ? -1 : make_loop(tar, tar_path, e);
	return tar_loop < 0 ? -1 : mount_paths(index_path, tar_path, e);
}

/* The best first. */
static const struct {
	const char *name;
	const char *how;
	const char *words;
	int (*mount)(int index, int tar, struct error *e);
} ways[] = {
	{ "files", "from its files", "a tar with an EROFS index, mounted from its files", mount_files },
	{ "loops", "over loop devices", "a tar with an EROFS index, mounted over loop devices", mount_loops },
};
enum { WAYS = sizeof ways / sizeof *ways };

/* Test builds: the ways that BOX_FAIL_LAYER_WAYS names are closed, as kernels that have the second alone are rare. */
static int interfere(unsigned way, struct error *e)
{
#ifdef BOX_TEST_HOOKS
	const char *closed = getenv("BOX_FAIL_LAYER_WAYS");

	if (closed && strstr(closed, ways[way].name))
		return error_set(e, ERROR_UNSUPPORTED, "failed on purpose");
#else
	(void)way;
	(void)e;
#endif
	return 0;
}

int layer_mount_by(unsigned way, int index, int tar, struct error *e)
{
	if (way < WAYS)
		return interfere(way, e) ? -1 : ways[way].mount(index, tar, e);
	errno = ENOENT;
	return error_sys(e, "find a way to mount an EROFS index");
}

static int mount_any(int index, int tar, unsigned *ret_way, struct error *e)
{
	autorelease(text) struct text failed = { 0 };
	int mount = -1;

	for (unsigned i = 0; mount < 0 && i < WAYS; i++) {
		error_clear(e);
		mount = layer_mount_by(i, index, tar, e);
		*ret_way = i;
		if (mount < 0 && i < WAYS - 1)
			text_addf(&failed, "%s: %s; ", ways[i].how, e->text);
	}
	if (mount < 0)
		return error_in(e, "%s%s", failed.data, ways[WAYS - 1].how);
	error_clear(e);
	return mount;
}

int layer_mount(int index, int tar, struct error *e)
{
	unsigned way;

	read_ahead(index);
	return mount_any(index, tar, &way, e);
}

/* An index of nothing but an empty root. */
static int write_tiny(int index, int tar, struct error *e)
{
	enum { INODE = EROFS_INODES_AT, FOLDER = EROFS_INODES_AT + EROFS_BLOCK, END = FOLDER + EROFS_BLOCK };
	const uint64_t nid = EROFS_INODES_AT >> EROFS_NID_BITS;
	const struct erofs_inode root = {
		.format = EROFS_FORMAT(EROFS_FLAT), .mode = S_IFDIR | 0755, .size = 2 * sizeof(struct erofs_dirent) + 3,
		.where = FOLDER / EROFS_BLOCK, .number = 1, .links = 2,
	};
	const struct erofs_dirent dots[2] = { { .nid = nid, .name_at = 2 * sizeof *dots, .type = EROFS_FOLDER },
					     { .nid = nid, .name_at = 2 * sizeof *dots + 1, .type = EROFS_FOLDER } };
	struct erofs_super super;
	struct erofs_device slot;
	char bytes[END] = { 0 };

	erofs_super_fill(1, END / EROFS_BLOCK, 1, &super, &slot);
	memcpy(bytes + EROFS_SUPER_AT, &super, sizeof super);
	memcpy(bytes + EROFS_SUPER_AT + sizeof super, &slot, sizeof slot);
	memcpy(bytes + INODE, &root, sizeof root);
	memcpy(bytes + FOLDER, dots, sizeof dots);
	memset(bytes + FOLDER + sizeof dots, '.', 3); /* the names: "." and ".." */
	if (write_all(index, bytes, sizeof bytes) || ftruncate(tar, EROFS_BLOCK))
		return error_sys(e, "write a layer to try");
	return 0;
}

const char *layer_mount_probe(int folder, struct error *e)
{
	autoclose int index = openat(folder, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	autoclose int tar = openat(folder, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600), mount = -1;
	unsigned way = 0;

	if (index < 0 || tar < 0) {
		error_sys(e, "make a file without a name");
		return NULL;
	}
	if (write_tiny(index, tar, e))
		return NULL;
	mount = mount_any(index, tar, &way, e);
	return mount < 0 ? NULL : ways[way].words;
}
