/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_from.c - a Dockerfile's stages: their names, what each begins with, and who needs whom.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/number.h"
#include "specs/build_file.h"

void build_from_release(struct build_from *from)
{
	free(from->name);
	free(from->platform);
	*from = (struct build_from){ .stage = BUILD_NO_STAGE };
}

/* The last stage of that name before number before; BUILD_NO_STAGE: none. */
static size_t find_stage(const struct build_file *file, const char *name, size_t before)
{
	while (before-- > 0)
		if (file->heads[before].name && strcasecmp(file->heads[before].name, name) == 0)
			return before;
	return BUILD_NO_STAGE;
}

static int refuse_later(const struct build_file *file, size_t later, struct error *e)
{
	error_set(e, ERROR_SPEC, "stage \"%s\" begins only in line %jd", file->heads[later].name,
		  (intmax_t)file->heads[later].line);
	return error_hint(e, "a stage can use those that stand before it: move \"%s\" up", file->heads[later].name);
}

int build_from_find(const struct build_file *file, const char *name, size_t before, struct build_from *ret,
		    struct error *e)
{
	struct build_from from = { .kind = BUILD_FROM_IMAGE, .stage = BUILD_NO_STAGE };
	size_t later = find_stage(file, name, file->count);
	int64_t number;

	if (!*name)
		return error_set(e, ERROR_SPEC, "it names no stage and no image");
	if (list_has(&file->contexts, name))
		from.kind = BUILD_FROM_NAMED;
	else if (strcasecmp(name, "scratch") == 0)
		from.kind = BUILD_FROM_SCRATCH;
	else if (number_parse(name, 0, INT64_MAX, &number) == 0) {
		if ((uint64_t)number >= before)
			return error_set(e, ERROR_SPEC, "stage %jd is not before this one, which is stage %zu",
					 (intmax_t)number, before);
		from.stage = (size_t)number;
	} else
		from.stage = find_stage(file, name, before);
	if (from.kind == BUILD_FROM_IMAGE && from.stage == BUILD_NO_STAGE && later != BUILD_NO_STAGE)
		return refuse_later(file, later, e);
	if (from.stage != BUILD_NO_STAGE)
		from.kind = BUILD_FROM_STAGE;
	from.name = from.kind == BUILD_FROM_SCRATCH ? NULL : alloc_copy(name);
	*ret = from;
	return 0;
}

/* "linux/arm64/v8" into the variables that FROM and ARG know. */
static void add_platform(struct list *global, const char *prefix, const char *platform)
{
	static const char *const parts[] = { "OS", "ARCH", "VARIANT" };
	autofree char *name = text_format("%sPLATFORM", prefix), *copy = alloc_copy(platform ? platform : "");
	char *state = copy;

	list_env_set(global, name, platform ? platform : "");
	for (size_t i = 0; i < 3; i++) {
		autofree char *part = text_format("%s%s", prefix, parts[i]);
		char *value = strsep(&state, "/");

		list_env_set(global, part, value ? value : "");
	}
}

/* ARG before the first FROM. */
static int add_global(struct build_file *file, const struct build_instruction *i, struct error *e)
{
	size_t budget = BUILD_EXPANDED_LIMIT;
	const struct build_expand x = { .scope = &file->global, .escape = file->escape, .budget = &budget };
	autorelease(list) struct list parts = { 0 };

	build_parts_quoted(i->rest, file->escape, &parts);
	for (size_t p = 0; p < parts.count; p++) {
		autofree char *name = alloc_copy_bytes(parts.items[p], strcspn(parts.items[p], "="));
		const char *equals = strchr(parts.items[p], '='), *given = list_env_get(&file->args, name);
		autofree char *value = NULL;

		if (!given && !equals)
			continue;
		value = given ? alloc_copy(given) : build_expand(&x, equals + 1, e);
		if (!value)
			return -1;
		list_env_set(&file->global, name, value);
	}
	return 0;
}

static bool is_stage_name(const char *name)
{
	return islower((unsigned char)*name) && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == strlen(name);
}

