/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_tar.c - any bytes as a layer: decompressed, read and applied to a folder.
 *
 * Whatever they are, nothing may appear outside the folder, and the folder must be removable afterwards: a canary beside it says so.
 */
#include <fcntl.h>
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "images/digest.h"
#include "images/unpack/applier.h"
#include "images/unpack/budget.h"
#include "images/unpack/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int world = -1;
static char world_path[64];

/* At the end of the program. */
static void remove_world(void)
{
	if (world < 0)
		return;
	(void)unlinkat(world, "canary", 0);
	(void)rmdir(world_path);
}

static void make_world(void)
{
	const char *base =
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; /* without a disk it is ten times as fast */

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		abort();
	(void)snprintf(world_path, sizeof world_path, "%s/box-fuzz-tar-XXXXXX", base);
	if (!mkdtemp(world_path))
		abort();
	world = open(world_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (world < 0 || mknodat(world, "canary", S_IFREG | 0600, 0))
		abort();
	(void)atexit(remove_world);
}

static void apply(int input, int root)
{
	const struct apply_options options = { .uid_count = 65536, .gid_count = 65536 };
	struct budget_limits limits = *budget_default_limits();
	struct apply_report report = { 0 };
	struct error e = { 0 };
	struct budget budget;
	struct digest digest;
	autorelease(stream) struct stream *stream = NULL;

	limits.bytes = 4 << 20;
	limits.entries = 200;
	budget_init(&budget, &limits, -1);
	stream = stream_open(input, DIGEST_SHA256, &budget, &e);
	/* Refusing is as good as taking; an error without words is not. */
	if (!stream || apply_tar(stream, root, &options, &budget, &digest, &report, &e)) {
		if (!e.text[0])
			abort();
	}
}

static void check_world(void)
{
	struct stat st;

	if (fstatat(world, "canary", &st, AT_SYMLINK_NOFOLLOW) || st.st_size != 0 || st.st_nlink != 1 ||
	    st.st_mode != (S_IFREG | 0600))
		abort();
	if (fstat(world, &st) || st.st_nlink > 3)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error e = { 0 };
	int input, root;

	if (world < 0)
		make_world();
	input = memfd_create("input", MFD_CLOEXEC);
	if (input < 0 || mkdirat(world, "root", 0700))
		abort();
	root = openat(world, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || write_all(input, data, size) || lseek(input, 0, SEEK_SET) != 0)
		abort();
	apply(input, root);
	close(input);
	close(root);
	check_world();
	if (folder_remove(world, "root", &e))
		abort();
	return 0;
}
