/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_apply_copy.c - COPY and ADD.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/number.h"
#include "specs/build_file.h"
#include "specs/build_git.h"
#include "specs/build_path.h"

/* The flag's value with its variables; NULL where it is not there or empty. -1 and e. */
static int flag_text(struct build_resolve *r, const char *name, char **ret, struct error *e)
{
	const char *value = build_flag(&r->at->flags, name);
	char *expanded = value ? build_resolve_word(r, value, e) : NULL;

	if (value && !expanded)
		return error_in(e, "--%s", name);
	*ret = expanded;
	if (expanded && !*expanded)
		return error_set(e, ERROR_SPEC, "--%s=%s is empty: a variable in it is not set", name, value);
	return 0;
}

bool build_chmod_is_valid(const char *mode)
{
	mode_t bits;

	if (mode_parse(mode, &bits) == 0)
		return true;
	for (;;) {
		size_t what;

		mode += strspn(mode, "ugoa");
		if (!*mode || !strchr("+-=", *mode))
			return false;
		while (*mode && strchr("+-=", *mode)) {
			mode++;
			what = strspn(mode, "rwxXst");
			mode += what ? what : strspn(mode, "ugo");
		}
		if (!*mode)
			return true;
		if (*mode++ != ',')
			return false;
	}
}

bool build_checksum_is_valid(const char *text)
{
	return text_starts(text, "sha256:") && strlen(text) == 7 + 64 && strspn(text + 7, "0123456789abcdef") == 64;
}

static int read_flags(struct build_resolve *r, struct build_step *step, struct error *e)
{
	const struct list *flags = &r->at->flags;
	int link = build_flag_bool(flags, "link", e), parents = build_flag_bool(flags, "parents", e);
	int keep = build_flag_bool(flags, "keep-git-dir", e);
	const char *from = build_flag(flags, "from");

	if (link < 0 || parents < 0 || keep < 0)
		return -1;
	step->link = link;
	step->parents = parents;
	step->keep_git_dir = keep;
	if (flag_text(r, "chown", &step->chown, e) || flag_text(r, "chmod", &step->chmod, e) ||
	    flag_text(r, "checksum", &step->checksum, e))
		return -1;
	if (step->chmod && !build_chmod_is_valid(step->chmod)) {
		error_set(e, ERROR_SPEC, "--chmod=%s is no mode", step->chmod);
		return error_hint(e, "write an octal number, 755, or u=rwX,go=rX");
	}
	if (step->checksum && !build_checksum_is_valid(step->checksum))
		return error_set(e, ERROR_SPEC, "--checksum=%s is not sha256: and 64 hexadecimal digits",
				 step->checksum);
	for (size_t i = 0; i < flags->count; i++)
		if (text_starts(flags->items[i], "--exclude=")) {
			char *pattern = build_resolve_word(r, flags->items[i] + strlen("--exclude="), e);

			if (!pattern)
				return -1;
			list_take(&step->excludes, pattern);
		}
	if (from && build_from_find(r->file, from, r->stage->number, &step->from, e))
		return error_in(e, "--from=%s", from);
	build_resolve_need(r, &step->from);
	return 0;
}

/* The heredoc that a word names; each has one, in their order. */
static const struct build_heredoc *heredoc_of(const struct build_instruction *i, const char *word, size_t *next)
{
	if (*next == i->heredoc_count || !build_parts_heredoc(word, NULL))
		return NULL;
	return &i->heredocs[(*next)++];
}

static int add_file(struct build_resolve *r, struct build_step *step, const struct build_heredoc *doc, struct error *e)
{
	struct build_expand x = build_resolve_expand(r);
	struct build_inline *file = alloc_append(&step->files, &step->file_count, sizeof *file);

	x.keep_quotes = true;
	x.escape = '\\';
	if (strchr(doc->name, '/') || strcmp(doc->name, "..") == 0 || strcmp(doc->name, ".") == 0)
		return error_set(e, ERROR_SPEC, "\"%s\" cannot be the name of a file", doc->name);
	file->name = alloc_copy(doc->name);
	file->content = doc->expand ? build_expand(&x, doc->content, e) : alloc_copy(doc->content);
	if (!file->content)
		return error_in(e, "<<%s", doc->name);
	file->length = strlen(file->content);
	return 0;
}