/* The words of FROM: the name, and the base as it is written. */
static int read_from(const struct build_instruction *i, struct build_head *head, struct error *e)
{
	autorelease(list) struct list words = { 0 };

	build_parts_spaces(i->rest, &words);
	if (words.count != 1 && !(words.count == 3 && strcasecmp(words.items[1], "as") == 0)) {
		error_set(e, ERROR_SPEC, "it takes an image, or an image and \"AS name\"");
		return error_hint(e, "write FROM image, or FROM image AS name");
	}
	head->base.stage = BUILD_NO_STAGE;
	head->base.name = alloc_copy(words.items[0]);
	if (words.count == 1)
		return 0;
	head->name = alloc_copy(words.items[2]);
	for (char *c = head->name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return is_stage_name(head->name)
		       ? 0
		       : error_set(e, ERROR_SPEC,
				   "\"%s\" is no name for a stage: it begins with a letter and has letters, "
				   "digits, \"-\", \"_\" and \".\"",
				   words.items[2]);
}

/* What FROM's words mean, when all names are known. */
static int resolve_base(struct build_file *file, const struct build_instruction *i, size_t number, struct error *e)
{
	size_t budget = BUILD_EXPANDED_LIMIT;
	const struct build_expand x = { .scope = &file->global, .escape = file->escape, .budget = &budget };
	struct build_head *head = &file->heads[number];
	const char *platform = build_flag(&i->flags, "platform");
	autofree char *written = take_ptr(&head->base.name), *name = build_expand(&x, written, e), *of = NULL;
	struct build_from base = { .kind = BUILD_FROM_IMAGE, .stage = BUILD_NO_STAGE };

	if (!name || (platform && !(of = build_expand(&x, platform, e))))
		return -1;
	if (!*name) {
		error_set(e, ERROR_SPEC, "\"%s\" is empty: a build argument in it has no value", written);
		return error_hint(e, "give it with --build-arg, or write ARG NAME=default before the first FROM");
	}
	if (number_parse(name, 0, INT64_MAX, &(int64_t){ 0 }) == 0)
		base.name = alloc_copy(name); /* FROM knows stages by their names alone */
	else if (build_from_find(file, name, number, &base, e)) {
		/* A stage may have the name of the image that it begins with: FROM debian AS debian. */
		error_clear(e);
		base.name = alloc_copy(name);
	}
	if (base.kind != BUILD_FROM_STAGE && of && *of)
		base.platform = take_ptr(&of);
	head->base = base;
	return 0;
}

static void add_need(struct build_head *head, size_t stage)
{
	size_t at = 0;

	while (at < head->need_count && head->needs[at] < stage)
		at++;
	if (at < head->need_count && head->needs[at] == stage)
		return;
	(void)alloc_append(&head->needs, &head->need_count, sizeof *head->needs);
	memmove(head->needs + at + 1, head->needs + at, (head->need_count - 1 - at) * sizeof *head->needs);
	head->needs[at] = stage;
}

/* What COPY --from and RUN --mount of one instruction name. */
static int add_needs_of(struct build_file *file, const struct build_instruction *i, size_t number, struct error *e)
{
	for (size_t f = 0; f < i->flags.count; f++) {
		struct build_from from = { .stage = BUILD_NO_STAGE };
		struct build_mount mount = { 0 };
		int result = 0;

		if (text_starts(i->flags.items[f], "--from="))
			result = build_from_find(file, i->flags.items[f] + strlen("--from="), number, &from, e);
		else if (text_starts(i->flags.items[f], "--mount=")) {
			result = build_mount_parse(i->flags.items[f] + strlen("--mount="), NULL, file, number, "/",
						   &mount, e);
			from.stage = mount.from.name ? mount.from.stage : BUILD_NO_STAGE;
		}
		if (from.stage != BUILD_NO_STAGE)
			add_need(&file->heads[number], from.stage);
		build_from_release(&from);
		build_mount_release(&mount);
		if (result)
			return -1;
	}
	return 0;
}

static int read_heads(struct build_file *file, const struct build_instruction **at, struct error *e)
{
	for (size_t i = 0; i < file->instruction_count; i++) {
		const struct build_instruction *instruction = *at = &file->instructions[i];
		struct build_head *head;

		if (build_flags_check(instruction, instruction->word->flags, e))
			return -1;
		if (instruction->word->apply) {
			if (!file->count && strcmp(instruction->word->word, "ARG") != 0)
				return error_set(e, ERROR_SPEC, "it stands before the first FROM, where only ARG may");
			if (!file->count && add_global(file, instruction, e))
				return -1;
			continue;
		}
		if (file->count == BUILD_STAGE_LIMIT)
			return error_set(e, ERROR_SPEC, "more than %d stages", BUILD_STAGE_LIMIT);
		file->first = alloc_resize(file->first, file->count + 2, sizeof *file->first);
		file->first[file->count] = i + 1;
		head = alloc_append(&file->heads, &file->count, sizeof *file->heads);
		head->line = instruction->line;
		if (read_from(instruction, head, e))
			return -1;
	}
	*at = NULL;
	if (!file->count)
		return error_set(e, ERROR_SPEC, "there is no FROM in it: nothing to build");
	file->first[file->count] = file->instruction_count + 1;
	return 0;
}

/* Names of build arguments that some ARG has: others are worth a warning. */
static void note_declared(struct build_file *file, const struct build_instruction *i)
{
	autorelease(list) struct list parts = { 0 };

	build_parts_quoted(i->rest, file->escape, &parts);
	for (size_t p = 0; p < parts.count; p++) {
		parts.items[p][strcspn(parts.items[p], "=")] = '\0';
		if (!list_has(&file->declared, parts.items[p]))
			list_add(&file->declared, parts.items[p]);
	}
}

static int connect(struct build_file *file, const struct build_instruction **at, struct error *e)
{
	size_t number = BUILD_NO_STAGE;

	for (size_t i = 0; i < file->instruction_count; i++) {
		const struct build_instruction *instruction = *at = &file->instructions[i];

		if (strcmp(instruction->word->word, "ARG") == 0)
			note_declared(file, instruction);
		if (!instruction->word->apply) {
			if (resolve_base(file, instruction, ++number, e))
				return -1;
			if (file->heads[number].base.kind == BUILD_FROM_STAGE)
				add_need(&file->heads[number], file->heads[number].base.stage);
		} else if (number != BUILD_NO_STAGE && add_needs_of(file, instruction, number, e))
			return -1;
	}
	*at = NULL;
	return 0;
}

int build_file_choose(struct build_file *file, const char *target, struct error *e)
{
	int64_t number = 0;

	file->target = file->count - 1;
	if (target && *target) {
		size_t found = find_stage(file, target, file->count);

		if (found == BUILD_NO_STAGE && number_parse(target, 0, (int64_t)file->count - 1, &number) == 0)
			found = (size_t)number;
		if (found == BUILD_NO_STAGE) {
			autorelease(text) struct text names = { 0 };

			for (size_t i = 0; i < file->count; i++)
				if (file->heads[i].name)
					text_addf(&names, "%s%s", names.length ? ", " : "", file->heads[i].name);
			error_set(e, ERROR_SPEC, "%s: there is no stage \"%s\"", file->name, target);
			return names.length ? error_hint(e, "it has %.300s", names.data) : -1;
		}
		file->target = found;
	}
	file->heads[file->target].is_needed = true;
	for (size_t i = file->target + 1; i-- > 0;)
		for (size_t n = 0; file->heads[i].is_needed && n < file->heads[i].need_count; n++)
			file->heads[file->heads[i].needs[n]].is_needed = true;
	return 0;
}

struct build_file *build_file_new(const char *name, const struct build_inputs *inputs)
{
	struct build_file *file = alloc_zeroed(1, sizeof *file);

	file->name = alloc_copy(name);
	file->escape = '\\';
	list_copy(&file->args, &inputs->args);
	list_copy(&file->contexts, &inputs->contexts);
	add_platform(&file->global, "TARGET", inputs->platform);
	add_platform(&file->global, "BUILD", inputs->build_platform);
	list_env_set(&file->global, "TARGETSTAGE", inputs->target ? inputs->target : "default");
	return file;
}

/* Values end up in keys and images, which are JSON. */
static int check_args(const struct build_inputs *inputs, struct error *e)
{
	for (size_t i = 0; i < inputs->args.count; i++)
		for (const char *at = inputs->args.items[i]; *at;) {
			size_t step = utf8_length((const unsigned char *)at, strlen(at));

			if (!step)
				return error_set(e, ERROR_USAGE, "the build argument %.*s has bytes that are no UTF-8",
						 (int)strcspn(inputs->args.items[i], "="), inputs->args.items[i]);
			at += step;
		}
	return 0;
}

int build_file_parse(const char *text, size_t length, const char *name, const struct build_inputs *inputs,
		     struct build_file **ret, struct error *e)
{
	struct build_file *file = build_file_new(name, inputs);
	const struct build_instruction *at = NULL;

	if (check_args(inputs, e)) {
		build_file_free(file);
		return -1;
	}
	if (build_lines_read(text, length, file, e) == 0) {
		if (read_heads(file, &at, e) == 0 && connect(file, &at, e) == 0) {
			if (build_file_choose(file, inputs->target, e) == 0) {
				*ret = file;
				return 0;
			}
		} else if (at)
			error_in(e, "%s:%jd: %s", name, (intmax_t)at->line, at->word->word);
		else
			error_in(e, "%s", name);
	}
	build_file_free(file);
	return -1;
}

void build_file_free(struct build_file *file)
{
	int saved = errno;

	if (!file)
		return;
	for (size_t i = 0; i < file->instruction_count; i++)
		build_instruction_release(&file->instructions[i]);
	for (size_t i = 0; i < file->count; i++) {
		free(file->heads[i].name);
		free(file->heads[i].needs);
		build_from_release(&file->heads[i].base);
	}
	list_release(&file->args);
	list_release(&file->contexts);
	list_release(&file->global);
	list_release(&file->declared);
	list_release(&file->warnings);
	free(file->instructions);
	free(file->heads);
	free(file->first);
	free(file->name);
	free(file);
	errno = saved;
}

size_t build_file_count(const struct build_file *file)
{
	return file->count;
}

size_t build_file_target(const struct build_file *file)
{
	return file->target;
}

const struct build_head *build_file_head(const struct build_file *file, size_t number)
{
	return &file->heads[number];
}

const struct list *build_file_warnings(const struct build_file *file)
{
	return &file->warnings;
}

void build_file_unused_args(const struct build_file *file, struct list *ret)
{
	for (size_t i = 0; i < file->args.count; i++) {
		autofree char *name = alloc_copy_bytes(file->args.items[i], strcspn(file->args.items[i], "="));

		if (!list_has(&file->declared, name) && !build_arg_is_predefined(name))
			list_add(ret, name);
	}
}
