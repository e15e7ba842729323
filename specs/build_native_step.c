/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_native_step.c - one step of "build" in app.json, and its "config", as the plan has them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/names.h"
#include "specs/app_fields.h"
#include "specs/build_file.h"
#include "specs/build_git.h"
#include "specs/build_path.h"

enum { RUN = 1, COPY = 2, ADD = 4, WRITE = 8, FOLDER = 16 };

/* Which keys go with which kind of step. */
static int check_keys(const struct native_step *s, int kind, struct error *e)
{
	const struct {
		const char *key;
		bool is_said;
		int kinds;
	} keys[] = {
		{ "from", s->from, COPY },
		{ "to", s->to, COPY | ADD | WRITE },
		{ "owner", s->owner, COPY | ADD | WRITE },
		{ "mode", s->mode, COPY | ADD | WRITE },
		{ "exclude", s->exclude.count, COPY },
		{ "parents", s->parents, COPY },
		{ "checksum", s->checksum, ADD },
		{ "unpack", s->unpack, COPY | ADD },
		{ "user", s->user, RUN | FOLDER },
		{ "working_dir", s->working_dir, RUN },
		{ "environment", s->environment.count, RUN },
		{ "network", s->network, RUN },
		{ "cache", s->cache.count, RUN },
		{ "secrets", s->secrets.count, RUN },
		{ "tmpfs", s->tmpfs.count, RUN },
		{ "ssh", s->ssh, RUN },
		{ "mounts", s->mounts.count, RUN },
	};
	const char *word = kind == RUN     ? "run"
			   : kind == COPY  ? "copy"
			   : kind == ADD   ? "add"
			   : kind == WRITE ? "write"
					   : "folder";

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (keys[i].is_said && !(keys[i].kinds & kind)) {
			error_set(e, ERROR_SPEC, "a step with \"%s\" has no \"%s\"", word, keys[i].key);
			return error_at(e, "%s", keys[i].key);
		}
	return 0;
}

static int kind_of(const struct native_step *s, int *ret, struct error *e)
{
	int kinds = (s->run.count ? RUN : 0) | (s->copy.count ? COPY : 0) | (s->add.count ? ADD : 0) |
		    (s->write ? WRITE : 0) | (s->folder ? FOLDER : 0);

	if (!kinds || kinds & (kinds - 1)) {
		error_set(e, ERROR_SPEC,
			  kinds ? "a step does one thing: it has more than one of run, copy, add, write and folder"
				: "expected one of run, copy, add, write and folder");
		return kinds ? error_hint(e, "write a step for each") : -1;
	}
	*ret = kinds;
	return check_keys(s, kinds, e);
}

static struct build_step *new_step(struct build_resolve *r, enum build_step_kind kind, const char *user)
{
	struct build_step *step = build_resolve_step(r, kind);
	const char *of_base = r->stage->config.user;

	step->user = user ? alloc_copy(user) : of_base && *of_base ? alloc_copy(of_base) : NULL;
	return step;
}

static int add_mount(struct build_resolve *r, struct build_step *step, const char *text, const char *key, size_t index,
		     struct error *e)
{
	static const struct list nothing;
	const struct build_expand x = { .scope = &nothing, .escape = '\\', .keep_quotes = true, .budget = &r->budget };
	struct build_mount *mount = alloc_append(&step->mounts, &step->mount_count, sizeof *mount);

	if (build_mount_parse(text, &x, r->file, r->stage->number, step->working_dir, mount, e))
		return error_at(e, "%s[%zu]", key, index);
	if (mount->kind == BUILD_MOUNT_SSH && !mount->target)
		mount->target = text_format("/run/box/ssh_agent.%zu", index);
	build_resolve_need(r, &mount->from);
	return 0;
}

/* Each of a list as a mount, of which before is what stands in front. */
static int add_mounts(struct build_resolve *r, struct build_step *step, const struct list *items, const char *before,
		      const char *key, struct error *e)
{
	for (size_t i = 0; i < items->count; i++) {
		autofree char *text = text_format("%s%s", before, items->items[i]);

		if (before[0] && strchr(items->items[i], ',')) {
			error_set(e, ERROR_SPEC, "expected a name without \",\", found \"%.60s\"", items->items[i]);
			return error_at(e, "%s[%zu]", key, i);
		}
		if (add_mount(r, step, text, key, i, e))
			return -1;
	}
	return 0;
}

