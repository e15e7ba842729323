/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_stage.c - a stage from its instructions and its base's configuration: steps, history, configuration.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "specs/build_file.h"

enum { ENVIRONMENTS = 32 << 20, ENVIRONMENT = 128 << 10, TRIGGERS = 100 };

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct build_expand build_resolve_expand(struct build_resolve *r)
{
	return (struct build_expand){ .scope = &r->scope, .escape = r->file->escape, .budget = &r->budget };
}

char *build_resolve_word(struct build_resolve *r, const char *word, struct error *e)
{
	const struct build_expand x = build_resolve_expand(r);

	return build_expand(&x, word, e);
}

void build_resolve_need(struct build_resolve *r, const struct build_from *from)
{
	struct build_stage *stage = r->stage;
	size_t at = 0;

	if (from->stage == BUILD_NO_STAGE)
		return;
	while (at < stage->need_count && stage->needs[at] < from->stage)
		at++;
	if (at < stage->need_count && stage->needs[at] == from->stage)
		return;
	(void)alloc_append(&stage->needs, &stage->need_count, sizeof *stage->needs);
	memmove(stage->needs + at + 1, stage->needs + at, (stage->need_count - 1 - at) * sizeof *stage->needs);
	stage->needs[at] = from->stage;
}

/* What was written, on one line, with one space where there were many; of a heredoc its first line. */
static char *shown_words(const struct build_instruction *i)
{
	struct text ret = { 0 };

	for (const char *c = i->text; *c; c++)
		if (!strchr(" \t\n\r\v\f", *c))
			text_add_char(&ret, *c);
		else if (ret.length && ret.data[ret.length - 1] != ' ')
			text_add_char(&ret, ' ');
	if (i->heredoc_count) {
		const char *content = i->heredocs[0].content;
		size_t first = strcspn(content += strspn(content, " \t\r\n"), "\r\n");

		text_add(&ret, " (");
		text_add_bytes(&ret, content, first);
		text_addf(&ret, "%s)", content[first] && content[first + strspn(content + first, "\r\n")] ? "..." : "");
	}
	return text_take(&ret);
}

struct build_step *build_resolve_step(struct build_resolve *r, enum build_step_kind kind)
{
	struct build_step *step = alloc_append(&r->stage->steps, &r->stage->step_count, sizeof *step);

	step->kind = kind;
	step->from.stage = BUILD_NO_STAGE;
	if (r->at) {
		step->line = r->at->line;
		step->words = shown_words(r->at);
	}
	return step;
}

/* Every step has all of its variables: many steps with long ones would fill the memory. */
static int check_environment(struct build_resolve *r, struct error *e)
{
	const struct list *environment = &r->stage->steps[r->stage->step_count - 1].environment;
	size_t total = 0;

	for (size_t i = 0; i < environment->count; i++)
		total += strlen(environment->items[i]) + 1;
	if (total > ENVIRONMENT)
		return error_set(e, ERROR_SPEC, "the variables of this step have %zu bytes, more than %d", total,
				 ENVIRONMENT);
	r->environments += total;
	if (r->environments > ENVIRONMENTS)
		return error_set(e, ERROR_SPEC, "the variables of all steps together have more than %d MiB",
				 ENVIRONMENTS >> 20);
	return 0;
}

void build_resolve_history(struct build_resolve *r, char *created_by)
{
	struct build_history *item = alloc_append(&r->stage->history, &r->stage->history_count, sizeof *item);

	item->created_by = created_by;
	item->is_empty = true;
	item->step = BUILD_NO_STEP;
}

int build_resolve_done(struct build_resolve *r, char *created_by, struct error *e)
{
	size_t number = r->stage->step_count - 1;
	struct build_step *step = &r->stage->steps[number];
	struct build_history *item;

	build_resolve_history(r, created_by);
	item = &r->stage->history[r->stage->history_count - 1];
	item->is_empty = false;
	item->step = number;
	step->created_by = alloc_copy(created_by);
	if (check_environment(r, e))
		return -1;
	step->key = build_step_key(step);
	return 0;
}

static int apply(struct build_resolve *r, const struct build_instruction *i, struct error *e)
{
	r->at = i;
	if (i->word->apply(r, e) == 0)
		return 0;
	error_in(e, "%s:%jd: %s", r->file->name, (intmax_t)i->line, i->word->word);
	return -1;
}

/* ONBUILD of the image that the stage begins with. */
static int apply_triggers(struct build_resolve *r, const struct list *triggers, size_t number, struct error *e)
{
	static const char *const refused[] = { "FROM", "ONBUILD", "MAINTAINER", NULL };

	if (triggers->count > TRIGGERS)
		return error_set(e, ERROR_IMAGE, "the image has %zu ONBUILD instructions, more than %d",
				 triggers->count, TRIGGERS);
	for (size_t t = 0; t < triggers->count; t++) {
		struct build_instruction trigger = { 0 };
		int result = build_lines_one(r->file, triggers->items[t], &trigger, e);

		if (result == 0) {
			trigger.line = r->file->heads[number].line;
			for (size_t i = 0; refused[i] && result == 0; i++)
				if (strcmp(trigger.word->word, refused[i]) == 0)
					result = error_set(e, ERROR_IMAGE, "%s cannot be an ONBUILD instruction",
							   refused[i]);
			if (result == 0)
				result = build_flags_check(&trigger, trigger.word->flags, e) ? -1
											     : apply(r, &trigger, e);
		}
		build_instruction_release(&trigger);
		r->at = NULL; /* a spec's own steps are no instructions */
		if (result)
			return error_in(e, "ONBUILD %zu of the image %s", t + 1, r->file->heads[number].base.name);
	}
	return 0;
}

