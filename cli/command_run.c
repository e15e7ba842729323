/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_run.c - box run: from a file to a running app.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/places.h"
#include "cli/audit.h"
#include "cli/build/for_run.h"
#include "cli/bundle.h"
#include "cli/command_run.h"
#include "cli/commands.h"
#include "cli/locking.h"
#include "cli/other_options.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/spec_options.h"
#include "cli/wide_ports.h"
#include "images/catalogue.h"
#include "images/image.h"
#include "images/image_name.h"
#include "images/lock_files.h"
#include "images/reference.h"
#include "runtime/apps.h"
#include "runtime/apps_rename.h"
#include "runtime/background.h"
#include "runtime/box.h"
#include "runtime/oci.h"
#include "specs/app.h"
#include "specs/container.h"

enum { CONFIG_LIMIT = 16 << 20 };

struct options {
	bool terminal, keep_stdin, remove, detach, keep;
	struct bundle_choices bundle;
	const char *name, *override, *pull, *platform, *from;
	bool quiet, locked;
	struct list env, volumes, fields;
};

#define SPEC_OFFSET offsetof(struct options, fields)
const struct option_row run_options[] = {
	{ 't', "tty", OPTION_FLAG, offsetof(struct options, terminal), NULL, "give the app a terminal" },
	{ 'i', "interactive", OPTION_FLAG, offsetof(struct options, keep_stdin), NULL,
	  "give the app this command's stdin; with -d: keep its stdin open, for box attach" },
	{ 0, "rm", OPTION_FLAG, offsetof(struct options, remove), NULL, "remove the container at its end (always done in the foreground)" },
	{ 0, "name", OPTION_TEXT, offsetof(struct options, name), "NAME", "name of the container (default: the spec's and six digits)" },
	{ 'e', "env", OPTION_VARIABLES, offsetof(struct options, env), "KEY[=VALUE]", "set a variable; KEY alone takes the caller's" },
	{ 'v', "volume", OPTION_LIST, offsetof(struct options, volumes), "SOURCE:TARGET[:ro]", "add a mount" },
	{ 0, "pull", OPTION_TEXT, offsetof(struct options, pull), "missing|always|never", "when to ask the image's registry (default: missing)" },
	{ 0, "platform", OPTION_TEXT, offsetof(struct options, platform), "OS/ARCH[/VARIANT]", "of an image for several platforms" },
	{ 'q', "quiet", OPTION_FLAG, offsetof(struct options, quiet), NULL, "no word about what is pulled" },
	{ 0, "override", OPTION_TEXT, offsetof(struct options, override), "NAME", "merge this entry of the spec's overrides" },
	{ 0, "locked", OPTION_FLAG, offsetof(struct options, locked), NULL, "run nothing but what the lock beside the file says (box lock)" },
	{ 0, "from", OPTION_TEXT, offsetof(struct options, from), "REFERENCE",
	  "where the locked image lies: oci:DIR:TAG, oci-archive:FILE, docker-archive:FILE, or another repository" },
	{ 'd', "detach", OPTION_FLAG, offsetof(struct options, detach), NULL,
	  "run it in the background, under a supervisor; its name is printed" },
	BUNDLE_OPTIONS(struct options, bundle.),
	{ 0, "keep", OPTION_FLAG, offsetof(struct options, keep), NULL, "a bundle's container is not deleted at its end" },
	SPEC_OPTIONS,
	PLATFORM_OPTIONS,
	TRANSFER_OPTIONS,
	OTHER_OPTION(0, "replace", "box rm -f NAME before"),
	OTHER_OPTION(0, "cidfile", "--name says what it is called"),
	OTHER_OPTION('P', "publish-all", "\"ports\" are written into app.json, each"),
	{ 0 },
};

/* What one run holds; released at its end. */
struct run {
	struct app *app;
	struct locking locking;
	struct image image;
	struct container container;
	struct list epilogue;
};

static void release(struct run *run)
{
	app_free(run->app);
	locking_release(&run->locking);
	image_release(&run->image);
	container_release(&run->container);
	list_release(&run->epilogue);
}

