/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_run.c - box run: from a file to a running app.
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
#include "base/log.h"
#include "base/places.h"
#include "cli/audit.h"
#include "cli/command_run.h"
#include "cli/commands.h"
#include "cli/other_options.h"
#include "cli/prepare.h"
#include "cli/report.h"
#include "cli/spec_options.h"
#include "cli/up/for_cli.h"
#include "images/catalogue.h"
#include "images/image_name.h"
#include "runtime/background.h"
#include "runtime/box.h"
#include "runtime/oci.h"
#include "specs/app.h"
#include "specs/container.h"
#include "specs/stack.h"

enum { CONFIG_LIMIT = 16 << 20 };

#define SPEC_OFFSET offsetof(struct run_options, fields)
const struct option_row run_options[] = {
	{ 't', "tty", OPTION_FLAG, offsetof(struct run_options, terminal), NULL, "give the app a terminal" },
	{ 'i', "interactive", OPTION_FLAG, offsetof(struct run_options, keep_stdin), NULL,
	  "give the app this command's stdin; with -d: keep its stdin open, for box attach" },
	{ 0, "rm", OPTION_FLAG, offsetof(struct run_options, remove), NULL, "remove the container at its end (always done in the foreground)" },
	{ 0, "name", OPTION_TEXT, offsetof(struct run_options, name), "NAME", "name of the container (default: the spec's and six digits)" },
	{ 'e', "env", OPTION_VARIABLES, offsetof(struct run_options, env), "KEY[=VALUE]", "set a variable; KEY alone takes the caller's" },
	{ 'v', "volume", OPTION_LIST, offsetof(struct run_options, volumes), "SOURCE:TARGET[:ro]", "add a mount" },
	{ 0, "pull", OPTION_TEXT, offsetof(struct run_options, pull), "missing|always|never",
	  "when to ask the image's registry (default: missing)" },
	{ 0, "platform", OPTION_TEXT, offsetof(struct run_options, platform), "OS/ARCH[/VARIANT]", "of an image for several platforms" },
	{ 'q', "quiet", OPTION_FLAG, offsetof(struct run_options, quiet), NULL, "no word about what is pulled" },
	{ 0, "override", OPTION_TEXT, offsetof(struct run_options, override), "NAME", "merge this entry of the spec's overrides" },
	{ 0, "profile", OPTION_LIST, offsetof(struct run_options, profiles), "NAME", "of a file with services: also those in this profile" },
	{ 0, "no-deps", OPTION_FLAG, offsetof(struct run_options, no_deps), NULL,
	  "of a command beside a service: start nothing that the service depends on" },
	{ 0, "locked", OPTION_FLAG, offsetof(struct run_options, locked), NULL, "run nothing but what the lock beside the file says (box lock)" },
	{ 0, "from", OPTION_TEXT, offsetof(struct run_options, from), "REFERENCE",
	  "where the locked image lies: oci:DIR:TAG, oci-archive:FILE, docker-archive:FILE, or another repository" },
	{ 'd', "detach", OPTION_FLAG, offsetof(struct run_options, detach), NULL,
	  "run it in the background, under a supervisor; its name is printed" },
	BUNDLE_OPTIONS(struct run_options, bundle.),
	{ 0, "keep", OPTION_FLAG, offsetof(struct run_options, keep), NULL, "a bundle's container is not deleted at its end" },
	SPEC_OPTIONS,
	PLATFORM_OPTIONS,
	TRANSFER_OPTIONS,
	OTHER_OPTION(0, "replace", "box rm -f NAME before"),
	OTHER_OPTION(0, "cidfile", "--name says what it is called"),
	OTHER_OPTION('P', "publish-all", "\"ports\" are written into app.json, each"),
	{ 0 },
};

static int check_terminal(const struct run_options *options, struct error *e)
{
	if (options->terminal && !options->detach && !isatty(STDIN_FILENO))
		return error_set(e, ERROR_USAGE, "option --tty: stdin is not a terminal");
	return 0;
}

