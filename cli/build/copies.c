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
#include "base/places.h"
#include "cli/build/make_files.h"
#include "cli/build/roots.h"
#include "cli/build/work.h"
#include "cli/build/worker.h"
#include "cli/commands.h"
#include "images/build/selection.h"
#include "images/build/selection_pack.h"

struct copying {
	struct build_work *work;
	const struct build_from *from;
	const struct build_folder *source_folder; /* NULL: layers */
	const struct list *diff_ids;             /* else */
	const char *what;
	struct build_step step; /* takes one source */
	struct build_source source;
	int out;
};

static int pack(struct copying *copying, int root, struct error *e)
{
	const struct selection_wish source = { .root = root, .what = copying->what, .step = &copying->step,
					       .ignore = copying->source_folder ? copying->source_folder->ignore : NULL };
	const struct pack_wish wish = { .root = root, .out = copying->out, .is_image = !copying->source_folder };
	struct selection selection = { 0 };
	int result = selection_add(&source, &selection, e) || selection_pack(&selection, &wish, e) ? -1 : 0;

	selection_release(&selection);
	return result;
}

static int pack_image(int root, void *data, struct error *e)
{
	return pack(data, root, e);
}

static int feed_image(struct copying *copying, struct error *e)
{
	int *const kept[] = { &copying->out };
	autofree char *root = build_root_key(copying->from);
	const struct build_worker_wish wish = {
		.work = copying->work, .root = root, .diff_ids = copying->diff_ids,
		.request = { .kept = kept, .kept_count = 1, .work = pack_image, .data = copying },
	};
	struct build_worker *reader;
	int result = build_worker_start(&wish, &reader, e);

	close(take_fd(&copying->out));
	return result ? -1 : build_worker_finish(reader, e);
}

/* The host's root writes ids as they are, below a folder that nobody else enters. */
static int feed(int *out, void *data, struct error *e)
{
	struct copying *copying = data;

	copying->out = take_fd(out);
	if (!copying->source_folder)
		return feed_image(copying, e);
	*out = copying->out;
	return pack(copying, copying->source_folder->root, e);
}

int build_copy_into(struct build_work *work, const struct build_from *from, const char *source, int folder, const char *path,
		    struct error *e)
{
	struct build_folder place;
	bool is_image = !build_folder_of(work, from, &place);
	autofree char *pattern = selection_literal(source);
	struct copying copying = { .work = work, .from = from, .source_folder = is_image ? NULL : &place,
				   .what = !is_image ? place.what : from->name ? from->name : "the other stage",
				   .source = { .kind = BUILD_SOURCE_PATH, .path = pattern } };
	const struct make_files wish = { .how = { .keeps_owners = is_image, .keeps_special_modes = true, .first_is_prefix = true,
						  .sets_root = true },
					 .folder = folder, .prefix = path, .feed = feed, .data = &copying };

	copying.step = (struct build_step){ .sources = &copying.source, .source_count = 1 };
	if (is_image)
		copying.diff_ids = build_source_layers(work, from, e);
	return is_image && !copying.diff_ids ? -1 : build_make_files(work, &wish, e);
}