/* A spec, not the name of an image. */
static bool is_file(const char *operand)
{
	return text_ends(operand, ".json") || strcmp(operand, "-") == 0 || operand[0] == '/' || operand[0] == '.' ||
	       access(operand, F_OK) == 0;
}

/* Several runs of one file at the same time need names of their own. */
static int complete_name(const struct options *options, struct container *c, struct error *e)
{
	unsigned char random[3];
	char *name;

	if (options->name || options->detach)
		return 0;
	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		return error_sys(e, "get random bytes for a name");
	name = text_format("%.100s-%02x%02x%02x", c->name, random[0], random[1], random[2]);
	free(c->name);
	c->name = name;
	return 0;
}

static int choose_pull(const struct options *options, enum pull_policy *ret, struct error *e)
{
	static const char *const names[] = { [PULL_MISSING] = "missing", [PULL_ALWAYS] = "always", [PULL_NEVER] = "never" };

	*ret = PULL_MISSING;
	if (!options->pull)
		return 0;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], options->pull) == 0) {
			*ret = (enum pull_policy)i;
			return 0;
		}
	return error_set(e, ERROR_USAGE, "option --pull %s: expected missing, always or never", options->pull);
}

/* The lock beside a file, and what it says about its image. */
static int find_lock(struct run *run, const struct options *options, const char *file, struct error *e)
{
	struct locking *locking = &run->locking;

	if (!is_file(file) || strcmp(file, "-") == 0)
		return options->locked || options->from
			       ? error_set(e, ERROR_USAGE, "--locked and --from are for a file that a lock can lie beside")
			       : 0;
	*locking = (struct locking){ .is_strict = options->locked, .has_source = options->from, .spec = alloc_copy(file) };
	if (locking_begin(locking, run->app, e) || locking_choose(locking, run->app, options->platform, e))
		return -1;
	if (options->from && !locking->image)
		return error_set(e, ERROR_USAGE, "--from: %s locks no image for it", locking->path);
	return 0;
}

static int resolve(struct run *run, const struct call *call, const struct options *options, const char *reference, struct error *e)
{
	struct image_options choices = { .platform = options->platform, .progress = progress_blob, .begins = progress_begins,
					 .locked = run->locking.image };
	int result = choose_pull(options, &choices.pull, e);

	if (result == 0) {
		choices.data = progress_new(options->quiet, "pulling", "fetched");
		result = image_resolve(call->places, reference, &choices, &run->image, e);
		progress_free(choices.data);
	}
	return result || locking_compare(&run->locking, reference, &run->image, e) ? -1 : 0;
}

/* The app of a file, or one of an image alone, named after the last part of its repository. */
static int load(const char *operand, const struct app_options *chosen, struct app **ret, struct error *e)
{
	autorelease(image_name) struct image_name name = { 0 };
	const char *slash;

	if (is_file(operand))
		return app_load(operand, chosen, ret, e);
	if (image_name_parse(operand, &name, e))
		return error_hint(e, "a spec is a file: box run app.json");
	slash = strrchr(name.repository, '/');
	return app_from_image(operand, slash ? slash + 1 : name.repository, chosen, ret, e);
}

static struct app_options choose(const struct options *options, const struct list *command)
{
	return (struct app_options){ .override = options->override, .name = options->name, .env = &options->env,
				     .volumes = &options->volumes, .fields = &options->fields, .command = command, .terminal = options->terminal,
				     .keep_stdin = options->keep_stdin };
}

/* The layers go to the container, and the name is made whole. */
static int finish_container(struct run *run, const struct options *options, struct error *e)
{
	run->container.layers = take_ptr(&run->image.layers);
	run->container.layer_count = run->image.layer_count;
	run->image.layer_count = 0;
	if (!options->quiet)
		wide_ports_say(&run->container);
	return complete_name(options, &run->container, e);
}

