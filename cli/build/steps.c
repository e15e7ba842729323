/* SPDX-License-Identifier: Apache-2.0 */
/*
 * steps.c - makes one step's layer, in a process of its own.
 *
 * Files of COPY go as a tar from whoever may read them (this process: the context; a worker in the root of another stage) to a worker in
 * the root that they are for (runtime/new_layer.h): on both sides links of an image lead where that image's own programs could go.
 */
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
#include "base/isolation.h"
#include "base/places.h"
#include "base/text.h"
#include "cli/build/feed.h"
#include "cli/build/mounts.h"
#include "cli/build/roots.h"
#include "cli/build/work.h"
#include "cli/build/worker.h"
#include "cli/commands.h"
#include "images/build/selection.h"
#include "images/commit_request.h"
#include "images/extract_request.h"
#include "images/tar_apply.h"
#include "runtime/child/users.h"
#include "specs/build_container.h"
#include "specs/container.h"

/* A layer of COPY lies in memory up to so many bytes. */
enum { MEMORY = 64 << 20, PAGE = 4096 };

/* What the functions below share; workers have a copy. */
struct making {
	struct build_work *work;
	struct stage *stage;
	const struct build_step *step;
	char *words;
	struct commit_layer *ret;
	int64_t memory; /* that the new layer may take in place of the disk */
	int in;         /* the end of the tar's pipe */
	bool says_kind; /* as feed.h has it */
};

char *build_step_words(const struct build_work *work, const struct build_step *step)
{
	return step->line ? text_format("%s:%lld: %.200s", work->file_name, (long long)step->line, step->words)
			  : text_format("%s: %.200s", work->file_name, step->words);
}

char *build_container_name(struct build_work *work)
{
	return text_format("%s-%u", work->prefix, work->made++);
}

static int commit(int upper, const struct id_map *map, void *data, struct error *e)
{
	const struct making *making = data;
	const struct list none = { 0 };
	const struct places *places = making->work->call->places;
	const struct commit_wish wish = { .upper = upper, .map = map, .parents = &making->stage->diff_ids, .stubs = &none,
					  .compression = making->work->options->compression, .epoch = making->stage->epoch,
					  .is_rootless = places->rootless, .is_changes = isolation_is_chroot(), .words = making->words };

	return commit_request(places, &wish, making->ret, e);
}

/* The folders that lead to path, made where they are missing, for owner. *ret_made: the last one was. */
static int make_folders(int root, const char *path, const struct tar_owner *owner, bool *ret_made, struct error *e)
{
	*ret_made = false;
	for (size_t at = 1; at <= strlen(path) && path[1]; at++) {
		autofree char *part = NULL;
		int there, made;

		if (path[at] != '/' && path[at])
			continue;
		part = alloc_copy_bytes(path, at);
		there = beneath_try(root, part, O_PATH | O_DIRECTORY, 0);
		*ret_made = there < 0;
		made = there < 0 ? beneath_make_folder(root, part, 0755, e) : there;
		if (made < 0)
			return -1;
		if (there < 0 && fchownat(made, "", owner->uid, owner->gid, AT_EMPTY_PATH)) {
			close(made);
			return error_sys(e, "give the folder %s to %u:%u", part, owner->uid, owner->gid);
		}
		close(made);
	}
	return 0;
}

