/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stdin.c - a build context that comes by stdin.
 *
 *     STORE/staging/NAME/input    what came
 *     STORE/staging/NAME/context  its files, made by a process with power over files alone
 *
 * A tar may be anybody's: its members go through the rules of images/tar_apply.h, and links of it lead no further than the folder.
 */
#include "cli/build/stdin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id_map.h"
#include "base/places.h"
#include "base/tar_writer.h"
#include "cli/build/make_files.h"
#include "cli/build/work.h"
#include "cli/commands.h"
#include "images/extract_request.h"
#include "images/store.h"
#include "runtime/child/inside.h"

enum { BUFFER = 64 << 10 };
#define MOST (INT64_C(16) << 30) /* of a context, in bytes */

struct archive {
	const struct build_work *work;
	int file;
	bool is_one;
};

static int spool(int to, struct error *e)
{
	autofree char *buffer = alloc_zeroed(1, BUFFER);
	int64_t total = 0;
	ssize_t got;

	while ((got = read(STDIN_FILENO, buffer, BUFFER)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(e, "read stdin");
		total += got;
		if (total > MOST)
			return error_set(e, ERROR_SPEC, "read stdin: a context has at most %lld bytes", (long long)MOST);
		if (write_all(to, buffer, (size_t)got))
			return error_sys(e, "keep what comes by stdin");
	}
	return total ? 0 : error_set(e, ERROR_USAGE, "stdin is empty: expected a tar of the context, or a build file");
}

/* The archive's members from box-image, which opens it in its sandbox; none of what is no archive. */
static int feed(int *out, void *data, struct error *e)
{
	struct archive *archive = data;

	return extract_request(archive->work->call->places, archive->file, *out, /* says_kind= */ false, "stdin", &archive->is_one, e) ||
			       tar_write_end(*out, e) ? -1 : 0;
}

/* Files of a context are the caller's, whoever owned them elsewhere. */
static int unpack(const struct build_work *work, int input, bool *ret_is_archive, struct error *e)
{
	struct archive archive = { .work = work, .file = input };
	const struct make_files wish = { .how = { .keeps_special_modes = true }, .folder = work->context, .prefix = "", .feed = feed,
					 .data = &archive };
	int result = build_make_files(work, &wish, e);

	*ret_is_archive = archive.is_one;
	return result;
}

/* What is no archive is a build file, and the context has nothing else. */
static int open_context(struct build_work *work, int input, struct error *e)
{
	bool is_archive = false;

	if (lseek(input, 0, SEEK_SET) != 0)
		return error_sys(e, "read what came by stdin");
	if (extract_may_be_archive(input) && (lseek(input, 0, SEEK_SET) != 0 || unpack(work, input, &is_archive, e)))
		return -1;
	if (is_archive)
		return unlinkat(work->stdin_folder, "input", 0) ? error_sys(e, "remove what came by stdin") : 0;
	return renameat(work->stdin_folder, "input", work->context, "Dockerfile") ? error_sys(e, "keep the build file from stdin") : 0;
}

int build_stdin_open(struct build_work *work, struct error *e)
{
	autoclose int input = -1;

	work->stdin_folder = store_staging_make(work->store, work->stdin_name, e);
	if (work->stdin_folder < 0)
		return -1;
	input = openat(work->stdin_folder, "input", O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (input < 0 || mkdirat(work->stdin_folder, "context", 0755))
		return error_sys(e, "make a folder for the context");
	work->context = openat(work->stdin_folder, "context", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (work->context < 0)
		return error_sys(e, "open the context");
	return spool(input, e) || open_context(work, input, e) ? error_in(e, "the build context") : 0;
}

int build_stdin_read(struct build_work *work, struct text *ret, struct error *e)
{
	const char *name = work->options->file;
	autoclose int fd = -1;

	if (strcmp(name, "-") == 0)
		return error_set(e, ERROR_USAGE, "option --file -: stdin is the context already");
	work->file_name = alloc_copy(name);
	fd = beneath_open(work->context, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, e);
	return fd < 0 || file_read_fd(fd, name, BUILD_TEXT_LIMIT, ret, e) ? error_in(e, "the build context") : 0;
}

void build_stdin_remove(struct build_work *work)
{
	autoclose int staging = work->stdin_folder < 0 ? -1 : openat(work->store, "staging", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct error ignored = { 0 };
	struct id_map map = { 0 };

	if (work->call->places->rootless)
		id_map_for_caller(&map);
	if (staging >= 0)
		(void)inside_remove(staging, work->stdin_name, &map, &ignored); /* the next sweep does */
	if (work->stdin_folder >= 0)
		close(take_fd(&work->stdin_folder));
}
