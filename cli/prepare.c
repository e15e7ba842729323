/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prepare.c - from a file to a container, or to an app in the background: what box run and box up do alike.
 */
#include "cli/prepare.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "base/places.h"
#include "cli/audit.h"
#include "cli/build/for_run.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/wide_ports.h"
#include "images/image_name.h"
#include "images/lock_files.h"
#include "images/reference.h"
#include "runtime/apps/apps.h"
#include "runtime/apps/apps_rename.h"
#include "runtime/apps/instances.h"
#include "runtime/box.h"
#include "runtime/network/port_room.h"
#include "specs/app.h"

void run_release(struct run *run)
{
	if (!run->is_borrowed)
		app_free(run->app);
	locking_release(&run->locking);
	image_release(&run->image);
	container_release(&run->container);
	list_release(&run->epilogue);
}

bool run_is_file(const char *operand)
{
	struct stat status;

	if (text_ends(operand, ".json") || strcmp(operand, "-") == 0 || operand[0] == '/' || operand[0] == '.')
		return true;
	return stat(operand, &status) == 0 && !S_ISDIR(status.st_mode);
}

char *run_name(const char *app, struct error *e)
{
	unsigned char random[3];

	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
		error_sys(e, "get random bytes for a name");
		return NULL;
	}
	return text_format("%.100s-%02x%02x%02x", app, random[0], random[1], random[2]);
}

static int complete_name(const struct run_options *options, struct container *c, struct error *e)
{
	char *name;

	if (options->name || options->detach)
		return 0;
	name = run_name(c->name, e);
	if (!name)
		return -1;
	free(c->name);
	c->name = name;
	return 0;
}

static int choose_pull(const struct run_options *options, enum pull_policy *ret, struct error *e)
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
static int find_lock(struct run *run, const struct run_options *options, const char *file, struct error *e)
{
	struct locking *locking = &run->locking;

	if (!run_is_file(file) || strcmp(file, "-") == 0)
		return options->locked || options->from
			       ? error_set(e, ERROR_USAGE, "--locked and --from are for a file that a lock can lie beside")
			       : 0;
	*locking = (struct locking){ .is_strict = options->locked, .has_source = options->from, .is_quiet = options->is_told,
				      .spec = alloc_copy(file) };
	if (locking_begin(locking, run->app, e) || locking_choose(locking, run->app, options->platform, e))
		return -1;
	if (options->from && !locking->image)
		return error_set(e, ERROR_USAGE, "--from: %s locks no image for it", locking->path);
	return 0;
}

static int resolve(struct run *run, const struct call *call, const struct run_options *options, const char *reference, struct error *e)
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

	if (run_is_file(operand))
		return app_load(operand, chosen, ret, e);
	if (image_name_parse(operand, &name, e))
		return error_hint(e, "a spec is a file: box run app.json");
	slash = strrchr(name.repository, '/');
	return app_from_image(operand, slash ? slash + 1 : name.repository, chosen, ret, e);
}

static struct app_options choose(const struct run_options *options, const struct list *command)
{
	return (struct app_options){ .override = options->override, .service = options->service, .is_beside = options->is_beside,
				     .name = options->name, .env = &options->env, .volumes = &options->volumes, .fields = &options->fields,
				     .command = command, .terminal = options->terminal, .keep_stdin = options->keep_stdin,
				     .volumes_of = options->volumes_of, .hostname = options->hostname };
}

/* The layers go to the container, and the name is made whole. */
static int finish_container(struct run *run, const struct run_options *options, struct error *e)
{
	run->container.layers = take_ptr(&run->image.layers);
	run->container.layer_count = run->image.layer_count;
	run->image.layer_count = 0;
	if (!options->quiet && (!options->service || options->is_beside))
		wide_ports_say(&run->container);
	return complete_name(options, &run->container, e);
}