static int check_options(const struct run_options *options, const struct list *operands, struct error *e)
{
	if (!operands->count)
		return error_set(e, ERROR_USAGE, "run: expected FILE.json or IMAGE");
	if (operands->count > 1) {
		error_set(e, ERROR_USAGE, "run: expected one FILE.json, found %zu operands", operands->count);
		return error_hint(e, "the command stands behind two dashes: box run %s -- %s", operands->items[0], operands->items[1]);
	}
	if (options->no_deps)
		return error_set(e, ERROR_USAGE, "option --no-deps: it is for a command beside a service: box run FILE.json SERVICE -- COMMAND…");
	return check_terminal(options, e);
}

static void forget(struct run_options *options, struct list *operands, struct list *command)
{
	list_release(&options->env);
	list_release(&options->volumes);
	list_release(&options->fields);
	list_release(operands);
	list_release(command);
	*options = (struct run_options){ 0 };
}

/* Behind the name of an image everything belongs to the program, as docker and podman have it; options may stand behind a file. */
static int parse(const struct call *call, struct run_options *options, struct list *operands, struct list *command, struct error *e)
{
	if (options_parse(run_options, OPERANDS_FIRST, call->argv, options, operands, command, e) == 0 && operands->count == 1 &&
	    !options->bundle.bundle && !run_is_file(operands->items[0]))
		return 0;
	forget(options, operands, command);
	error_clear(e);
	return options_parse(run_options, OPERANDS_ANYWHERE, call->argv, options, operands, command, e);
}

/* Makes the app, and leaves it to a supervisor. Where it cannot be started nothing of it is left. */
static int run_detached(const struct run *run, const struct call *call, const struct run_options *options, const struct list *command,
			struct error *e)
{
	const char *name = run->container.name;
	autorelease(text) struct text out = { 0 };
	struct error ignored = { 0 };

	if (run_make(run, call, options, command, /* place= */ NULL, e))
		return report_run_status(e);
	if (background_start(call->places, name, e)) {
		box_keep_failure(call->places, &run->container, e);
		(void)background_remove(call->places, name, /* force= */ true, &ignored); /* the first cause is what counts */
		return report_run_status(e);
	}
	text_addf(&out, "%s\n", name);
	return report_text(&out, e) ? EXIT_BOX_FAILED : 0;
}

/* "3bdda78acb43", as box images shows it and docker's users type it: the image of the store that is meant, by its name and digest. What no
 * image there begins with is a name like any other. */
static int complete_digest(const struct call *call, struct list *operands, struct error *e)
{
	const char *words = operands->items[0];
	autorelease(catalogue) struct catalogue catalogue = { 0 };
	autorelease(image_name) struct image_name name = { 0 };
	const struct catalogue_entry *entry;

	if (run_is_file(words) || !catalogue_may_be_digest(words))
		return 0;
	if (catalogue_read(call->places, &catalogue, e))
		return -1;
	entry = catalogue_find(&catalogue, words, e);
	if (!entry && e->kind != ERROR_MISSING)
		return -1;
	error_clear(e);
	if (!entry || catalogue_has_name(&catalogue, words))
		return 0;
	if (image_name_parse(entry->name, &name, e)) {
		error_set(e, ERROR_USAGE, "run the image %s: it has no name of a registry's form", words);
		return error_hint(e, "box tag %s NAME, and box run NAME", words);
	}
	free(operands->items[0]);
	operands->items[0] = text_format("%s@%s", entry->name, entry->image);
	return 0;
}