static bool is_folder(int root, const char *path)
{
	int fd = beneath_try(root, path, O_PATH | O_DIRECTORY, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* As a Dockerfile has it: a number alone is the group's number, too, and ":group" is root with that group. */
static int find_owner(int root, const char *words, struct tar_owner *ret, struct error *e)
{
	struct identity identity = { 0 };
	autofree char *whole = NULL;

	*ret = (struct tar_owner){ 0 };
	if (!words || !*words)
		return 0;
	if (*words == ':')
		whole = text_format("0%s", words);
	else if (words[strspn(words, "0123456789")] == '\0')
		whole = text_format("%s:%s", words, words);
	if (users_find(root, whole ? whole : words, NULL, &identity, e))
		return -1;
	*ret = (struct tar_owner){ identity.uid, identity.gid };
	identity_release(&identity);
	return 0;
}

/* What the first source is, where it looks like an archive. */
static int read_kind(const struct making *making, bool *ret_is_archive, struct error *e)
{
	char kind = EXTRACT_FILE;
	ssize_t got = 1;

	while (making->says_kind && (got = read(making->in, &kind, 1)) < 0 && errno == EINTR)
		;
	*ret_is_archive = kind == EXTRACT_ARCHIVE;
	return got == 1 ? 0 : error_set(e, ERROR_IMAGE, "nothing came of the first source");
}

static bool takes_apart(const struct build_step *step)
{
	for (size_t i = 0; i < step->source_count; i++)
		if (step->sources[i].unpack)
			return true;
	return false;
}

/* In the new layer's root: what comes through the pipe. */
static int apply(int root, void *data, struct error *e)
{
	const struct making *making = data;
	const struct build_step *step = making->step;
	struct tar_apply wish = { .input = making->in, .keeps_special_modes = true, .keeps_owners = true, .replaces = takes_apart(step) };
	const char *target = strcmp(step->target, "/") == 0 ? "" : step->target, *slash = strrchr(step->target, '/');
	autofree char *above = alloc_copy_bytes(step->target, (size_t)(slash - step->target));
	struct tar_owner owner;
	bool is_archive, made;

	if (find_owner(root, step->chown, &owner, e))
		return error_in(e, "--chown=%s", step->chown);
	if (read_kind(making, &is_archive, e))
		return -1;
	if (step->chown)
		wish.owner = &owner;
	/* An archive's "." says how the folder is that it is unpacked to; a file can become the target itself. */
	wish.sets_root = is_archive || !is_folder(root, step->target);
	wish.first_is_prefix = !step->target_is_folder && wish.sets_root && !step->parents && !is_archive;
	if (make_folders(root, step->target_is_folder || step->parents || is_archive ? target : above, &owner, &made, e))
		return -1;
	return tar_apply(&wish, root, target, e);
}

/* A folder that exists stays as it is. */
static int make_folder(int root, void *data, struct error *e)
{
	const struct making *making = data;
	struct tar_owner owner;
	bool made;

	return find_owner(root, making->step->user, &owner, e) || make_folders(root, making->step->target, &owner, &made, e) ? -1 : 0;
}

/* In the stage's own root. */
static struct build_worker_wish wish_of(struct making *making, const char *root)
{
	return (struct build_worker_wish){ .work = making->work, .root = root, .diff_ids = &making->stage->diff_ids,
					   .epoch = making->stage->epoch, .take = commit, .data = making, .made = making->ret };
}

/* On top of the stage's layers. */
static int start_writer(struct making *making, int (*work)(int, void *, struct error *), struct build_worker **ret, struct error *e)
{
	autofree char *name = build_container_name(making->work);
	autofree char *root = build_root_key(&(struct build_from){ .kind = BUILD_FROM_STAGE, .stage = making->stage->number });
	int *const kept[] = { &making->in };
	struct build_worker_wish wish = wish_of(making, root);

	wish.request = (struct layer_work){ .name = name, .memory = making->memory, .kept = kept, .kept_count = making->in >= 0, .work = work,
					    .data = making };
	return build_worker_start(&wish, ret, e);
}

/* Files of the context whose size is known, and small: 0 for all others. */
static int64_t memory_for(const struct making *making)
{
	const struct selection *inputs = making->stage->inputs;
	int64_t bytes = 0;

	if (making->step->from.kind != BUILD_FROM_CONTEXT || !inputs || takes_apart(making->step) || isolation_is_chroot())
		return 0;
	for (size_t i = 0; i < making->step->source_count; i++)
		if (making->step->sources[i].kind != BUILD_SOURCE_PATH)
			return 0;
	for (size_t i = 0; i < inputs->count && bytes <= MEMORY; i++)
		bytes += S_ISREG(inputs->items[i].st.st_mode) ? inputs->items[i].st.st_size + PAGE : PAGE;
	/* Folders that lead to them, names, attributes: what is added is more than any of these need. */
	return bytes <= MEMORY && layer_memory_prepare() ? 2 * bytes + MEMORY : 0;
}

static int copy(struct making *making, struct error *e)
{
	struct build_feed feed = { .work = making->work, .stage = making->stage, .step = making->step };
	struct error theirs = { 0 };
	struct build_worker *writer;
	int ends[2], result;

	making->memory = memory_for(making);
	if (build_feed_look(&feed, e))
		return -1;
	if (pipe2(ends, O_CLOEXEC))
		return error_sys(e, "make a pipe");
	making->in = ends[0];
	feed.out = ends[1];
	making->says_kind = feed.says_kind;
	result = start_writer(making, apply, &writer, e);
	close(take_fd(&making->in));
	if (result) {
		close(ends[1]);
		return -1;
	}
	result = build_feed_run(&feed, e);
	/* A tar that ended early fails over there, and nothing is taken. Where both fail, EPIPE says who gave up first. */
	if (build_worker_finish(writer, &theirs) == 0)
		return result;
	if (result == 0 || e->sys == EPIPE)
		*e = theirs;
	return -1;
}

static int work_alone(struct making *making, struct error *e)
{
	struct build_worker *writer;

	return start_writer(making, make_folder, &writer, e) ? -1 : build_worker_finish(writer, e);
}

/* Runs it; its own words of failure are told by the log. */
static int run_container(struct making *making, struct container *c, struct error *e)
{
	autorelease(list) struct list epilogue = { 0 };
	autofree char *root = build_root_key(&(struct build_from){ .kind = BUILD_FROM_STAGE, .stage = making->stage->number });
	const struct build_worker_wish wish = wish_of(making, root);
	int status = 0;

	if (build_worker_run(&wish, c, &status, &epilogue, e))
		return -1;
	if (status == 0)
		return 0;
	error_set(e, ERROR_SPEC, status > 128 ? "it was ended by signal %d" : "exit code %d", status > 128 ? status - 128 : status);
	return epilogue.count ? error_hint(e, "%s", epilogue.items[0]) : -1;
}

static int run(struct making *making, struct error *e)
{
	struct build_work *work = making->work;
	autofree char *name = build_container_name(work);
	struct build_mounts mounts = { 0 };
	struct build_container_wish wish = { .step = making->step, .name = name, .image = work->file_name, .epoch = making->stage->epoch };
	struct container c = { 0 };
	int result;

	wish.fields = &work->options->fields;
	wish.hosts = &work->options->hosts;
	wish.is_limited = !work->call->places->rootless;
	wish.host_name = making->stage->changes & CHANGE_HOST_NAME ? "another-host" : NULL;
	wish.shifts_clock = making->stage->changes & CHANGE_CLOCK;
	wish.reverses_names = making->stage->changes & CHANGE_ORDER;
	wish.has_network = making->step->network != BUILD_NETWORK_NONE && !build_is_offline(work);
	result = build_mounts_open(work, making->step, &mounts, e);
	if (result == 0) {
		wish.sources = mounts.sources;
		result = build_container(&wish, &c, e);
	}
	if (result == 0)
		result = run_container(making, &c, e);
	container_release(&c);
	build_mounts_close(work, &mounts);
	return result;
}

int build_step_make(struct build_work *work, struct stage *stage, struct commit_layer *ret, struct error *e)
{
	const struct build_step *step = &stage->plan.steps[stage->next];
	autofree char *words = build_step_words(work, step);
	struct making making = { .work = work, .stage = stage, .step = step, .words = words, .ret = ret, .in = -1 };
	int result = step->kind == BUILD_RUN ? run(&making, e) : step->kind == BUILD_FOLDER ? work_alone(&making, e) : copy(&making, e);

	return result ? error_in(e, "%s", words) : 0;
}