static char *joined(const char *word, const struct list *items, const char *last)
{
	struct text ret = { 0 };

	text_add(&ret, word);
	for (size_t i = 0; i < items->count; i++)
		text_addf(&ret, " %s", items->items[i]);
	if (last)
		text_addf(&ret, " %s", last);
	return text_take(&ret);
}

static int apply_run(struct build_resolve *r, const struct native_step *s, struct error *e)
{
	struct build_step *step = new_step(r, BUILD_RUN, s->user);

	step->working_dir = alloc_copy(s->working_dir ? s->working_dir : r->stage->config.working_dir);
	step->network = (enum build_network)s->network;
	list_copy(&step->argv, &s->run);
	list_copy(&step->environment, &r->scope);
	for (size_t i = 0; i < s->environment.count; i++)
		list_env_put(&step->environment, s->environment.items[i]);
	list_copy(&step->hidden_environment, &r->hidden);
	step->words = joined("run", &s->run, NULL);
	if (add_mounts(r, step, &s->cache, "type=cache,target=", "cache", e) ||
	    add_mounts(r, step, &s->secrets, "type=secret,required,id=", "secrets", e) ||
	    add_mounts(r, step, &s->tmpfs, "type=tmpfs,target=", "tmpfs", e) ||
	    add_mounts(r, step, &s->mounts, "", "mounts", e) ||
	    (s->ssh && add_mount(r, step, "type=ssh,required", "ssh", 0, e)))
		return -1;
	return build_resolve_done(r, joined("RUN", &s->run, NULL), e);
}

static int check_words(const struct native_step *s, struct error *e)
{
	if (s->mode && !build_chmod_is_valid(s->mode)) {
		error_set(e, ERROR_SPEC, "expected a mode such as \"755\" or \"u=rwX,go=rX\", found \"%.60s\"",
			  s->mode);
		return error_at(e, "mode");
	}
	if (s->checksum && (!build_checksum_is_valid(s->checksum) || s->add.count != 1)) {
		error_set(e, ERROR_SPEC, "expected \"sha256:\" and 64 hexadecimal digits, of one address");
		return error_at(e, "checksum");
	}
	if (!s->to) {
		error_set(e, ERROR_SPEC, "missing required field \"to\"");
		return -1;
	}
	return 0;
}

static int add_sources(struct build_step *step, const struct native_step *s, struct error *e)
{
	const struct list *items = s->add.count ? &s->add : &s->copy;

	for (size_t i = 0; i < items->count; i++) {
		struct build_source *source = alloc_append(&step->sources, &step->source_count, sizeof *source);

		build_source_parse(items->items[i], s->add.count, step->parents, source);
		source->unpack = s->unpack;
		if (source->kind == BUILD_SOURCE_GIT && build_git_check(source->path, e))
			return error_at(e, "add[%zu]", i);
		if (!*items->items[i] || (s->add.count && source->kind == BUILD_SOURCE_PATH)) {
			error_set(e, ERROR_SPEC, "expected %s, found \"%.60s\"",
				  s->add.count ? "an address (https://…)" : "a path", items->items[i]);
			error_at(e, "%s[%zu]", s->add.count ? "add" : "copy", i);
			return *items->items[i]
				       ? error_hint(
						 e,
						 "a path of the context is for \"copy\", with \"unpack\" for archives")
				       : -1;
		}
	}
	return 0;
}

