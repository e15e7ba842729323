/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inputs.c - what the caller says about a build, and the build file.
 */
#include "cli/build/inputs.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/number.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cli/build/named.h"
#include "cli/build/stdin.h"
#include "cli/build/work.h"
#include "cli/build_spec.h"
#include "images/descriptor.h"
#include "images/platform.h"

/* "id=npm,src=./token", "id=npm,env=TOKEN", "id=npm" (the variable npm), "./token" has no id. */
static int parse_secret(const char *words, struct build_secret *ret, struct error *e)
{
	autofree char *copy = alloc_copy(words);

	for (char *rest = copy, *part; (part = strsep(&rest, ","));) {
		char *equals = strchr(part, '=');

		if (equals)
			*equals++ = '\0';
		if (equals && strcmp(part, "id") == 0 && !ret->id)
			ret->id = alloc_copy(equals);
		else if (equals && (strcmp(part, "src") == 0 || strcmp(part, "source") == 0) && !ret->file && !ret->environment)
			ret->file = alloc_copy(equals);
		else if (equals && strcmp(part, "env") == 0 && !ret->file && !ret->environment)
			ret->environment = alloc_copy(equals);
		else if (!equals || strcmp(part, "type") != 0 || (strcmp(equals, "file") != 0 && strcmp(equals, "env") != 0))
			return error_set(e, ERROR_USAGE, "option --secret: expected id=ID,src=FILE or id=ID,env=NAME, found \"%.80s\" in it", part);
	}
	if (!ret->id || !*ret->id)
		return error_set(e, ERROR_USAGE, "option --secret: it has no id=");
	if (!ret->file && !ret->environment)
		ret->environment = alloc_copy(ret->id);
	return 0;
}

static int take_secrets(struct build_work *work, struct error *e)
{
	for (size_t i = 0; i < work->options->secrets.count; i++) {
		struct build_secret *secret = alloc_append(&work->secrets, &work->secret_count, sizeof *secret);

		if (parse_secret(work->options->secrets.items[i], secret, e))
			return -1;
	}
	return 0;
}

static int take_args(struct build_work *work, struct error *e)
{
	for (size_t i = 0; i < work->options->args.count; i++) {
		const char *item = work->options->args.items[i];
		const char *value = strchr(item, '=') ? NULL : getenv(item);

		if (*item == '=' || !*item)
			return error_set(e, ERROR_USAGE, "option --build-arg: expected KEY=VALUE or KEY, found \"%.80s\"", item);
		if (strchr(item, '='))
			list_add(&work->inputs.args, item);
		else if (value)
			list_addf(&work->inputs.args, "%s=%s", item, value);
	}
	return 0;
}

/* SOURCE_DATE_EPOCH of the caller, or of --build-arg. */
static int take_epoch(struct build_work *work, struct error *e)
{
	const char *given = list_env_get(&work->inputs.args, "SOURCE_DATE_EPOCH");
	const char *words = given ? given : getenv("SOURCE_DATE_EPOCH");

	work->epoch = -1;
	if (words && *words && number_parse(words, 0, INT64_C(253402300799), &work->epoch))
		return error_set(e, ERROR_USAGE, "SOURCE_DATE_EPOCH: expected seconds since 1970, found \"%.40s\"", words);
	return 0;
}

static int take_platform(struct build_work *work, char *own, struct error *e)
{
	struct platform platform = { 0 };

	work->inputs.build_platform = own;
	work->inputs.platform = work->options->platform ? work->options->platform : own;
	if (!work->options->platform)
		return 0;
	if (platform_parse(work->options->platform, &platform, e))
		return error_in(e, "option --platform");
	platform_release(&platform);
	return 0;
}

/* Arguments of the spec are defaults. */
static void take_spec(struct build_work *work, const struct build_spec *spec, const char *path)
{
	if (!spec->app)
		return;
	for (size_t i = 0; spec->build.args && i < spec->build.args->count; i++) {
		autofree char *key = alloc_copy(spec->build.args->items[i]);

		key[strcspn(key, "=")] = '\0';
		if (!list_env_get(&work->inputs.args, key))
			list_add(&work->inputs.args, spec->build.args->items[i]);
	}
	if (work->epoch < 0)
		work->epoch = spec->build.epoch;
	if (spec->build.is_native) {
		work->file_name = alloc_copy(path);
		work->file_digest = locking_spec_digest(spec->app);
	}
}

int build_inputs_take(struct build_work *work, const struct build_spec *spec, const char *operand, char *own, struct error *e)
{
	if (take_secrets(work, e) || take_args(work, e) || take_epoch(work, e) || take_platform(work, own, e))
		return -1;
	work->inputs.target = work->options->target;
	take_spec(work, spec, operand);
	if (build_named_take(work, &work->options->contexts, NULL, e))
		return error_in(e, "option --build-context");
	if (spec->app && spec->build.contexts && build_named_take(work, spec->build.contexts, spec->folder, e))
		return error_at(e, "build.contexts");
	return 0;
}

/* A spec's own steps, or a Dockerfile. */
static int parse_either(struct build_work *work, const struct app_build *spec, struct error *e)
{
	autorelease(text) struct text text = { 0 };
	char digest[SHA256_TEXT];

	work->has_paths = spec && spec->is_native;
	if (work->has_paths) {
		if (build_file_from_spec(spec->build, &work->inputs, &work->file, e))
			return error_at(e, "build");
		return 0;
	}
	if (work->stdin_folder >= 0 && work->options->file ? build_stdin_read(work, &text, e)
							   : build_text_read(work->context, work->options->file, &work->file_name, &text, e))
		return -1;
	sha256_bytes(text.length ? text.data : "", text.length, digest);
	work->file_digest = alloc_copy(digest);
	return build_file_parse(text.length ? text.data : "", text.length, work->file_name, &work->inputs, &work->file, e);
}

int build_inputs_parse(struct build_work *work, const struct app_build *spec, struct error *e)
{
	if (parse_either(work, spec, e))
		return -1;
	for (size_t i = 0; i < build_file_warnings(work->file)->count; i++)
		log_warning("%s", build_file_warnings(work->file)->items[i]);
	work->stage_count = build_file_count(work->file);
	work->stages = build_stages_new(work->file);
	return 0;
}

void build_inputs_warn(const struct build_work *work)
{
	autorelease(list) struct list unused = { 0 };

	build_file_unused_args(work->file, &unused);
	for (size_t i = 0; i < unused.count; i++) {
		bool is_used = false;

		for (size_t n = 0; n < work->stage_count; n++)
			is_used |= list_has(&work->stages[n].plan.config.arguments, unused.items[i]);
		if (!is_used)
			log_warning("--build-arg %s: no ARG of %s has that name, ignoring", unused.items[i], work->file_name);
	}
}
