/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_native.c - the "build" object of app.json: its stages, in an order in which each can use those before it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "specs/app_fields.h"
#include "specs/build_file.h"

bool build_is_native(const struct build *build)
{
	return build->stage_count || build->last.step_count || build->last.from;
}

/* Stage number as the file has it: the stages by name, then the build itself. */
static const struct native_stage *stage_at(const struct build *build, size_t index)
{
	return index < build->stage_count ? &build->stages[index] : &build->last;
}

static bool is_word(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

/* Whether a mount ("type=bind,from=x,…") says from=name. */
static bool mounts_from(const struct list *mounts, const char *name)
{
	autofree char *field = text_format("from=%s", name);
	size_t length = strlen(field);

	for (size_t i = 0; i < mounts->count; i++)
		for (const char *at = mounts->items[i]; (at = strstr(at, field)); at += length)
			if ((at == mounts->items[i] || at[-1] == ',') && (!at[length] || at[length] == ','))
				return true;
	return false;
}

static bool refers(const struct native_stage *stage, const char *name)
{
	bool does = is_word(stage->from, name);

	for (size_t i = 0; i < stage->step_count && !does; i++)
		does = is_word(stage->steps[i].from, name) || mounts_from(&stage->steps[i].mounts, name);
	return does;
}

/* Whether everything that the stage refers to has its place. */
static bool can_come(const struct build *build, const struct native_stage *stage, const bool *placed)
{
	for (size_t i = 0; i < build->stage_count; i++)
		if (!placed[i] && refers(stage, build->stages[i].name))
			return false;
	return true;
}

static void add_head(struct build_file *file, const struct native_stage *stage, size_t index)
{
	struct build_head *head;

	file->first = alloc_resize(file->first, file->count + 1, sizeof *file->first);
	file->first[file->count] = index;
	head = alloc_append(&file->heads, &file->count, sizeof *file->heads);
	head->name = alloc_copy(stage->name);
	head->base.stage = BUILD_NO_STAGE;
}

/* Heads in such an order; file->first has where each stage stands in the build. */
static int place(struct build_file *file, const struct build *build, struct error *e)
{
	bool placed[BUILD_STAGE_LIMIT] = { false };
	size_t left = build->stage_count;

	if (build->stage_count >= BUILD_STAGE_LIMIT) {
		error_set(e, ERROR_SPEC, "more than %d stages", BUILD_STAGE_LIMIT - 1);
		return error_at(e, "stages");
	}
	while (left) {
		size_t next = 0;

		while (next < build->stage_count && (placed[next] || !can_come(build, &build->stages[next], placed)))
			next++;
		if (next == build->stage_count) {
			for (next = 0; placed[next];)
				next++;
			error_set(e, ERROR_SPEC,
				  "the stage needs itself, through those that it copies from or begins with");
			return error_at(e, "stages.%s", build->stages[next].name);
		}
		placed[next] = true;
		left--;
		add_head(file, &build->stages[next], next);
	}
	if (build->last.from || build->last.step_count)
		add_head(file, &build->last, build->stage_count);
	return 0;
}

/* Puts the stage's place in the file in front of the error's: "stages.app.", or nothing. */
static int at_stage(const struct build_file *file, size_t number, struct error *e)
{
	if (file->first[number] < file->native->stage_count)
		error_at(e, "stages.%s", file->native->stages[file->first[number]].name);
	return -1;
}

static int connect(struct build_file *file, size_t number, struct error *e)
{
	const struct native_stage *stage = stage_at(file->native, file->first[number]);
	struct build_head *head = &file->heads[number];

	if (!stage->from) {
		error_set(e, ERROR_SPEC, "expected \"from\": an image, a stage or \"scratch\"");
		return error_at(e, "steps");
	}
	if (build_from_find(file, stage->from, number, &head->base, e)) {
		error_at(e, "from");
		return -1;
	}
	if (head->base.kind != BUILD_FROM_STAGE)
		head->base.platform = alloc_copy(stage->platform);
	for (size_t i = 0; i < number; i++) {
		bool is_base = head->base.stage == i;

		if (!is_base && !(file->heads[i].name && refers(stage, file->heads[i].name)))
			continue;
		*(size_t *)alloc_append(&head->needs, &head->need_count, sizeof *head->needs) = i;
	}
	return 0;
}

/* The arguments of the file with the caller's values in place of the defaults. */
static void set_args(struct build_file *file, const struct build *build)
{
	for (size_t i = 0; i < build->args.count; i++) {
		autofree char *name = alloc_copy_bytes(build->args.items[i], strcspn(build->args.items[i], "="));
		const char *given = list_env_get(&file->args, name);

		list_add(&file->declared, name);
		list_env_set(&file->global, name, given ? given : build->args.items[i] + strlen(name) + 1);
	}
}

int build_file_from_spec(const struct build *build, const struct build_inputs *inputs, struct build_file **ret,
			 struct error *e)
{
	struct build_file *file = build_file_new("build", inputs);
	size_t number = 0;
	int result;

	file->native = build;
	list_release(&file->global); /* steps have the arguments that the file names */
	set_args(file, build);
	if (build->dockerfile) {
		error_set(e, ERROR_SPEC, "\"dockerfile\" and \"%s\" exclude each other",
			  build->last.step_count ? "steps"
			  : build->last.from     ? "from"
						 : "stages");
		result = error_at(e, "dockerfile");
	} else
		result = place(file, build, e);
	for (; result == 0 && number < file->count; number++)
		if (connect(file, number, e))
			result = at_stage(file, number, e);
	if (result == 0 && !file->count)
		result = error_set(e, ERROR_SPEC, "there are no steps: nothing to build");
	if (result == 0)
		result = build_file_choose(file, inputs->target ? inputs->target : build->target, e);
	if (result == 0)
		*ret = file;
	else
		build_file_free(file);
	return result;
}

int build_native_apply(struct build_resolve *r, size_t number, struct error *e)
{
	const struct native_stage *stage = stage_at(r->file->native, r->file->first[number]);

	for (size_t i = 0; i < r->file->global.count; i++) {
		const char *item = r->file->global.items[i];

		list_env_put(&r->scope, item);
		list_take(&r->arguments, alloc_copy_bytes(item, strcspn(item, "=")));
	}
	for (size_t i = 0; i < stage->step_count; i++)
		if (build_native_step(r, &stage->steps[i], e)) {
			error_at(e, "steps[%zu]", i);
			return at_stage(r->file, number, e);
		}
	if (build_native_config(r, &stage->config, e)) {
		error_at(e, "config");
		return at_stage(r->file, number, e);
	}
	return 0;
}