static int apply_copy(struct build_resolve *r, const struct native_step *s, struct error *e)
{
	struct build_step *step = build_resolve_step(r, s->add.count ? BUILD_ADD : BUILD_COPY);
	const char *word = s->add.count ? "ADD" : "COPY";

	step->parents = s->parents;
	list_copy(&step->excludes, &s->exclude);
	step->chown = alloc_copy(s->owner);
	step->chmod = alloc_copy(s->mode);
	step->checksum = alloc_copy(s->checksum);
	if (check_words(s, e) || add_sources(step, s, e))
		return -1;
	if (s->write) {
		struct build_inline *file = alloc_append(&step->files, &step->file_count, sizeof *file);
		const char *slash = strrchr(s->to, '/');

		file->name = alloc_copy(slash && slash[1] ? slash + 1 : "file");
		file->content = alloc_copy(s->write);
		file->length = strlen(s->write);
	}
	if (s->from && build_from_find(r->file, s->from, r->stage->number, &step->from, e))
		return error_at(e, "from");
	build_resolve_need(r, &step->from);
	step->target = build_path_absolute(r->stage->config.working_dir, s->to);
	step->target_is_folder = build_path_is_folder(s->to) || s->parents || step->source_count > 1;
	step->words = joined(s->write       ? "write"
			     : s->add.count ? "add"
					    : "copy",
			     s->add.count ? &s->add : &s->copy, s->to);
	return build_resolve_done(r, joined(word, s->add.count ? &s->add : &s->copy, s->to), e);
}

static int apply_folder(struct build_resolve *r, const struct native_step *s, struct error *e)
{
	struct build_step *step = new_step(r, BUILD_FOLDER, s->user);

	step->target = build_path_absolute(r->stage->config.working_dir, s->folder);
	step->target_is_folder = true;
	step->words = text_format("folder %s", step->target);
	return build_resolve_done(r, text_format("WORKDIR %s", step->target), e);
}

int build_native_step(struct build_resolve *r, const struct native_step *s, struct error *e)
{
	int kind = 0;

	if (kind_of(s, &kind, e))
		return -1;
	if (kind == RUN)
		return apply_run(r, s, e);
	return kind == FOLDER ? apply_folder(r, s, e) : apply_copy(r, s, e);
}

static void set_text(char **place, const char *value)
{
	if (!value)
		return;
	free(*place);
	*place = alloc_copy(value);
}

static void set_health(struct build_health *health, const struct native_config *c)
{
	if (!c->healthcheck.test.count)
		return;
	list_copy(&health->test, &c->healthcheck.test);
	health->interval_ns = c->healthcheck.interval * 1000;
	health->timeout_ns = c->healthcheck.timeout * 1000;
	health->start_period_ns = c->healthcheck.start_period * 1000;
	health->start_interval_ns = c->healthcheck.start_interval * 1000;
	health->retries = c->healthcheck.retries;
}

static bool is_said(const struct native_config *c)
{
	return c->environment.count || c->entrypoint.count || c->command.count || c->expose.count || c->volumes.count ||
	       c->labels.count || c->user || c->working_dir || c->stop_signal || c->author || c->healthcheck.test.count;
}

int build_native_config(struct build_resolve *r, const struct native_config *c, struct error *e)
{
	struct build_config *config = &r->stage->config;

	if (!is_said(c))
		return 0;
	if (c->stop_signal && signal_number(c->stop_signal) <= 0) {
		error_set(e, ERROR_SPEC, "expected a signal such as \"SIGTERM\", found \"%.60s\"", c->stop_signal);
		return error_at(e, "stop_signal");
	}
	for (size_t i = 0; i < c->environment.count; i++) {
		list_env_put(&config->env, c->environment.items[i]);
		list_env_put(&r->scope, c->environment.items[i]);
	}
	for (size_t i = 0; i < c->labels.count; i++)
		list_env_put(&config->labels, c->labels.items[i]);
	for (size_t i = 0; i < c->expose.count; i++)
		if (build_expose(r, c->expose.items[i], e))
			return error_at(e, "expose[%zu]", i);
	for (size_t i = 0; i < c->volumes.count; i++)
		list_add(&config->volumes, c->volumes.items[i]);
	set_text(&config->user, c->user);
	set_text(&config->working_dir, c->working_dir);
	set_text(&config->stop_signal, c->stop_signal);
	set_text(&config->author, c->author);
	set_health(&config->health, c);
	if (c->entrypoint.count) {
		list_copy(&config->entrypoint, &c->entrypoint);
		list_release(&config->command);
	}
	if (c->command.count)
		list_copy(&config->command, &c->command);
	build_resolve_history(r, alloc_copy("CONFIG"));
	return 0;
}
