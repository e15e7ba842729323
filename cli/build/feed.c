/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed.c - what a COPY or ADD brings, as one tar.
 *
 * Sources go one behind the other, as the step has them: of two that bring the same name the later one stays.
 */
#include "cli/build/feed.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/places.h"
#include "base/tar_writer.h"
#include "base/text.h"
#include "cli/build/fetch.h"
#include "cli/build/roots.h"
#include "cli/build/work.h"
#include "cli/build/worker.h"
#include "cli/commands.h"
#include "images/build/mode_words.h"
#include "images/build/selection.h"
#include "images/build/selection_pack.h"
#include "images/extract_request.h"
#include "specs/build_git.h"

static struct pack_wish pack_wish_of(const struct build_feed *feed, int root, bool is_image)
{
	return (struct pack_wish){ .root = root, .out = feed->out, .chmod = feed->step->chmod, .is_image = is_image,
				   .epoch = feed->stage->epoch, .files = feed->step->files, .file_count = feed->step->file_count,
				   .is_reversed = feed->stage->changes & CHANGE_ORDER };
}

/* Opens an item that the step takes apart where it is an archive; -1: it takes it as it is. */
static int open_archive(const struct build_source *source, const struct build_folder *folder, const struct selected *item)
{
	struct error ignored = { 0 };
	int fd = source->unpack && item->is_source ? selection_open(folder->root, item, &ignored) : -1;

	if (fd >= 0 && extract_may_be_archive(fd))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int build_feed_look(struct build_feed *feed, struct error *e)
{
	const struct build_step *step = feed->step;
	const struct selection *inputs = feed->stage->inputs;
	struct build_folder folder;
	autoclose int fd = -1;

	feed->says_kind = false;
	if (!step->source_count || !step->sources[0].unpack || !build_folder_of(feed->work, &step->from, &folder))
		return 0;
	if (step->sources[0].kind == BUILD_SOURCE_URL) {
		fd = build_fetch_open(feed->work, feed->stage, step, 0, e);
		if (fd < 0)
			return -1;
		feed->says_kind = extract_may_be_archive(fd);
	} else if (step->sources[0].kind == BUILD_SOURCE_PATH && inputs->count) {
		fd = open_archive(&step->sources[0], &folder, &inputs->items[0]);
		feed->says_kind = fd >= 0;
	}
	return 0;
}

static int pack_items(const struct build_feed *feed, const struct build_folder *folder, size_t from, size_t to, struct error *e)
{
	const struct selection part = { .items = feed->stage->inputs->items + from, .count = to - from };
	const struct pack_wish wish = pack_wish_of(feed, folder->root, /* is_image= */ false);

	return selection_pack_part(&part, &wish, e);
}

/* The items that one source has brought. */
static int feed_path(const struct build_feed *feed, const struct build_folder *folder, const struct build_source *source, size_t from,
		     size_t to, struct error *e)
{
	size_t begin = from;

	for (size_t i = from; i < to; i++) {
		const struct selected *item = &feed->stage->inputs->items[i];
		autoclose int archive = open_archive(source, folder, item);
		bool is_archive;

		if (archive < 0)
			continue;
		if (pack_items(feed, folder, begin, i, e) ||
		    extract_request(feed->work->call->places, archive, feed->out, feed->says_kind && i == 0, item->path, &is_archive, e))
			return -1;
		begin = is_archive ? i + 1 : i;
	}
	return pack_items(feed, folder, begin, to, e);
}

/* A file that was fetched: its owner alone reads it, as docker has it. */
static int pack_fetched(const struct build_feed *feed, const char *url, int fd, struct error *e)
{
	autofree char *name = build_fetch_name(url);
	struct tar_entry entry = { .type = TAR_FILE, .path = name, .mode = 0600, .mtime = { .tv_sec = feed->stage->epoch } };
	struct stat st;

	if (fstat(fd, &st) || lseek(fd, 0, SEEK_SET) != 0)
		return error_sys(e, "look at what was fetched");
	entry.size = st.st_size;
	if (feed->step->chmod && mode_words_apply(feed->step->chmod, entry.mode, /* is_folder= */ false, &entry.mode, e))
		return -1;
	return tar_write_header(feed->out, &entry, e) || tar_write_content(feed->out, name, fd, entry.size, NULL, e) ? -1 : 0;
}

static int feed_address(const struct build_feed *feed, size_t source, struct error *e)
{
	const struct build_source *from = &feed->step->sources[source];
	autoclose int fd = build_fetch_open(feed->work, feed->stage, feed->step, source, e);
	bool is_archive = false;

	if (fd < 0)
		return -1;
	if (from->unpack && extract_may_be_archive(fd) &&
	    extract_request(feed->work->call->places, fd, feed->out, feed->says_kind && source == 0, from->path, &is_archive, e))
		return -1;
	return is_archive ? 0 : pack_fetched(feed, from->path, fd, e);
}

/* root: what roots.h calls it, or NULL. */
static int start_reader(struct build_feed *feed, const char *root, const struct list *diff_ids, int (*work)(int, void *, struct error *),
			struct build_worker **ret, struct error *e)
{
	int *const kept[] = { &feed->out };
	const struct build_worker_wish wish = { .work = feed->work, .root = root, .diff_ids = diff_ids,
						.request = { .kept = kept, .kept_count = 1, .work = work, .data = feed } };

	return build_worker_start(&wish, ret, e);
}

/* In the root of a layer with the repository's files. */
static int pack_repository(int root, void *data, struct error *e)
{
	const struct build_feed *feed = data;
	const char *words = feed->step->sources[feed->source].path;
	autorelease(build_git) struct build_git git = { 0 };
	autofree char *path = NULL, *pattern = NULL;
	struct build_source source = { .kind = BUILD_SOURCE_PATH };
	struct build_step step = { .sources = &source, .source_count = 1, .excludes = feed->step->excludes };
	const struct selection_wish wish = { .root = root, .what = words, .step = &step };
	const struct pack_wish pack = pack_wish_of(feed, root, /* is_image= */ true);
	struct selection selection = { 0 };
	int result;

	if (build_git_parse(words, &git, e))
		return -1;
	path = strcmp(git.folder, ".") == 0 ? alloc_copy("src") : text_format("src/%s", git.folder);
	pattern = selection_literal(path);
	source.path = pattern;
	result = selection_add(&wish, &selection, e) || selection_pack_part(&selection, &pack, e) ? -1 : 0;
	if (result && e->kind == ERROR_MISSING)
		error_set(e, ERROR_MISSING, "the repository has no %s", git.folder);
	selection_release(&selection);
	return result;
}

static int feed_repository(struct build_feed *feed, size_t source, struct error *e)
{
	autorelease(list) struct list diff_ids = { 0 };
	struct build_worker *reader;

	feed->source = source;
	if (build_fetch_layers(feed->work, feed->stage, feed->step, source, &diff_ids, e) ||
	    start_reader(feed, NULL, &diff_ids, pack_repository, &reader, e))
		return -1;
	return build_worker_finish(reader, e);
}

static int feed_folder(struct build_feed *feed, const struct build_folder *folder, struct error *e)
{
	const struct pack_wish wish = pack_wish_of(feed, folder->root, /* is_image= */ false);
	size_t at = 0;

	for (size_t i = 0; i < feed->step->source_count; i++) {
		const struct build_source *source = &feed->step->sources[i];

		if (source->kind == BUILD_SOURCE_URL   ? feed_address(feed, i, e)
		    : source->kind == BUILD_SOURCE_GIT ? feed_repository(feed, i, e)
						       : feed_path(feed, folder, source, at, feed->stage->input_ends[i], e))
			return -1;
		at = feed->stage->input_ends[i];
	}
	return selection_pack_rest(&wish, e);
}

/* In the root that files are taken from. */
static int pack_image(int root, void *data, struct error *e)
{
	const struct build_feed *feed = data;
	const struct pack_wish wish = pack_wish_of(feed, root, /* is_image= */ true);
	const struct build_from *from = &feed->step->from;
	struct selection selection = { 0 };
	int result = 0;

	for (size_t i = 0; result == 0 && i < feed->step->source_count; i++) {
		const struct selection_wish source = { .root = root, .what = from->name ? from->name : "the other stage",
						       .step = feed->step, .source = i };

		result = selection_add(&source, &selection, e);
	}
	if (result == 0)
		result = selection_pack(&selection, &wish, e);
	selection_release(&selection);
	return result;
}

int build_feed_run(struct build_feed *feed, struct error *e)
{
	struct build_worker *reader;
	struct build_folder folder;
	const struct list *diff_ids;
	autofree char *root = NULL;
	int result;

	if (build_folder_of(feed->work, &feed->step->from, &folder)) {
		result = feed_folder(feed, &folder, e);
		close(take_fd(&feed->out));
		return result;
	}
	diff_ids = build_source_layers(feed->work, &feed->step->from, e);
	root = build_root_key(&feed->step->from);
	result = diff_ids ? start_reader(feed, root, diff_ids, pack_image, &reader, e) : -1;
	close(take_fd(&feed->out));
	return result ? -1 : build_worker_finish(reader, e);
}