static int add_source(struct build_resolve *r, struct build_step *step, const char *word, struct error *e)
{
	autofree char *text = build_resolve_word(r, word, e);
	struct build_source *source;

	if (!text)
		return -1;
	if (!*text)
		return error_set(e, ERROR_SPEC, "the source \"%s\" is empty: a variable in it is not set", word);
	source = alloc_append(&step->sources, &step->source_count, sizeof *source);
	build_source_parse(text, step->kind == BUILD_ADD, step->parents, source);
	if (source->kind == BUILD_SOURCE_GIT)
		return build_git_check(text, e);
	if (step->kind != BUILD_ADD || source->kind != BUILD_SOURCE_PATH || !strstr(text, "://"))
		return 0;
	error_set(e, ERROR_SPEC, "nothing is fetched from \"%.200s\"", text);
	return error_hint(e, "an address begins with https:// or http://, a repository's with https://, ssh:// or git@ and ends in .git");
}

static int set_target(struct build_resolve *r, struct build_step *step, const char *word, struct error *e)
{
	autofree char *target = build_resolve_word(r, word, e);

	if (!target)
		return -1;
	step->target = build_path_absolute(r->stage->config.working_dir, target);
	step->target_is_folder = build_path_is_folder(target) || step->parents;
	if (step->source_count + step->file_count > 1 && !step->target_is_folder) {
		error_set(e, ERROR_SPEC, "several sources go into one file, \"%s\"", target);
		return error_hint(e, "end a folder with \"/\": %s/", target);
	}
	return 0;
}

/* What is an archive is unpacked by ADD where it is a file of the context, and where --unpack says it. */
static int set_unpack(struct build_resolve *r, struct build_step *step, struct error *e)
{
	int unpack = build_flag_bool(&r->at->flags, "unpack", e);
	bool is_said = build_flag(&r->at->flags, "unpack");

	if (unpack < 0)
		return -1;
	for (size_t i = 0; i < step->source_count; i++)
		step->sources[i].unpack = is_said ? unpack : step->sources[i].kind == BUILD_SOURCE_PATH;
	if (step->checksum &&
	    (step->source_count != 1 || step->file_count || step->sources[0].kind != BUILD_SOURCE_URL)) {
		error_set(e, ERROR_SPEC, "--checksum is for one source that is an address");
		return error_hint(e, "write an instruction for each address");
	}
	return 0;
}

/* The history has what the instruction says, with its variables, but no content. */
static char *history(const struct build_step *step, const char *word, const struct list *words)
{
	struct text ret = { 0 };

	text_add(&ret, word);
	if (step->from.name)
		text_addf(&ret, " --from=%s", step->from.name);
	if (step->chown)
		text_addf(&ret, " --chown=%s", step->chown);
	if (step->chmod)
		text_addf(&ret, " --chmod=%s", step->chmod);
	for (size_t i = 0; i + 1 < words->count; i++)
		text_addf(&ret, " %s", words->items[i]);
	text_addf(&ret, " %s%s", step->target, step->target_is_folder && step->target[1] ? "/" : "");
	return text_take(&ret);
}

static int apply(struct build_resolve *r, enum build_step_kind kind, struct error *e)
{
	autorelease(list) struct list words = { 0 };
	struct build_step *step = build_resolve_step(r, kind);
	size_t next = 0;

	if (read_flags(r, step, e) || build_parts_either(r->at->rest, &words, e))
		return -1;
	if (words.count < 2) {
		error_set(e, ERROR_SPEC, "it takes at least a source and a target");
		return error_hint(e, "write %s source target", r->at->word->word);
	}
	for (size_t i = 0; i + 1 < words.count; i++) {
		const struct build_heredoc *doc = heredoc_of(r->at, words.items[i], &next);

		if (doc ? add_file(r, step, doc, e) : add_source(r, step, words.items[i], e))
			return -1;
	}
	if (set_target(r, step, words.items[words.count - 1], e))
		return -1;
	if (kind == BUILD_ADD && set_unpack(r, step, e))
		return -1;
	return build_resolve_done(r, history(step, r->at->word->word, &words), e);
}

int build_apply_copy(struct build_resolve *r, struct error *e)
{
	return apply(r, BUILD_COPY, e);
}

int build_apply_add(struct build_resolve *r, struct error *e)
{
	return apply(r, BUILD_ADD, e);
}
