/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copies.c - a copy of what another stage, an image or the context holds.
 */
#include "cli/build/copies.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/id_map.h"
#include "base/places.h"
#include "cli/build/roots.h"
#include "cli/build/work.h"
#include "cli/build/worker.h"
#include "cli/commands.h"
#include "images/build/selection.h"
#include "images/build/selection_pack.h"
#include "images/tar_apply.h"
#include "runtime/inside.h"

struct copying {
	struct build_work *work;
	const struct build_from *from;
	const struct build_folder *source_folder; /* NULL: layers */
	const char *what, *path;
	struct build_step step; /* takes one source */
	struct build_source source;
	bool is_image;
	int in, out, folder;
};

static int pack(struct copying *copying, int root, struct error *e)
{
	const struct selection_wish source = { .root = root, .what = copying->what, .step = &copying->step,
					       .ignore = copying->is_image ? NULL : copying->source_folder->ignore };
	const struct pack_wish wish = { .root = root, .out = copying->out, .is_image = copying->is_image };
	struct selection selection = { 0 };
	int result = selection_add(&source, &selection, e) || selection_pack(&selection, &wish, e) ? -1 : 0;

	selection_release(&selection);
	return result;
}

static int pack_image(int root, void *data, struct error *e)
{
	return pack(data, root, e);
}

static int apply(void *data, struct error *e)
{
	const struct copying *copying = data;
	const struct tar_apply wish = { .input = copying->in, .keeps_owners = copying->is_image, .keeps_special_modes = true,
					.first_is_prefix = true, .sets_root = true };

	return tar_apply(&wish, copying->folder, copying->path, e);
}

/* The host's root writes ids as they are, below a folder that nobody else enters; its power is that over files alone. */
static int start_writer(struct copying *copying, struct inside_process *ret, struct error *e)
{
	struct id_map map;
	int *const kept[] = { &copying->in, &copying->folder };
	const struct inside inside = { .map = &map, .first = -1, .confine = -1, .kept = kept, .kept_count = 2, .work = apply, .data = copying };

	id_map_for_files(copying->work->call->places->rootless, &map);
	return inside_start(&inside, ret, e);
}

static int feed_image(struct copying *copying, const struct list *diff_ids, struct error *e)
{
	int *const kept[] = { &copying->out };
	autofree char *root = build_root_key(copying->from);
	const struct build_worker_wish wish = {
		.work = copying->work, .root = root, .diff_ids = diff_ids,
		.request = { .kept = kept, .kept_count = 1, .work = pack_image, .data = copying },
	};
	struct build_worker *reader;
	int result = build_worker_start(&wish, &reader, e);

	close(take_fd(&copying->out));
	return result ? -1 : build_worker_finish(reader, NULL, NULL, NULL, e);
}

static int feed(struct copying *copying, const struct list *diff_ids, struct error *e)
{
	int result = diff_ids ? feed_image(copying, diff_ids, e) : pack(copying, copying->source_folder->root, e);

	if (copying->out >= 0)
		close(take_fd(&copying->out));
	return result;
}

int build_copy_into(struct build_work *work, const struct build_from *from, const char *source, int folder, const char *path,
		    struct error *e)
{
	struct build_folder place;
	bool is_image = !build_folder_of(work, from, &place);
	const struct list *diff_ids = is_image ? build_source_layers(work, from, e) : NULL;
	autofree char *pattern = selection_literal(source);
	struct copying copying = { .work = work, .from = from, .source_folder = is_image ? NULL : &place,
				   .what = !is_image ? place.what : from->name ? from->name : "the other stage", .path = path,
				   .source = { .kind = BUILD_SOURCE_PATH, .path = pattern }, .is_image = is_image,
				   .folder = folder };
	struct inside_process writer;
	struct error theirs = { 0 };
	int ends[2], result;

	copying.step = (struct build_step){ .sources = &copying.source, .source_count = 1 };
	if (is_image && !diff_ids)
		return -1;
	if (pipe2(ends, O_CLOEXEC))
		return error_sys(e, "make a pipe");
	copying.in = ends[0];
	copying.out = ends[1];
	result = start_writer(&copying, &writer, e);
	close(take_fd(&copying.in));
	if (result) {
		close(take_fd(&copying.out));
		return -1;
	}
	result = feed(&copying, diff_ids, e);
	if (inside_finish(&writer, &theirs) == 0)
		return result;
	if (result == 0 || e->sys == EPIPE)
		*e = theirs;
	return -1;
}
