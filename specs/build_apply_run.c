/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_apply_run.c - RUN.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "specs/build_file.h"

enum { MOUNTS = 100 };

static int set_network(const struct build_instruction *i, struct build_step *step, struct error *e)
{
	const char *network = build_flag(&i->flags, "network"), *security = build_flag(&i->flags, "security");

	step->network = BUILD_NETWORK_DEFAULT;
	if (network && strcmp(network, "none") == 0)
		step->network = BUILD_NETWORK_NONE;
	else if (network && strcmp(network, "host") == 0)
		step->network = BUILD_NETWORK_HOST;
	else if (network && strcmp(network, "default") != 0)
		return error_set(e, ERROR_SPEC, "--network is default, none or host, not \"%s\"", network);
	if (!security || strcmp(security, "sandbox") == 0)
		return 0;
	if (strcmp(security, "insecure") != 0)
		return error_set(e, ERROR_SPEC, "--security is sandbox, not \"%s\"", security);
	error_set(e, ERROR_UNSUPPORTED, "--security=insecure is refused: no step of a build gets more than an app has");
	return error_hint(e, "do in an app what needs it: box run with cap_add, devices or oci");
}

static int add_mounts(struct build_resolve *r, struct build_step *step, struct error *e)
{
	const struct build_expand x = build_resolve_expand(r);
	const struct list *flags = &r->at->flags;
	size_t agents = 0;

	for (size_t i = 0; i < flags->count; i++) {
		struct build_mount *mount;

		if (!text_starts(flags->items[i], "--mount="))
			continue;
		if (step->mount_count == MOUNTS)
			return error_set(e, ERROR_SPEC, "more than %d mounts", MOUNTS);
		mount = alloc_append(&step->mounts, &step->mount_count, sizeof *mount);
		if (build_mount_parse(flags->items[i] + strlen("--mount="), &x, r->file, r->stage->number,
				      r->stage->config.working_dir, mount, e))
			return -1;
		if (mount->kind == BUILD_MOUNT_SSH && !mount->target)
			mount->target = text_format("/run/box/ssh_agent.%zu", agents);
		agents += mount->kind == BUILD_MOUNT_SSH;
		build_resolve_need(r, &mount->from);
	}
	return 0;
}

static void add_shell(const struct build_resolve *r, struct list *argv)
{
	const struct list *shell = &r->stage->config.shell;

	for (size_t i = 0; i < shell->count; i++)
		list_add(argv, shell->items[i]);
	if (shell->count)
		return;
	list_add(argv, "/bin/sh");
	list_add(argv, "-c");
}

/* A heredoc alone is a script: run by what its first line names, else by the shell. Others are the shell's business. */
static int set_script(struct build_resolve *r, struct build_step *step, struct error *e)
{
	const struct build_instruction *i = r->at;
	struct text line = { 0 };

	if (build_parts_heredoc(i->rest, NULL) && text_starts(i->heredocs[0].content, "#!")) {
		struct build_inline *file = alloc_append(&step->files, &step->file_count, sizeof *file);

		if (strchr(i->heredocs[0].name, '/') || strcmp(i->heredocs[0].name, "..") == 0 ||
		    strcmp(i->heredocs[0].name, ".") == 0)
			return error_set(e, ERROR_SPEC, "\"%s\" cannot be the name of a file", i->heredocs[0].name);
		file->name = text_format("/dev/pipes/%s", i->heredocs[0].name);
		file->content = alloc_copy(i->heredocs[0].content);
		file->length = strlen(file->content);
		list_add(&step->argv, file->name);
		return 0;
	}
	add_shell(r, &step->argv);
	if (build_parts_heredoc(i->rest, NULL)) {
		list_add(&step->argv, i->heredocs[0].content);
		return 0;
	}
	text_add(&line, i->rest);
	for (size_t h = 0; h < i->heredoc_count; h++)
		text_addf(&line, "\n%s%s", i->heredocs[h].content, i->heredocs[h].name);
	list_take(&step->argv, text_take(&line));
	return 0;
}

static int set_argv(struct build_resolve *r, struct build_step *step, struct error *e)
{
	int is_json = build_parts_json(r->at->rest, &step->argv, e);

	if (is_json < 0)
		return -1;
	if (is_json ? !step->argv.count : !*r->at->rest)
		return error_set(e, ERROR_SPEC, "nothing to run stands behind it");
	return is_json ? 0 : set_script(r, step, e);
}

static void set_environment(const struct build_resolve *r, struct build_step *step)
{
	list_copy(&step->environment, &r->scope);
	for (size_t i = 0; i < r->hidden.count; i++) {
		autofree char *name = alloc_copy_bytes(r->hidden.items[i], strcspn(r->hidden.items[i], "="));

		if (!list_env_get(&step->environment, name))
			list_add(&step->hidden_environment, r->hidden.items[i]);
	}
}

/* "RUN |1 VERSION /bin/sh -c make": as Docker has it, but for the arguments' values. */
static char *history(const struct build_resolve *r, const struct build_step *step)
{
	struct text ret = { 0 };

	text_add(&ret, "RUN");
	if (r->arguments.count)
		text_addf(&ret, " |%zu", r->arguments.count);
	for (size_t i = 0; i < r->arguments.count; i++)
		text_addf(&ret, " %s", r->arguments.items[i]);
	for (size_t i = 0; i < step->argv.count; i++)
		text_addf(&ret, " %s", step->argv.items[i]);
	return text_take(&ret);
}

int build_apply_run(struct build_resolve *r, struct error *e)
{
	struct build_step *step = build_resolve_step(r, BUILD_RUN);
	const struct build_config *config = &r->stage->config;

	step->working_dir = alloc_copy(config->working_dir);
	step->user = config->user && *config->user ? alloc_copy(config->user) : NULL;
	if (set_network(r->at, step, e) || add_mounts(r, step, e) || set_argv(r, step, e))
		return -1;
	set_environment(r, step);
	return build_resolve_done(r, history(r, step), e);
}
