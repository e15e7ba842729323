/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_debug.c - box debug: a program of another image beside a running app.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/text.h"
#include "cli/audit.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "images/image.h"
#include "runtime/box.h"
#include "specs/app.h"
#include "specs/container.h"
#include "specs/field.h"

enum { SETTINGS_LIMIT = 1 << 16 };

struct options {
	const char *image, *user;
	bool terminal, keep_stdin, quiet;
	struct list env;
};

const struct option_row debug_options[] = {
	{ 0, "image", OPTION_TEXT, offsetof(struct options, image), "IMAGE",
	  "the tools (default: \"image\" in debug.json of box's configuration)" },
	{ 't', "tty", OPTION_FLAG, offsetof(struct options, terminal), NULL, "give the program a terminal" },
	{ 'i', "interactive", OPTION_FLAG, offsetof(struct options, keep_stdin), NULL,
	  "give the program this command's stdin" },
	{ 'u', "user", OPTION_TEXT, offsetof(struct options, user), "USER[:GROUP]",
	  "run as this user of the app (default: the app's)" },
	{ 'e', "env", OPTION_VARIABLES, offsetof(struct options, env), "KEY[=VALUE]",
	  "set a variable; KEY alone takes the caller's" },
	{ 'q', "quiet", OPTION_FLAG, offsetof(struct options, quiet), NULL, "do not show how far a pull is" },
	{ 0 },
};

struct settings {
	char *image;
};

static const struct field settings_fields[] = {
	{ "image", FIELD_TEXT, offsetof(struct settings, image), .flags = FIELD_REQUIRED,
	  .help = "the image with the tools" },
	{ 0 },
};

/* The image of one file of the configuration: 1, or 0 where it is not there. */
static int read_settings(const char *folder, char **ret, struct error *e)
{
	autofree char *path = text_format("%s/debug.json", folder);
	autorelease(text) struct text json = { 0 };
	struct settings settings = { 0 };

	if (file_read(AT_FDCWD, path, SETTINGS_LIMIT, &json, e)) {
		if (e->sys != ENOENT)
			return -1;
		error_clear(e);
		return 0;
	}
	if (field_decode_text(json.data ? json.data : "", json.length, path, settings_fields, &settings, e))
		return -1;
	*ret = settings.image;
	return 1;
}

/* The caller's own configuration, then the host's. The caller frees it. */
static char *choose_image(const struct places *places, const struct options *options, struct error *e)
{
	const char *const folders[] = { places->config, "/etc/box" };
	char *image = NULL;

	if (options->image)
		return alloc_copy(options->image);
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		int got = read_settings(folders[i], &image, e);

		if (got)
			return got < 0 ? NULL : image;
	}
	error_set(e, ERROR_USAGE, "debug: no image with tools is named");
	error_hint(e, "--image debian:12, or {\"image\": \"debian:12\"} in %s/debug.json", places->config);
	return NULL;
}

static int resolve(const struct call *call, const struct options *options, const char *reference, struct image *ret,
		   struct error *e)
{
	struct image_options choices = { .progress = progress_blob, .begins = progress_begins };
	int result;

	choices.data = progress_new(options->quiet, "pulling", "fetched");
	result = image_resolve(call->places, reference, &choices, ret, e);
	progress_free(choices.data);
	return result;
}

/* What stands behind NAME is the program, whatever the image would have run; a shell where neither says anything. */
static void choose_program(const struct list *command, const struct image_config *config, struct container *c)
{
	list_release(&c->args);
	list_copy(&c->args, command->count ? command : &config->entrypoint);
	for (size_t i = 0; !command->count && i < config->command.count; i++)
		list_add(&c->args, config->command.items[i]);
	if (!c->args.count)
		list_add(&c->args, "/bin/sh");
	/* The image cannot be written, and the app's user need not have a folder in it. */
	if (!list_env_get(&c->env, "HOME"))
		list_env_set(&c->env, "HOME", "/tmp");
}

