/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local.c - the files of an image as a folder of this host.
 *
 * They come as a tar through a pipe (runtime/export.c), and are made by a process whose root the folder is, so that a link of the image
 * leads to what is in it.
 */
#include "cli/build/local.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id_map.h"
#include "base/places.h"
#include "cli/build/work.h"
#include "cli/build/worker.h"
#include "cli/commands.h"
#include "images/tar_apply.h"
#include "runtime/inside.h"

struct local {
	int in, folder;
	bool keeps_owners, is_closed;
};

static int apply(void *data, struct error *e)
{
	const struct local *local = data;
	const struct tar_apply wish = { .input = local->in, .keeps_owners = local->keeps_owners, .keeps_special_modes = local->is_closed };

	return tar_apply(&wish, local->folder, "", e);
}

static int fill(struct build_work *work, const struct list *diff_ids, struct local *local, const struct id_map *map, struct error *e)
{
	int *const kept[] = { &local->in, &local->folder };
	const struct inside inside = { .map = map, .first = -1, .confine = local->folder, .kept = kept, .kept_count = 2, .work = apply,
				       .data = local };
	struct inside_process writer;
	struct error theirs = { 0 };
	int ends[2], result;

	if (pipe2(ends, O_CLOEXEC))
		return error_sys(e, "make a pipe");
	local->in = ends[0];
	result = inside_start(&inside, &writer, e);
	close(ends[0]);
	if (result) {
		close(ends[1]);
		return -1;
	}
	result = build_worker_export(work, diff_ids, ends[1], e);
	close(ends[1]);
	/* A tar that ended early fails over there, too. Where both fail, EPIPE says who gave up first. */
	if (inside_finish(&writer, &theirs) == 0)
		return result;
	if (result == 0 || e->sys == EPIPE)
		*e = theirs;
	return -1;
}

int build_local_write(struct build_work *work, const struct list *diff_ids, const char *dest, struct error *e)
{
	struct id_map map;
	struct local local = { .keeps_owners = !work->call->places->rootless };
	bool is_new = access(dest, F_OK) && errno == ENOENT;
	struct error ignored = { 0 };
	autoclose int folder = -1;
	struct stat st;

	folder = folder_make(dest, 0777, e);
	if (folder < 0)
		return -1;
	if (fstat(folder, &st))
		return error_sys(e, "look at the folder %s", dest);
	local.folder = folder;
	local.is_closed = (st.st_mode & 077) == 0;
	id_map_for_files(work->call->places->rootless, &map);
	if (fill(work, diff_ids, &local, &map, e) == 0)
		return 0;
	if (is_new)
		(void)folder_remove(AT_FDCWD, dest, &ignored); /* the first error is told */
	return -1;
}