int run_define(const struct call *call, const char *file, const char *name, const char *override, char **ret_name)
{
	const struct run_options options = { .detach = true, .name = name, .override = override };
	const struct list none = { 0 };
	struct run run = { .image = { .pin = -1 } };
	struct error e = { 0 }, swept = { 0 };
	int status = 0;

	if (box_sweep(call->places, &swept))
		log_warning("%s, continuing", swept.text);
	if (run_prepare(&run, call, &options, file, &none, &e) || run_make(&run, call, &options, &none, /* place= */ NULL, &e)) {
		report_error(run_is_file(file) ? run.app : NULL, file, &e);
		status = report_run_status(&e);
	} else {
		*ret_name = alloc_copy(run.container.name);
	}
	run_release(&run);
	return status;
}

static int run_file(struct run *run, const struct call *call, const struct run_options *options, const char *file,
		    const struct list *command, struct error *e)
{
	int status = EXIT_BOX_FAILED;
	struct error swept = { 0 };

	if (box_sweep(call->places, &swept))
		log_warning("%s, continuing", swept.text);
	if (strcmp(file, "-") == 0 && box_seal(e))
		return EXIT_BOX_FAILED;
	if (run_prepare(run, call, options, file, command, e))
		return EXIT_BOX_FAILED;
	if (options->detach)
		return run_detached(run, call, options, command, e);
	if (strcmp(app_restart(run->app), "no") != 0)
		report_line("restart holds in the background (box run -d): this run is not started again, continuing");
	if (app_schedule(run->app).cron)
		report_line("schedule holds in the background (box run -d): this run begins now, and is the only one, continuing");
	if (app_wants_health(run->app))
		report_line("healthcheck holds in the background (box run -d): nobody checks this run, continuing");
	if (app_watches_secrets(run->app))
		report_line("on_change holds in the background (box run -d): the secrets of this run stay as they are, continuing");
	if (box_run(call->places, &run->container, &status, &run->epilogue, e))
		return report_run_status(e);
	for (size_t i = 0; i < run->epilogue.count; i++)
		report_line(run->epilogue.items[i]);
	return status;
}

/* The OCI form: a bundle is named, or lies here while the operand names no file. */
static bool is_bundle(const struct run_options *options, const struct list *operands)
{
	autorelease(text) struct text config = { 0 };
	struct error ignored = { 0 };

	if (options->bundle.bundle)
		return true;
	/* The last of these are of no id, but of an image's name. */
	if (operands->count != 1 || text_ends(operands->items[0], ".json") || access(operands->items[0], F_OK) == 0 ||
	    strpbrk(operands->items[0], "/:@"))
		return false;
	return file_read(AT_FDCWD, "config.json", CONFIG_LIMIT, &config, &ignored) == 0 && config.data && strstr(config.data, "\"ociVersion\"");
}

static int run_bundle(const struct call *call, const struct run_options *options, const struct list *operands, struct error *e)
{
	int status = EXIT_BOX_FAILED;
	struct oci_create request;

	audit_engine(call->audit);
	if (operands->count != 1)
		return error_set(e, ERROR_USAGE, "run: expected ID");
	if (bundle_request(call, &options->bundle, operands->items[0], &request, e))
		return EXIT_BOX_FAILED;
	if (oci_run(call->places, &request, options->detach, options->keep, &status, e))
		return report_run_status(e);
	return status;
}

/* A file with services; those behind it are theirs. */
static bool is_stack(const struct list *operands)
{
	return operands->count && run_is_file(operands->items[0]) && stack_is_file(operands->items[0]);
}

static void wish_stack(const struct run_options *options, const struct list *operands, struct stack_run *ret)
{
	*ret = (struct stack_run){ .file = operands->items[0], .override = options->override, .pull = options->pull,
				   .platform = options->platform, .quiet = options->quiet, .locked = options->locked,
				   .leaves_needed = options->no_deps };
	list_copy(&ret->profiles, &options->profiles);
	for (size_t i = 1; i < operands->count; i++)
		list_add(&ret->services, operands->items[i]);
}

static void release_wish(struct stack_run *wish)
{
	list_release(&wish->services);
	list_release(&wish->profiles);
}

