/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_files.c - the members of a tar as files of a folder of this host.
 */
#include "cli/build/make_files.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/id_map.h"
#include "base/places.h"
#include "cli/build/work.h"
#include "cli/commands.h"
#include "runtime/child/inside.h"

struct making {
	const struct make_files *wish;
	int in, folder;
};

static int apply(void *data, struct error *e)
{
	const struct making *making = data;
	struct tar_apply how = making->wish->how;

	how.input = making->in;
	return tar_apply(&how, making->folder, making->wish->prefix, e);
}

int build_make_files(const struct build_work *work, const struct make_files *wish, struct error *e)
{
	struct making making = { .wish = wish, .folder = wish->folder };
	int *const kept[] = { &making.in, &making.folder };
	struct id_map map;
	const struct inside inside = { .map = &map, .first = -1, .confine = wish->is_confined ? wish->folder : -1, .kept = kept,
				       .kept_count = 2, .work = apply, .data = &making };
	struct inside_process writer;
	struct error theirs = { 0 };
	int ends[2], result;

	id_map_for_files(work->call->places->rootless, &map);
	if (pipe2(ends, O_CLOEXEC))
		return error_sys(e, "make a pipe");
	making.in = ends[0];
	result = inside_start(&inside, &writer, e);
	close(ends[0]);
	if (result) {
		close(ends[1]);
		return -1;
	}
	result = wish->feed(&ends[1], wish->data, e);
	if (ends[1] >= 0)
		close(ends[1]);
	/* A tar that ended early fails over there, too. Where both fail, EPIPE says who gave up first. */
	if (inside_finish(&writer, &theirs) == 0)
		return result;
	if (result == 0 || e->sys == EPIPE)
		*e = theirs;
	return -1;
}