/* Of a file with "build". */
static int prepare_built(struct run *run, const struct call *call, const struct options *options, const struct app_options *chosen,
			 const char *file, struct error *e)
{
	const struct build_for_run wish = { options->quiet, options->locked, options->override, options->platform, options->pull };
	autofree char *digest = NULL;
	enum pull_policy pull;

	if (choose_pull(options, &pull, e))
		return -1;
	if (options->from)
		return error_set(e, ERROR_USAGE, "--from: the image of %s is built, and lies nowhere else", file);
	if (strcmp(file, "-") == 0)
		return error_set(e, ERROR_USAGE, "run -: what is built has to lie in a file, which is read again");
	run->locking = (struct locking){ .is_strict = options->locked, .spec = alloc_copy(file) };
	if (locking_begin(&run->locking, run->app, e))
		return -1;
	if (build_for_run(call, file, &wish, &digest))
		return error_set(e, ERROR_SPEC, "run %s: its image could not be built", file);
	if (image_stored(call->places, file, digest, &run->image, e) ||
	    app_container(run->app, &run->image.config, chosen, &run->container, e) ||
	    locking_host(&run->locking, call->places, &run->container, e))
		return -1;
	free(run->container.image);
	run->container.image = text_format("%s@%s", run->container.name, digest);
	if (finish_container(run, options, e))
		return -1;
	audit_spec(call->audit, run->app);
	audit_image(call->audit, file, NULL, digest);
	audit_container(call->audit, run->container.name);
	return 0;
}

/* What holds for an app in the background alone. */
static int check_detached(const struct app *app, const struct options *options, struct error *e)
{
	if (options->remove && strcmp(app_restart(app), "no") != 0) {
		error_set(e, ERROR_USAGE, "option --rm: the app's \"restart\" is \"%s\", and it cannot both go with its end and start again",
			  app_restart(app));
		return error_hint(e, "leave --rm out, or say --restart no");
	}
	if (options->remove && app_schedule(app).cron)
		return error_set(e, ERROR_USAGE, "option --rm: the app has a \"schedule\", and cannot go with the end of a run");
	return app_check_background(app, e);
}

static int prepare(struct run *run, const struct call *call, const struct options *options, const char *file,
		   const struct list *command, struct error *e)
{
	const struct app_options chosen = choose(options, command);
	autofree char *from = options->from ? reference_absolute(options->from) : NULL;
	const char *reference, *field;
	struct app_build build;

	if (load(file, &chosen, &run->app, e) || (options->detach && check_detached(run->app, options, e)))
		return -1;
	if (app_build_of(run->app, &build))
		return prepare_built(run, call, options, &chosen, file, e);
	if (find_lock(run, options, file, e))
		return -1;
	reference = app_image(run->app, &field);
	if (resolve(run, call, options, from ? from : reference, e))
		return e->field[0] || from || !is_file(file) ? -1 : error_at(e, "%s", field);
	if (run->locking.is_there)
		lock_files_register(call->places, run->locking.path);
	if (app_container(run->app, &run->image.config, &chosen, &run->container, e) ||
	    locking_host(&run->locking, call->places, &run->container, e))
		return -1;
	if (finish_container(run, options, e))
		return -1;
	if (is_file(file))
		audit_spec(call->audit, run->app);
	audit_image(call->audit, reference, NULL, run->image.digest);
	audit_container(call->audit, run->container.name);
	return 0;
}

static int check_options(const struct options *options, const struct list *operands, struct error *e)
{
	if (!operands->count)
		return error_set(e, ERROR_USAGE, "run: expected FILE.json or IMAGE");
	if (operands->count > 1) {
		error_set(e, ERROR_USAGE, "run: expected one FILE.json, found %zu operands", operands->count);
		return error_hint(e, "the command stands behind two dashes: box run %s -- %s", operands->items[0], operands->items[1]);
	}
	if (options->terminal && !options->detach && !isatty(STDIN_FILENO))
		return error_set(e, ERROR_USAGE, "option --tty: stdin is not a terminal");
	return 0;
}

static void forget(struct options *options, struct list *operands, struct list *command)
{
	list_release(&options->env);
	list_release(&options->volumes);
	list_release(&options->fields);
	list_release(operands);
	list_release(command);
	*options = (struct options){ 0 };
}

