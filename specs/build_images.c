/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_images.c - which images a build file names: what a lock of it holds.
 *
 * What a trigger of a base (ONBUILD) names is no part of the file.
 */
#include <string.h>

#include "base/cleanup.h"
#include "specs/app_fields.h"
#include "specs/build_file.h"

static void add_image(const struct build_from *from, struct list *ret)
{
	if (from->kind == BUILD_FROM_IMAGE && from->name && !list_has(ret, from->name))
		list_add(ret, from->name);
}

/* What was refused when the file was read does not come here. */
static void add_named(const struct build_file *file, const char *name, size_t before, struct list *ret)
{
	struct build_from from = { .stage = BUILD_NO_STAGE };
	struct error ignored = { 0 };

	if (build_from_find(file, name, before, &from, &ignored) == 0)
		add_image(&from, ret);
	build_from_release(&from);
}

static void add_mount(const struct build_file *file, const char *words, size_t before, struct list *ret)
{
	struct build_mount mount = { 0 };
	struct error ignored = { 0 };

	if (build_mount_parse(words, NULL, file, before, "/", &mount, &ignored) == 0)
		add_image(&mount.from, ret);
	build_mount_release(&mount);
}

static void add_instructions(const struct build_file *file, struct list *ret)
{
	size_t number = BUILD_NO_STAGE;

	for (size_t n = 0; n < file->instruction_count; n++) {
		const struct build_instruction *i = &file->instructions[n];

		number += !i->word->apply; /* FROM */
		for (size_t f = 0; number != BUILD_NO_STAGE && f < i->flags.count; f++) {
			const char *flag = i->flags.items[f];

			if (text_starts(flag, "--from="))
				add_named(file, flag + strlen("--from="), number, ret);
			else if (text_starts(flag, "--mount="))
				add_mount(file, flag + strlen("--mount="), number, ret);
		}
	}
}

static void add_steps(const struct build_file *file, struct list *ret)
{
	for (size_t number = 0; number < file->count; number++) {
		size_t index = file->first[number];
		const struct native_stage *stage = index < file->native->stage_count ? &file->native->stages[index] : &file->native->last;

		for (size_t i = 0; i < stage->step_count; i++) {
			if (stage->steps[i].from)
				add_named(file, stage->steps[i].from, number, ret);
			for (size_t m = 0; m < stage->steps[i].mounts.count; m++)
				add_mount(file, stage->steps[i].mounts.items[m], number, ret);
		}
	}
}

void build_file_images(const struct build_file *file, struct list *ret)
{
	for (size_t i = 0; i < file->count; i++)
		add_image(&file->heads[i].base, ret);
	if (file->native)
		add_steps(file, ret);
	else
		add_instructions(file, ret);
	list_sort(ret);
}