static bool lists_env(const struct list *env, const char *key)
{
	return list_env_get(env, key) != NULL;
}

/* Where a stage begins: what it has from its base. */
static void begin(struct build_resolve *r, size_t number, const struct build_config *base)
{
	const struct build_head *head = &r->file->heads[number];
	struct build_stage *stage = r->stage;
	const char *proxies[] = { "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY" };

	stage->number = number;
	build_config_copy(&stage->config, base);
	list_release(&stage->config.onbuild);
	if (!lists_env(&stage->config.env, "PATH"))
		list_env_set(&stage->config.env, "PATH", default_path);
	if (!stage->config.working_dir || !*stage->config.working_dir) {
		free(stage->config.working_dir);
		stage->config.working_dir = alloc_copy("/");
	}
	list_copy(&r->scope, base->scope.count ? &base->scope : &stage->config.env);
	list_copy(&r->arguments, &base->arguments);
	for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++)
		for (size_t a = 0; a < r->file->args.count; a++) {
			size_t length = strlen(proxies[i]);
			autofree char *lower = alloc_copy(proxies[i]);

			if (strncasecmp(r->file->args.items[a], proxies[i], length) != 0 ||
			    r->file->args.items[a][length] != '=')
				continue;
			for (char *c = lower; *c; c++)
				*c = (char)(*c == '_' ? '_' : *c | 0x20);
			list_env_set(&r->hidden, proxies[i], r->file->args.items[a] + length + 1);
			list_env_set(&r->hidden, lower, r->file->args.items[a] + length + 1);
		}
	build_resolve_need(r, &head->base);
}

/* In one order, each once; of labels and variables, which are set in place, nothing comes twice. */
static void sort_once(struct list *list)
{
	size_t kept = 0;

	if (!list->count)
		return;
	list_sort(list);
	for (size_t i = 0; i < list->count; i++)
		if (kept && strcmp(list->items[kept - 1], list->items[i]) == 0)
			free(list->items[i]);
		else
			list->items[kept++] = list->items[i];
	list->count = kept;
	list->items[kept] = NULL;
}

static void finish(struct build_resolve *r)
{
	struct build_config *config = &r->stage->config;

	sort_once(&config->exposed);
	sort_once(&config->volumes);
	sort_once(&config->labels);
	list_copy(&config->scope, &r->scope);
	list_copy(&config->arguments, &r->arguments);
}

int build_stage_resolve(const struct build_file *file, size_t number, const struct build_config *base,
			struct build_stage *ret, struct error *e)
{
	struct build_stage stage = { 0 };
	struct build_resolve r = { .file = file, .stage = &stage, .budget = BUILD_EXPANDED_LIMIT };
	int result = 0;

	begin(&r, number, base);
	if (file->heads[number].base.kind != BUILD_FROM_STAGE)
		result = apply_triggers(&r, &base->onbuild, number, e);
	if (file->native && result == 0)
		result = build_native_apply(&r, number, e);
	for (size_t i = file->native ? 0 : file->first[number];
	     !file->native && result == 0 && i + 1 < file->first[number + 1]; i++)
		result = apply(&r, &file->instructions[i], e);
	finish(&r);
	list_release(&r.scope);
	list_release(&r.arguments);
	list_release(&r.hidden);
	if (result)
		build_stage_release(&stage);
	else
		*ret = stage;
	return result;
}

static void step_release(struct build_step *step)
{
	struct list *lists[] = { &step->argv, &step->environment, &step->hidden_environment, &step->excludes };
	char *texts[] = { step->words, step->key,   step->created_by, step->user,  step->working_dir,
			  step->chown, step->chmod, step->checksum,   step->target };

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		list_release(lists[i]);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		free(texts[i]);
	for (size_t i = 0; i < step->mount_count; i++)
		build_mount_release(&step->mounts[i]);
	for (size_t i = 0; i < step->source_count; i++)
		free(step->sources[i].path);
	for (size_t i = 0; i < step->file_count; i++) {
		free(step->files[i].name);
		free(step->files[i].content);
	}
	free(step->mounts);
	free(step->sources);
	free(step->files);
	build_from_release(&step->from);
}

void build_stage_release(struct build_stage *stage)
{
	int saved = errno;

	for (size_t i = 0; i < stage->step_count; i++)
		step_release(&stage->steps[i]);
	for (size_t i = 0; i < stage->history_count; i++)
		free(stage->history[i].created_by);
	free(stage->steps);
	free(stage->history);
	free(stage->needs);
	build_config_release(&stage->config);
	list_release(&stage->warnings);
	*stage = (struct build_stage){ 0 };
	errno = saved;
}
