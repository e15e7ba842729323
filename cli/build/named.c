/* SPDX-License-Identifier: Apache-2.0 */
/*
 * named.c - folders and images that a build calls by names of its own.
 */
#include "cli/build/named.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/build/work.h"
#include "cli/build_spec.h"
#include "images/build/content_digests.h"
#include "images/reference.h"

static int open_folder(struct build_work *work, struct build_named *named, const char *path, struct error *e)
{
	named->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (named->root < 0 && errno == ENOTDIR) {
		error_set(e, ERROR_SPEC, "%s is no folder", path);
		return error_hint(e, "an image is docker-image://NAME, a layout oci-layout://FOLDER:TAG");
	}
	if (named->root < 0)
		return error_sys(e, "open the folder %s", path);
	named->what = text_format("the build context %s", named->name);
	named->digests = content_digests_open(work->store, named->root);
	return build_context_rules(named->root, &named->ignore, e);
}

static char *place(const char *path, const char *folder)
{
	return *path == '/' || !folder ? alloc_copy(path) : text_format("%s/%s", folder, path);
}

static int set_value(struct build_work *work, struct build_named *named, const char *value, const char *folder, struct error *e)
{
	const char *image = build_context_image(value);
	static const char layout[] = "oci-layout://";
	autofree char *path = NULL, *words = NULL;

	if (image) {
		named->image = alloc_copy(image);
		return 0;
	}
	if (text_starts(value, layout) && strchr(value, '@')) {
		error_set(e, ERROR_UNSUPPORTED, "an image of a layout by its digest");
		return error_hint(e, "name it by its tag: oci-layout://FOLDER:TAG");
	}
	if (text_starts(value, layout) && value[strlen(layout)]) {
		path = place(value + strlen(layout), folder);
		words = text_format("oci:%s", path);
		named->image = reference_absolute(words);
		return 0;
	}
	if (!*value || strstr(value, "://") || text_starts(value, "git@")) {
		error_set(e, ERROR_SPEC, "expected a folder, docker-image://NAME or oci-layout://FOLDER:TAG, found \"%.200s\"", value);
		return *value ? error_hint(e, "ADD takes files from an address or a git repository") : -1;
	}
	path = place(value, folder);
	return open_folder(work, named, path, e);
}

static bool is_there(const struct build_work *work, const char *name)
{
	for (size_t i = 0; i < work->named_count; i++)
		if (strcmp(work->named[i].name, name) == 0)
			return true;
	return false;
}

int build_named_take(struct build_work *work, const struct list *words, const char *folder, struct error *e)
{
	for (size_t i = 0; i < words->count; i++) {
		const char *equals = strchr(words->items[i], '=');
		autofree char *name = equals ? alloc_copy_bytes(words->items[i], (size_t)(equals - words->items[i])) : NULL;
		struct build_named *named;

		if (!name || !*name)
			return error_set(e, ERROR_USAGE, "expected NAME=FOLDER, NAME=docker-image://NAME or NAME=oci-layout://FOLDER:TAG, "
					 "found \"%.200s\"", words->items[i]);
		if (is_there(work, name))
			continue;
		named = alloc_append(&work->named, &work->named_count, sizeof *named);
		*named = (struct build_named){ .name = take_ptr(&name), .root = -1 };
		if (set_value(work, named, equals + 1, folder, e))
			return error_in(e, "the build context %s", named->name);
		list_add(&work->inputs.contexts, named->name);
	}
	return 0;
}

void build_named_release(struct build_work *work)
{
	for (size_t i = 0; i < work->named_count; i++) {
		struct build_named *named = &work->named[i];

		free(named->name);
		free(named->image);
		free(named->what);
		build_ignore_release(&named->ignore);
		if (named->digests)
			content_digests_close(named->digests);
		if (named->root >= 0)
			close(named->root);
	}
	free(work->named);
	list_release(&work->inputs.contexts);
}

const struct build_named *build_named_find(const struct build_work *work, const struct build_from *from)
{
	size_t i = 0;

	while (strcmp(work->named[i].name, from->name) != 0)
		i++; /* the plan knows no other names than these */
	return &work->named[i];
}

static void add_step(struct build_stage *plan, const struct build_from *from, long long line)
{
	(void)alloc_append(&plan->steps, &plan->step_count, sizeof *plan->steps); /* room for one more: the first */
	memmove(plan->steps + 1, plan->steps, (plan->step_count - 1) * sizeof *plan->steps);
	plan->steps[0] = (struct build_step){ .kind = BUILD_COPY, .line = line, .target_is_folder = true,
					      .words = text_format("COPY --from=%s . /", from->name),
					      .key = alloc_copy("{\"begins\":\"folder\"}"), .target = alloc_copy("/"),
					      .sources = alloc_zeroed(1, sizeof *plan->steps->sources), .source_count = 1,
					      .from = { .kind = BUILD_FROM_NAMED, .stage = BUILD_NO_STAGE, .name = alloc_copy(from->name) } };
	plan->steps[0].created_by = alloc_copy(plan->steps[0].words);
	plan->steps[0].sources[0].path = alloc_copy(".");
}

void build_named_begin(struct stage *stage, const struct build_from *from, long long line)
{
	struct build_stage *plan = &stage->plan;

	add_step(plan, from, line);
	(void)alloc_append(&plan->history, &plan->history_count, sizeof *plan->history); /* as above */
	memmove(plan->history + 1, plan->history, (plan->history_count - 1) * sizeof *plan->history);
	for (size_t i = 1; i < plan->history_count; i++)
		plan->history[i].step += plan->history[i].step != BUILD_NO_STEP;
	plan->history[0] = (struct build_history){ .created_by = alloc_copy(plan->steps[0].created_by) };
}