static void add_app_root(struct container *c)
{
	struct mount_entry *mount = alloc_append(&c->mounts, &c->mount_count, sizeof *mount);

	*mount = (struct mount_entry){
		.kind = MOUNT_BIND, .target = alloc_copy(BOX_DEBUG_ROOT), .size = LIMIT_UNSET, .is_app_root = true
	};
}

/* The tools as box run would run them, without a volume of their own. */
static int describe(const struct call *call, const struct options *options, const char *name,
		    const struct list *command, struct image *image, struct container *ret, struct error *e)
{
	autorelease(list) struct list fields = { 0 };
	const struct app_options chosen = {
		.env = &options->env, .fields = &fields, .command = command, .terminal = options->terminal
	};
	autofree char *reference = choose_image(call->places, options, e);
	int shares = box_shares_network(call->places, name, e), result;
	const char *whole, *field;
	struct app *app = NULL;

	if (!reference || shares < 0)
		return -1;
	list_add(
		&fields,
		"entrypoint=/bin/sh"); /* so that there is one, whatever the image says; choose_program has the last word */
	if (shares)
		list_add(&fields, "network=host");
	if (app_from_image(reference, name, &chosen, &app, e))
		return -1;
	whole = app_image(app, &field);
	result = resolve(call, options, whole, image, e);
	if (result == 0) {
		audit_image(call->audit, whole, NULL, image->digest);
		list_release(&image->config.volumes);
		result = app_container(app, &image->config, &chosen, ret, e);
	}
	app_free(app);
	return result;
}

static int debug(const struct call *call, const struct options *options, const char *name, const struct list *command,
		 int *ret_status, struct error *e)
{
	struct box_debug request = { .name = name,
				     .user = options->user,
				     .terminal = options->terminal,
				     .keep_stdin = options->keep_stdin || options->terminal };
	struct image image = { .pin = -1 };
	struct container tools = { 0 };
	int result;

	/* Now: it may begin this command once more. */
	if (box_seal(e))
		return -1;
	result = describe(call, options, name, command, &image, &tools, e);
	if (result == 0) {
		choose_program(command, &image.config, &tools);
		add_app_root(&tools);
		tools.layers = take_ptr(&image.layers);
		tools.layer_count = image.layer_count;
		image.layer_count = 0;
		request.tools = &tools;
		result = box_debug(call->places, &request, ret_status, e);
	}
	container_release(&tools);
	image_release(&image);
	return result;
}

/* Options stand in front of NAME or behind it; what follows is the program's, as for box exec. options borrows from rest. */
static int parse(const struct call *call, struct options *options, struct list *operands, struct list *rest,
		 struct list *command, struct error *e)
{
	autorelease(list) struct list behind = { 0 };

	if (options_parse(debug_options, OPERANDS_FIRST, call->argv, options, operands, rest, e))
		return -1;
	if (operands->count != 1)
		return error_set(e, ERROR_USAGE, "debug: expected NAME and perhaps COMMAND");
	if (rest->count && options_parse(debug_options, OPERANDS_FIRST, rest->items, options, command, &behind, e))
		return -1;
	for (size_t i = 0; i < behind.count; i++)
		list_add(command, behind.items[i]);
	if (options->terminal && !isatty(STDIN_FILENO))
		return error_set(e, ERROR_USAGE, "option --tty: stdin is not a terminal");
	return 0;
}

int command_debug(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	autorelease(list) struct list rest = { 0 };
	autorelease(list) struct list command = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };
	int status = EXIT_BOX_FAILED;

	if (parse(call, &options, &operands, &rest, &command, &e) == 0 && targets_one(call, &operands, 0, &e) == 0) {
		audit_container(call->audit, operands.items[0]);
		if (debug(call, &options, operands.items[0], &command, &status, &e))
			status = report_run_status(&e);
	}
	if (e.kind != ERROR_NONE)
		report_error(NULL, NULL, &e);
	list_release(&options.env);
	return status;
}
