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
#include "cli/build/work.h"
#include "cli/commands.h"
#include "images/extract_request.h"
#include "images/store.h"
#include "images/tar_apply.h"
#include "runtime/inside.h"

enum { BUFFER = 64 << 10 };
#define MOST (INT64_C(16) << 30) /* of a context, in bytes */

struct applying {
	int input, folder;
};

/* Files of a context are the caller's, whoever owned them elsewhere. */
static int apply(void *data, struct error *e)
{
	const struct applying *applying = data;
	const struct tar_apply wish = { .input = applying->input, .keeps_special_modes = true };

	return tar_apply(&wish, applying->folder, "", e);
}

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

/* The archive's members from box-image, which opens it in its sandbox, to the one who makes files of them. */
static int unpack(const struct build_work *work, int input, bool *ret_is_archive, struct error *e)
{
	struct id_map map;
	struct applying applying = { .folder = work->context };
	int *const kept[] = { &applying.input, &applying.folder };
	const struct inside inside = { .map = &map, .first = -1, .confine = -1, .kept = kept, .kept_count = 2, .work = apply, .data = &applying };
	struct inside_process writer;
	struct error theirs = { 0 };
	int ends[2], result;

	id_map_for_files(work->call->places->rootless, &map);
	if (pipe2(ends, O_CLOEXEC))
		return error_sys(e, "make a pipe");
	applying.input = ends[0];
	result = inside_start(&inside, &writer, e);
	close(ends[0]);
	if (result == 0) {
		result = extract_request(work->call->places, input, ends[1], /* says_kind= */ false, "stdin", ret_is_archive, e) ||
			 (*ret_is_archive && tar_write_end(ends[1], e)) ? -1 : 0;
		close(ends[1]);
		/* A tar that ended early fails over there, too. Where both fail, EPIPE says who gave up first. */
		if (inside_finish(&writer, &theirs) && (result == 0 || e->sys == EPIPE) && *ret_is_archive) {
			*e = theirs;
			result = -1;
		}
		return result;
	}
	close(ends[1]);
	return -1;
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