static int check_beside(const struct run_options *options, const struct list *operands, struct error *e)
{
	const char *file = operands->items[0];

	if (operands->count != 2) {
		error_set(e, ERROR_USAGE, "run %s: a command is for one of its services", file);
		return error_hint(e, "box run %s SERVICE -- COMMAND…", file);
	}
	if (options->detach || options->from) {
		error_set(e, ERROR_USAGE, "run %s: a command beside %s runs in the foreground, with the image that the service has", file,
			  operands->items[1]);
		return error_hint(e, "leave -d and --from out");
	}
	return check_terminal(options, e);
}

/* Before anything is started for it: what it is called later does not matter here. */
static int try_beside(const struct run_options *options, const struct list *operands, struct error *e)
{
	const char *service = operands->items[1];
	const struct app_options chosen = { .override = options->override, .service = service, .is_beside = true, .name = service,
					    .fields = &options->fields };
	struct app *app;

	if (app_load(operands->items[0], &chosen, &app, e))
		return -1;
	app_free(app);
	return 0;
}

/* A command with all that a service has, beside it: a migration, a dump, a shell. Its name is the run's own. */
static int run_beside(struct run *run, const struct call *call, const struct run_options *options, const struct list *operands,
		      const struct list *command, struct error *e)
{
	autofree char *full = NULL, *name = NULL;
	struct run_options own = *options;
	struct stack_run wish;
	int status;

	if (check_beside(options, operands, e) || try_beside(options, operands, e))
		return EXIT_BOX_FAILED;
	wish_stack(options, operands, &wish);
	status = stack_start_needed(call, &wish, &full);
	release_wish(&wish);
	if (status)
		return status;
	if (!options->name && !(name = run_name(full, e)))
		return EXIT_BOX_FAILED;
	own.name = options->name ? options->name : name;
	own.service = operands->items[1];
	own.volumes_of = full;
	own.is_beside = true;
	return run_file(run, call, &own, operands->items[0], command, e);
}

static int run_stack(const struct call *call, const struct run_options *options, const struct list *operands, struct error *e)
{
	struct stack_run wish;
	int status;

	if (options->name || options->terminal || options->keep_stdin || options->remove || options->from ||
	    options->env.count || options->volumes.count || options->fields.count || options->no_deps) {
		error_set(e, ERROR_USAGE, "run %s: it has several services, which no such option is for", operands->items[0]);
		(void)error_hint(e, "write it into the file, or into one of its \"overrides\"; a command beside one of them may have it: box run … %s "
				    "SERVICE -- COMMAND…", operands->items[0]);
		return EXIT_BOX_FAILED;
	}
	wish_stack(options, operands, &wish);
	status = options->detach ? stack_run_detached(call, &wish) : stack_run_foreground(call, &wish);
	release_wish(&wish);
	return status;
}

int command_run(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	autorelease(list) struct list command = { 0 };
	struct run_options options = { 0 };
	struct error e = { 0 };
	struct run run = { .image = { .pin = -1 } };
	int status = EXIT_BOX_FAILED;

	if (parse(call, &options, &operands, &command, &e) == 0) {
		if (!options.bundle.bundle && is_stack(&operands))
			status = command.count ? run_beside(&run, call, &options, &operands, &command, &e)
					       : run_stack(call, &options, &operands, &e);
		else if (is_bundle(&options, &operands))
			status = run_bundle(call, &options, &operands, &e);
		else if (check_options(&options, &operands, &e) == 0 && complete_digest(call, &operands, &e) == 0)
			status = run_file(&run, call, &options, operands.items[0], &command, &e);
	}
	if (e.kind != ERROR_NONE)
		report_error(operands.count && run_is_file(operands.items[0]) ? run.app : NULL, operands.count ? operands.items[0] : NULL, &e);
	run_release(&run);
	list_release(&options.env);
	list_release(&options.volumes);
	list_release(&options.fields);
	list_release(&options.profiles);
	return status;
}
