/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_apply_config.c - the instructions that change the image's configuration alone.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/json_text.h"
#include "base/names.h"
#include "base/number.h"
#include "specs/build_file.h"
#include "specs/build_path.h"

/* The rest as one text with its variables; NULL and e where it is empty. */
static char *read_text(struct build_resolve *r, struct error *e)
{
	char *value = build_resolve_word(r, r->at->rest, e);

	if (value && !*value) {
		if (*r->at->rest)
			error_set(e, ERROR_SPEC, "\"%.100s\" is empty: a variable in it is not set", r->at->rest);
		else
			error_set(e, ERROR_SPEC, "nothing stands behind it");
		free(value);
		return NULL;
	}
	return value;
}

static void replace(char **place, char *value)
{
	free(*place);
	*place = value;
}

int build_apply_user(struct build_resolve *r, struct error *e)
{
	char *user = read_text(r, e);

	if (!user)
		return -1;
	replace(&r->stage->config.user, user);
	build_resolve_history(r, text_format("USER %s", user));
	return 0;
}

int build_apply_stopsignal(struct build_resolve *r, struct error *e)
{
	char *name = read_text(r, e);

	if (!name)
		return -1;
	if (signal_number(name) <= 0) {
		error_set(e, ERROR_SPEC, "\"%s\" is no signal", name);
		free(name);
		return error_hint(e, "write a name or a number: SIGTERM, SIGQUIT, 9");
	}
	replace(&r->stage->config.stop_signal, name);
	build_resolve_history(r, text_format("STOPSIGNAL %s", name));
	return 0;
}

int build_apply_maintainer(struct build_resolve *r, struct error *e)
{
	char *name = read_text(r, e);

	if (!name)
		return -1;
	replace(&r->stage->config.author, name);
	build_resolve_history(r, text_format("MAINTAINER %s", name));
	return 0;
}

