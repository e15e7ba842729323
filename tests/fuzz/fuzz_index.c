/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_index.c - any bytes as a layer, in both forms: what becomes a tar with an index must become a folder too, the index must be one that
 * the half outside the sandbox takes, and as root both are compared name by name.
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
#include "base/text.h"
#include "images/digest.h"
#include "images/layer_mount.h"
#include "images/unpack/applier.h"
#include "images/unpack/budget.h"
#include "images/unpack/index_verify.h"
#include "images/unpack/indexer.h"
#include "images/unpack/stream.h"
#include "tests/fuzz/same_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int world = -1;
static char world_path[64];

/* At the end of the program. */
static void remove_world(void)
{
	if (world >= 0)
		(void)rmdir(world_path);
}

/* Not on a tmpfs: the kernel mounts no index from there. */
static void make_world(void)
{
	const char *base = getenv("BOX_TEST_DIR");

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		abort();
	(void)snprintf(world_path, sizeof world_path, "%.30s/box-fuzz-index-XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(world_path))
		abort();
	world = open(world_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (world < 0)
		abort();
	(void)atexit(remove_world);
}

static const struct apply_options options = { .uid_count = 65536, .gid_count = 65536 };

static struct stream *open_input(int input, struct budget *budget, struct error *e)
{
	budget_init(budget, budget_default_limits(), -1);
	return lseek(input, 0, SEEK_SET) == 0 ? stream_open(input, DIGEST_SHA256, budget, e) : NULL;
}

/* Whether input got an index. */
static bool make_index(int input, const struct index_files *files, struct digest *ret)
{
	struct apply_report report = { 0 };
	struct error e = { 0 };
	struct budget budget;
	bool is_indexed = false;
	autorelease(stream) struct stream *stream = open_input(input, &budget, &e);

	if (!stream || index_tar(stream, files, &options, &budget, ret, &is_indexed, &report, &e)) {
		if (!e.text[0])
			abort();
		return false;
	}
	return is_indexed;
}

static void make_folder(int input, int root, const struct digest *expected)
{
	struct apply_report report = { 0 };
	struct digest digest;
	struct error e = { 0 };
	struct budget budget;
	autorelease(stream) struct stream *stream = open_input(input, &budget, &e);

	if (!stream || apply_tar(stream, root, &options, &budget, &digest, &report, &e)) {
		(void)fprintf(stderr, "an index, but no folder: %s\n", e.text);
		abort();
	}
	if (!digest_equal(&digest, expected))
		abort();
}

static void verify(const struct index_files *files)
{
	autorelease(text) struct text bytes = { 0 };
	struct error e = { 0 };
	struct stat st;

	if (fstat(files->tar, &st) || lseek(files->index, 0, SEEK_SET) != 0 || file_read_fd(files->index, "index", 1 << 30, &bytes, &e))
		abort();
	if (index_verify((const unsigned char *)bytes.data, bytes.length, st.st_size, &e)) {
		(void)fprintf(stderr, "%s\n", e.text);
		abort();
	}
}

static void compare(const struct index_files *files, int root)
{
	struct same_tree same = { .base = ID_POOL_BASE };
	struct error e = { 0 };
	autoclose int mount = -1;

	if (geteuid() != 0 || !layer_mount_probe(world, &e))
		return;
	mount = layer_mount(files->index, files->tar, &e);
	if (mount < 0) {
		(void)fprintf(stderr, "%s\n%s\n", e.text, e.hint);
		abort();
	}
	if (!tree_is_same(&same, root, mount)) {
		(void)fprintf(stderr, "folder and index differ: %s\n", same.where);
		abort();
	}
	if (getenv("BOX_FUZZ_SAYS"))
		(void)printf("%lld names are the same\n", same.compared);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int flags = O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC;
	struct digest digest = { 0 };
	struct index_files files;
	struct error e = { 0 };
	int input, root;

	if (world < 0)
		make_world();
	input = memfd_create("input", MFD_CLOEXEC);
	files.tar = openat(world, "tar", flags, 0600);
	files.index = openat(world, "index", flags, 0600);
	if (input < 0 || files.tar < 0 || files.index < 0 || mkdirat(world, "root", 0755) || write_all(input, data, size))
		abort();
	root = openat(world, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		abort();
	if (make_index(input, &files, &digest)) {
		make_folder(input, root, &digest);
		verify(&files);
		compare(&files, root);
	}
	close(input);
	close(root);
	close(files.tar);
	close(files.index);
	if (unlinkat(world, "tar", 0) || unlinkat(world, "index", 0) || folder_remove(world, "root", &e))
		abort();
	return 0;
}