/* Behind the name of an image everything belongs to the program, as docker and podman have it; options may stand behind a file. */
static int parse(const struct call *call, struct options *options, struct list *operands, struct list *command, struct error *e)
{
	if (options_parse(run_options, OPERANDS_FIRST, call->argv, options, operands, command, e) == 0 && operands->count == 1 &&
	    !options->bundle.bundle && !is_file(operands->items[0]))
		return 0;
	forget(options, operands, command);
	error_clear(e);
	return options_parse(run_options, OPERANDS_ANYWHERE, call->argv, options, operands, command, e);
}

/* Makes the app in the background. */
static int define_app(const struct run *run, const struct call *call, const struct options *options, const struct list *command,
		      struct error *e)
{
	const struct app_options chosen = choose(options, command);
	const struct container *c = &run->container;
	const struct app_log log = app_log(run->app);
	const struct app_schedule schedule = app_schedule(run->app);
	autorelease(text) struct text json = { 0 };
	autoclose int held = -1;
	autofree char *spec_file = c->spec_file && is_file(c->spec_file) ? realpath(c->spec_file, NULL) : NULL;
	const struct app_definition definition = { .name = c->name, .spec_file = spec_file, .container = c, .json = &json,
						   .digest = run->image.digest,
						   .image = c->image, .args = &c->args, .restart = app_restart(run->app), .stop_signal = c->stop_signal,
						   .stop_grace_us = c->stop_grace_us, .log_driver = log.driver,
						   .log_max_size = log.max_size, .log_max_files = log.max_files,
						   .terminal = options->terminal, .keep_stdin = options->keep_stdin,
						   .remove = options->remove, .schedule = &schedule };

	return app_freeze(run->app, &chosen, c, &json, e) || box_check_name(c->name, e) ||
			       apps_hold(call->places->store, &held, e) || apps_make(call->places, &definition, e) ? -1 : 0;
}

/* Makes the app, and leaves it to a supervisor. Where it cannot be started nothing of it is left. */
static int run_detached(const struct run *run, const struct call *call, const struct options *options, const struct list *command,
			struct error *e)
{
	const char *name = run->container.name;
	autorelease(text) struct text out = { 0 };
	struct error ignored = { 0 };

	if (define_app(run, call, options, command, e))
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

	if (is_file(words) || !catalogue_may_be_digest(words))
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
	const struct options options = { .detach = true, .name = name, .override = override };
	const struct list none = { 0 };
	struct run run = { .image = { .pin = -1 } };
	struct error e = { 0 }, swept = { 0 };
	int status = 0;

	if (box_sweep(call->places, &swept))
		log_warning("%s, continuing", swept.text);
	if (prepare(&run, call, &options, file, &none, &e) || define_app(&run, call, &options, &none, &e)) {
		report_error(is_file(file) ? run.app : NULL, file, &e);
		status = report_run_status(&e);
	} else {
		*ret_name = alloc_copy(run.container.name);
	}
	release(&run);
	return status;
}

static int run_file(struct run *run, const struct call *call, const struct options *options, const char *file,
		    const struct list *command, struct error *e)
{
	int status = EXIT_BOX_FAILED;
	struct error swept = { 0 };

	if (box_sweep(call->places, &swept))
		log_warning("%s, continuing", swept.text);
	if (strcmp(file, "-") == 0 && box_seal(e))
		return EXIT_BOX_FAILED;
	if (prepare(run, call, options, file, command, e))
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
static bool is_bundle(const struct options *options, const struct list *operands)
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

static int run_bundle(const struct call *call, const struct options *options, const struct list *operands, struct error *e)
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

int command_run(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	autorelease(list) struct list command = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };
	struct run run = { .image = { .pin = -1 } };
	int status = EXIT_BOX_FAILED;

	if (parse(call, &options, &operands, &command, &e) == 0) {
		if (is_bundle(&options, &operands))
			status = run_bundle(call, &options, &operands, &e);
		else if (check_options(&options, &operands, &e) == 0 && complete_digest(call, &operands, &e) == 0)
			status = run_file(&run, call, &options, operands.items[0], &command, &e);
	}
	if (e.kind != ERROR_NONE)
		report_error(operands.count && is_file(operands.items[0]) ? run.app : NULL, operands.count ? operands.items[0] : NULL, &e);
	release(&run);
	list_release(&options.env);
	list_release(&options.volumes);
	list_release(&options.fields);
	return status;
}