/* "80", "8000-8005/udp". */
int build_expose(struct build_resolve *r, const char *word, struct error *e)
{
	autofree char *copy = alloc_copy(word);
	char *slash = strchr(copy, '/'), *dash;
	const char *protocol = slash ? slash + 1 : "tcp";
	int64_t first = 0, last = 0;

	for (char *c = copy; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (slash)
		*slash = '\0';
	dash = strchr(copy, '-');
	if (dash)
		*dash++ = '\0';
	if (number_parse(copy, 1, 65535, &first) || number_parse(dash ? dash : copy, first, 65535, &last) ||
	    (strcmp(protocol, "tcp") != 0 && strcmp(protocol, "udp") != 0 && strcmp(protocol, "sctp") != 0)) {
		error_set(e, ERROR_SPEC, "\"%.60s\" is no port", word);
		return error_hint(e, "write 80, 80/tcp, 53/udp or a range, 8000-8010");
	}
	if ((size_t)(last - first + 1) * 32 > r->budget)
		return error_set(e, ERROR_SPEC, "more ports than any image has");
	r->budget -= (size_t)(last - first + 1) * 32;
	for (; first <= last; first++)
		list_addf(&r->stage->config.exposed, "%jd/%s", (intmax_t)first, protocol);
	return 0;
}

int build_apply_expose(struct build_resolve *r, struct error *e)
{
	const struct build_expand x = build_resolve_expand(r);
	autorelease(list) struct list words = { 0 };
	struct text history = { 0 };

	if (build_expand_words(&x, r->at->rest, &words, e))
		return -1;
	if (!words.count)
		return error_set(e, ERROR_SPEC, "no port stands behind it");
	for (size_t i = 0; i < words.count; i++)
		if (build_expose(r, words.items[i], e))
			return -1;
	text_add(&history, "EXPOSE");
	for (size_t i = 0; i < words.count; i++)
		text_addf(&history, " %s", words.items[i]);
	build_resolve_history(r, text_take(&history));
	return 0;
}

/* WORD ["a","b"] */
static char *list_history(const char *word, const struct list *items)
{
	struct text ret = { 0 };

	text_addf(&ret, "%s ", word);
	json_add_array(&ret, items);
	return text_take(&ret);
}

int build_apply_volume(struct build_resolve *r, struct error *e)
{
	autorelease(list) struct list words = { 0 }, paths = { 0 };

	if (build_parts_either(r->at->rest, &words, e))
		return -1;
	for (size_t i = 0; i < words.count; i++) {
		char *path = build_resolve_word(r, words.items[i], e);

		if (!path)
			return -1;
		list_take(&paths, path);
		if (!*path)
			return error_set(e, ERROR_SPEC, "\"%.60s\" is empty", words.items[i]);
		list_add(&r->stage->config.volumes, path);
	}
	if (!paths.count)
		return error_set(e, ERROR_SPEC, "no path stands behind it");
	build_resolve_history(r, list_history("VOLUME", &paths));
	return 0;
}

int build_apply_shell(struct build_resolve *r, struct error *e)
{
	autorelease(list) struct list words = { 0 };
	int is_json = build_parts_json(r->at->rest, &words, e);

	if (is_json < 0)
		return -1;
	if (!is_json || !words.count) {
		error_set(e, ERROR_SPEC, "it takes a JSON array, not \"%.100s\"", r->at->rest);
		return error_hint(e, "write SHELL [\"/bin/bash\", \"-c\"]");
	}
	list_copy(&r->stage->config.shell, &words);
	build_resolve_history(r, list_history("SHELL", &words));
	return 0;
}

/* Stored as it is written: its variables are those of the build that fires it. */
int build_apply_onbuild(struct build_resolve *r, struct error *e)
{
	static const char *const refused[] = { "ONBUILD", "FROM", "MAINTAINER", NULL };
	struct build_instruction trigger = { 0 };
	const char *rest = strpbrk(r->at->text, " \t");
	autorelease(text) struct text text = { 0 };
	int result = 0;

	text_add(&text, rest ? rest + strspn(rest, " \t") : "");
	for (size_t i = 0; i < r->at->heredoc_count; i++)
		text_addf(&text, "\n%s%s", r->at->heredocs[i].content, r->at->heredocs[i].name);
	if (!text.length)
		return error_set(e, ERROR_SPEC, "no instruction stands behind it");
	if (build_lines_one(r->file, text.data, &trigger, e))
		return -1;
	for (size_t i = 0; refused[i] && result == 0; i++)
		if (strcmp(trigger.word->word, refused[i]) == 0)
			result = error_set(e, ERROR_SPEC, "%s cannot stand behind it", refused[i]);
	if (result == 0 && build_flags_check(&trigger, trigger.word->flags, e))
		result = -1;
	build_instruction_release(&trigger);
	if (result)
		return -1;
	list_add(&r->stage->config.onbuild, text.data);
	build_resolve_history(r, text_format("ONBUILD %s", text.data));
	return 0;
}

/* CMD, ENTRYPOINT: an array, or a line for the shell. */
static int read_command(struct build_resolve *r, const char *rest, struct list *ret, struct error *e)
{
	const struct list *shell = &r->stage->config.shell;
	int is_json = build_parts_json(rest, ret, e);

	if (is_json)
		return is_json < 0 ? -1 : 0;
	if (!*rest)
		return error_set(e, ERROR_SPEC, "nothing stands behind it");
	for (size_t i = 0; i < shell->count; i++)
		list_add(ret, shell->items[i]);
	if (!shell->count) {
		list_add(ret, "/bin/sh");
		list_add(ret, "-c");
	}
	list_add(ret, rest);
	return 0;
}

int build_apply_command(struct build_resolve *r, struct error *e)
{
	autorelease(list) struct list command = { 0 };

	if (read_command(r, r->at->rest, &command, e))
		return -1;
	list_copy(&r->stage->config.command, &command);
	r->has_command = true;
	build_resolve_history(r, list_history("CMD", &command));
	return 0;
}

int build_apply_entrypoint(struct build_resolve *r, struct error *e)
{
	autorelease(list) struct list command = { 0 };

	if (read_command(r, r->at->rest, &command, e))
		return -1;
	list_copy(&r->stage->config.entrypoint, &command);
	/* The base's CMD were the arguments of the base's ENTRYPOINT. */
	if (!r->has_command)
		list_release(&r->stage->config.command);
	build_resolve_history(r, list_history("ENTRYPOINT", &command));
	return 0;
}

static int read_time(const struct build_instruction *i, const char *name, int64_t *ret_ns, struct error *e)
{
	const char *value = build_flag(&i->flags, name);
	int64_t us = 0;

	if (!value || strcmp(value, "0") == 0)
		return 0;
	if (duration_parse(value, &us) || (us && us < 1000)) {
		error_set(e, ERROR_SPEC, "--%s=%s is no time of at least 1ms", name, value);
		return error_hint(e, "write a number and a unit: 30s, 1m30s, 500ms");
	}
	*ret_ns = us * 1000;
	return 0;
}

int build_apply_healthcheck(struct build_resolve *r, struct error *e)
{
	const struct build_instruction *i = r->at;
	const char *retries = build_flag(&i->flags, "retries"), *rest = i->rest;
	struct build_health health = { 0 };
	size_t length = strcspn(rest, " \t\v\f\r");
	bool is_none = length == 4 && strncasecmp(rest, "NONE", 4) == 0;
	const char *command = rest + length + strspn(rest + length, " \t\v\f\r");
	int is_json;

	if (!is_none && !(length == 3 && strncasecmp(rest, "CMD", 3) == 0 && *command)) {
		error_set(e, ERROR_SPEC, "it takes CMD and a command, or NONE, not \"%.60s\"", rest);
		return error_hint(e, "write HEALTHCHECK CMD curl -f http://localhost/");
	}
	if (is_none && (*command || i->flags.count))
		return error_set(e, ERROR_SPEC, "NONE takes nothing beside it");
	if (read_time(i, "interval", &health.interval_ns, e) || read_time(i, "timeout", &health.timeout_ns, e) ||
	    read_time(i, "start-period", &health.start_period_ns, e) ||
	    read_time(i, "start-interval", &health.start_interval_ns, e))
		return -1;
	if (retries && number_parse(retries, 0, 1000000, &health.retries))
		return error_set(e, ERROR_SPEC, "--retries=%s is no number", retries);
	list_add(&health.test, is_none ? "NONE" : "CMD");
	is_json = is_none ? 0 : build_parts_json(command, &health.test, e);
	if (is_json == 0 && !is_none) {
		list_release(&health.test);
		list_add(&health.test, "CMD-SHELL");
		list_add(&health.test, command);
	}
	list_release(&r->stage->config.health.test);
	r->stage->config.health = health;
	if (is_json < 0)
		return -1;
	build_resolve_history(r, text_format("HEALTHCHECK %.*s%s%s", (int)length, rest, *command ? " " : "", command));
	return 0;
}

int build_apply_workdir(struct build_resolve *r, struct error *e)
{
	autofree char *path = read_text(r, e);
	struct build_config *config = &r->stage->config;
	struct build_step *step;
	char *folder;

	if (!path)
		return -1;
	folder = build_path_absolute(config->working_dir, path);
	replace(&config->working_dir, folder);
	if (strcmp(folder, "/") == 0) {
		build_resolve_history(r, alloc_copy("WORKDIR /"));
		return 0;
	}
	step = build_resolve_step(r, BUILD_FOLDER);
	step->target = alloc_copy(folder);
	step->target_is_folder = true;
	step->user = config->user && *config->user ? alloc_copy(config->user) : NULL;
	return build_resolve_done(r, text_format("WORKDIR %s", folder), e);
}