/* Of a file with "build". */
static int prepare_built(struct run *run, const struct call *call, const struct run_options *options, const struct app_options *chosen,
			 const char *file, struct error *e)
{
	const struct build_for_run wish = { options->quiet, options->locked, options->override, options->platform, options->pull,
					    options->service, options->is_plan };
	autofree char *digest = NULL;
	enum pull_policy pull;

	if (choose_pull(options, &pull, e))
		return -1;
	if (options->from)
		return error_set(e, ERROR_USAGE, "--from: the image of %s is built, and lies nowhere else", file);
	if (strcmp(file, "-") == 0)
		return error_set(e, ERROR_USAGE, "run -: what is built has to lie in a file, which is read again");
	run->locking = (struct locking){ .is_strict = options->locked, .is_quiet = options->is_told, .spec = alloc_copy(file) };
	if (locking_begin(&run->locking, run->app, e))
		return -1;
	if (build_for_run(call, file, &wish, &digest))
		return error_set(e, options->is_plan ? ERROR_MISSING : ERROR_SPEC, "run %s: its image could not be built", file);
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
static int check_detached(const struct app *app, const struct run_options *options, struct error *e)
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

int run_prepare(struct run *run, const struct call *call, const struct run_options *options, const char *file,
		   const struct list *command, struct error *e)
{
	const struct app_options chosen = choose(options, command);
	autofree char *from = options->from ? reference_absolute(options->from) : NULL;
	const char *reference, *field;
	struct app_build build;

	if ((!run->app && load(file, &chosen, &run->app, e)) || (options->detach && check_detached(run->app, options, e)))
		return -1;
	if (port_room_check(app_port_sockets(run->app), "the app", e))
		return error_at(e, "ports");
	if (app_build_of(run->app, &build))
		return prepare_built(run, call, options, &chosen, file, e);
	if (find_lock(run, options, file, e))
		return -1;
	reference = app_image(run->app, &field);
	if (resolve(run, call, options, from ? from : reference, e))
		return e->field[0] || from || !run_is_file(file) ? -1 : error_at(e, "%s", field);
	if (run->locking.is_there)
		lock_files_register(call->places, run->locking.path);
	if (app_container(run->app, &run->image.config, &chosen, &run->container, e) ||
	    locking_host(&run->locking, call->places, &run->container, e))
		return -1;
	if (finish_container(run, options, e))
		return -1;
	if (run_is_file(file))
		audit_spec(call->audit, run->app);
	audit_image(call->audit, reference, NULL, run->image.digest);
	audit_container(call->audit, run->container.name);
	return 0;
}

int run_freeze(const struct run *run, const struct run_options *options, const struct list *command, struct text *ret, struct error *e)
{
	const struct app_options chosen = choose(options, command);

	return app_freeze(run->app, &chosen, &run->container, ret, e);
}

/* Whatever generation it is of. */
static int refuse_taken(const struct call *call, const char *name, struct error *e)
{
	autorelease(instances) struct instances found = { 0 };

	if (instances_find(call->places, name, &found, e))
		return -1;
	for (size_t i = 0; i < found.count; i++) {
		if (text_equal(found.items[i].stack, name)) {
			error_set(e, ERROR_EXISTS, "use the name %s: a file with several services has it", name);
			return error_hint(e, "choose another one with --name; box ps -a -f stack=%s lists what it has", name);
		}
		if (strcmp(found.items[i].service, name) == 0) {
			error_set(e, ERROR_EXISTS, "use the name %s: an app in the background has it", name);
			return error_hint(e, "box up FILE.json replaces what changed; box rm -f %s removes it", name);
		}
	}
	return 0;
}

int run_make(const struct run *run, const struct call *call, const struct run_options *options, const struct list *command,
	     const struct app_definition *place, struct error *e)
{
	static const struct app_definition alone = { 0 };
	const struct container *c = &run->container;
	const struct app_log log = app_log(run->app);
	const struct app_schedule schedule = app_schedule(run->app);
	autorelease(text) struct text json = { 0 };
	autoclose int held = -1;
	autofree char *spec_file = c->spec_file && run_is_file(c->spec_file) ? realpath(c->spec_file, NULL) : NULL;
	struct app_definition definition = place ? *place : alone;
	char digest[SHA256_TEXT];

	definition.name = c->name;
	definition.spec_file = spec_file;
	definition.container = c;
	definition.json = &json;
	definition.digest = run->image.digest;
	definition.image = c->image;
	definition.args = &c->args;
	definition.restart = app_restart(run->app);
	definition.stop_signal = c->stop_signal;
	definition.stop_grace_us = c->stop_grace_us;
	definition.log_driver = log.driver;
	definition.log_max_size = log.max_size;
	definition.log_max_files = log.max_files;
	definition.terminal = options->terminal;
	definition.keep_stdin = options->keep_stdin;
	definition.remove = options->remove;
	definition.schedule = &schedule;
	if (!place && !apps_exists(call->places, c->name) && refuse_taken(call, c->name, e))
		return -1;
	if (run_freeze(run, options, command, &json, e))
		return -1;
	if (!definition.spec_digest && app_frozen_digest(&json, definition.digest, digest, e))
		return -1;
	definition.spec_digest = definition.spec_digest ? definition.spec_digest : digest;
	return name_check(c->name, e) || apps_hold(call->places->store, &held, e) || apps_make(call->places, &definition, e) ? -1 : 0;
}
