/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app.c - app.json from text to a checked struct.
 *
 *     text -> comments blanked -> JSON -> override merged (RFC 7386) -> app_decode.c
 *
 * jansson keeps no positions, so the text stays with the app: an error has the path of its field, and the line is looked up
 * when it is told, also for errors that come about later, when the app runs.
 */
#include "specs/app.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_text.h"
#include "base/text.h"
#include "specs/app_fields.h"
#include "specs/build_plan.h"
#include "specs/field_json.h"
#include "specs/interpolate.h"
#include "specs/limits.h"
#include "specs/locate.h"
#include "specs/option_merge.h"
#include "specs/override.h"
#include "specs/problems.h"
#include "specs/relax.h"
#include "specs/services.h"
#include "specs/stack.h"
#include "specs/stack_fields.h"

enum { FILE_LIMIT = 1 << 20 };

static int read_source(const char *path, struct app *app, struct error *e)
{
	autofree char *real = NULL;
	char *slash;

	if (strcmp(path, "-") == 0) {
		app->file = alloc_copy("standard input");
		real = getcwd(NULL, 0);
		app->folder = alloc_copy(real ? real : "/");
		return file_read_fd(STDIN_FILENO, "standard input", FILE_LIMIT, &app->text, e);
	}
	app->file = alloc_copy(path);
	if (file_read(AT_FDCWD, path, FILE_LIMIT, &app->text, e))
		return -1;
	real = realpath(path, NULL);
	if (!real)
		return error_sys(e, "find the folder of %s", path);
	slash = strrchr(real, '/');
	*(slash == real ? slash + 1 : slash) = '\0';
	app->folder = alloc_copy(real);
	return 0;
}

/* What nobody wrote and has a word: what box config shows is then the whole truth. */
void app_fill_name(struct app *app)
{
	const char *folder = strrchr(app->folder, '/');

	if (app->name)
		return;
	app->name = text_format("%.100s", folder && folder[1] ? folder + 1 : "app");
	/* A folder may be called anything; a container may not. */
	for (char *at = app->name; *at; at++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", *at) &&
		    (at == app->name || !strchr("_.-", *at)))
			*at = at == app->name ? 'x' : '-';
}

int app_error_line(const struct app *app, const char *field)
{
	int line = 0;

	autofree char *whole = text_format("%s%s%s", app->prefix ? app->prefix : "", app->prefix ? "." : "", field);

	if (!*field || !app->text.data)
		return 0;
	if (app->override) {
		autofree char *path = text_format("overrides.%s.%s", app->override, whole);

		line = locate_exact(app->text.data, app->text.length, path);
	}
	return line ? line : locate_line(app->text.data, app->text.length, whole);
}

const char *app_option(const struct app *app, const char *field)
{
	return option_merged(&app->from_options, field);
}

/* Turns "field: text" into "file:line: field: text", or "option --name: text" where the file does not say it. */
static int with_line(const struct app *app, struct error *e)
{
	char field[sizeof e->field];
	const char *option = app_option(app, e->field);
	int line;

	memcpy(field, e->field, sizeof field);
	if (!field[0])
		return text_starts(e->text, app->file) || e->kind == ERROR_USAGE ? -1 : error_in(e, "%s", app->file);
	line = app_error_line(app, field);
	e->field[0] = '\0';
	if (option)
		return error_in(e, "option --%s", option);
	error_in(e, "%s", field);
	return line ? error_in(e, "%s:%d", app->file, line) : error_in(e, "%s", app->file);
}

static int read_text(const char *path, struct app *app, json_t **ret, struct error *e)
{
	if (path && read_source(path, app, e))
		return -1;
	if (!app->text.data)
		text_add(&app->text, "");
	if (relax(app->text.data, app->text.length, app->file, e))
		return -1;
	*ret = field_parse(app->text.data, app->text.length, app->file, e);
	return *ret ? 0 : -1;
}

/* stack gets the services of a file that has them. */
static int decode(const struct app_options *options, struct app *app, json_t *root, struct stack *stack, struct problems *p)
{
	app->override = alloc_copy(options ? options->override : NULL);
	if (!json_is_object(root))
		return field_expected(p, NULL, "an object", root);
	if (override_apply(root, app->override, p))
		return -1;
	if (json_object_get(root, "services"))
		return (options && options->is_beside && services_set_beside(app, root, options, p->e)) || services_decode(app, root, stack, p) ? -1 : 0;
	if (option_merge(options ? options->fields : NULL, root, &app->from_options, p->e))
		return -1;
	return app_decode(app, root, p);
}

/* path: NULL where the text is there already. p tells with lines already where it collects; the first and only error gets its line here. */
static int read_app(const char *path, const struct app_options *options, struct app *app, struct stack *stack, struct problems *p)
{
	json_t *root = NULL;
	int result = read_text(path, app, &root, p->e);

	if (result)
		return p->tell ? problems_add(p) : -1;
	result = decode(options, app, root, stack, p);
	json_decref(root);
	if (result || p->count)
		return p->tell ? -1 : with_line(app, p->e);
	app_fill_name(app);
	return 0;
}

static int refuse_unknown(const struct app *file, const struct stack *stack, const char *name, struct error *e)
{
	autorelease(text) struct text names = { 0 };

	for (size_t i = 0; i < stack->count; i++)
		text_addf(&names, "%s%s", i ? ", " : "", stack->services[i].name);
	error_set(e, ERROR_MISSING, "%s: there is no service \"%.80s\" in it", file->file, name);
	return error_hint(e, "it has %.300s", names.data);
}

/* The app of a file, which is released, or of the service that is meant. */
static int choose_service(const struct app_options *options, struct app *file, struct stack *stack, struct app **ret, struct error *e)
{
	const char *name = options ? options->service : NULL;
	const struct stack_service *service = name ? stack_find(stack, name) : NULL;

	if (!stack->count) {
		*ret = file;
		return 0;
	}
	if (!service) {
		if (name)
			refuse_unknown(file, stack, name, e);
		else
			error_set(e, ERROR_USAGE, "%s has several services: this takes a file of one app", file->file);
		return -1;
	}
	if (options->is_beside)
		service_rename(service, options->name);
	*ret = service->app;
	((struct stack_service *)service)->app = NULL;
	app_free(file);
	return 0;
}

int app_load(const char *path, const struct app_options *options, struct app **ret, struct error *e)
{
	struct app *app = alloc_zeroed(1, sizeof *app);
	struct problems first = { .e = e };
	autorelease(stack) struct stack stack = { 0 };

	app_init(app);
	if (read_app(path, options, app, &stack, &first) || choose_service(options, app, &stack, ret, e)) {
		app_free(app);
		return -1;
	}
	return 0;
}

int app_called(const char *path, char **ret, struct error *e)
{
	struct app *app = alloc_zeroed(1, sizeof *app);
	struct problems first = { .e = e };
	json_t *root = NULL, *own = NULL;
	int result;

	app_init(app);
	result = read_text(path, app, &root, e);
	if (result == 0) {
		own = json_pack("{s:O*}", "name", json_object_get(root, "name"));
		result = interpolate_json(own, NULL, &first) ? with_line(app, e) : 0;
	}
	if (result == 0) {
		app->name = alloc_copy(json_string_value(json_object_get(own, "name")));
		app_fill_name(app);
		*ret = take_ptr(&app->name);
	}
	json_decref(own);
	json_decref(root);
	app_free(app);
	return result;
}

int stack_load(const char *path, const struct app_options *options, struct stack **ret, struct error *e)
{
	struct app *app = alloc_zeroed(1, sizeof *app);
	struct stack *stack = alloc_zeroed(1, sizeof *stack);
	struct problems first = { .e = e };

	app_init(app);
	if (read_app(path, options, app, stack, &first)) {
		app_free(app);
		stack_free(stack);
		return -1;
	}
	stack->file = alloc_copy(path);
	if (stack->count) {
		stack->shared = app;
	} else {
		struct stack_service *only = alloc_append(&stack->services, &stack->count, sizeof *only);

		*only = (struct stack_service){ .name = alloc_copy(app->name), .full = alloc_copy(app->name), .app = app };
	}
	*ret = stack;
	return 0;
}

int app_from_image(const char *image, const char *name, const struct app_options *options, struct app **ret, struct error *e)
{
	struct app *app = alloc_zeroed(1, sizeof *app);
	struct problems first = { .e = e };
	autofree char *folder = getcwd(NULL, 0);

	app_init(app);
	app->file = alloc_copy(image);
	app->folder = alloc_copy(folder ? folder : "/");
	text_add_char(&app->text, '{');
	json_add_key(&app->text, "name");
	json_add_text(&app->text, name);
	json_add_key(&app->text, "image");
	json_add_text(&app->text, image);
	text_add_char(&app->text, '}');
	if (read_app(NULL, options, app, /* stack= */ NULL, &first)) {
		app_free(app);
		return -1;
	}
	*ret = app;
	return 0;
}

struct collection {
	const struct app *app;
	struct list *lines, *hints;
};

static void collect(void *closure, struct error *e)
{
	const struct collection *to = closure;

	if (e->field[0] || e->kind == ERROR_SPEC) /* not for a file that cannot be opened */
		with_line(to->app, e);
	list_add(to->lines, e->text);
	if (to->hints)
		list_add(to->hints, e->hint);
}

int app_check(const char *path, const struct app_options *options, struct list *problems, struct list *hints, struct error *e)
{
	struct app *app = alloc_zeroed(1, sizeof *app);
	struct collection to = { .app = app, .lines = problems, .hints = hints };
	struct problems all = { .e = e, .tell = collect, .closure = &to };
	autorelease(stack) struct stack stack = { 0 };

	app_init(app);
	(void)read_app(path, options, app, &stack, &all); /* the lines say it */
	app_free(app);
	return problems->count ? -1 : 0;
}

void app_release(struct app *app)
{
	for (size_t i = 0; i < app->network_count; i++)
		free(app->networks[i].subnet);
	field_release(app_table, app);
	list_release(&app->neighbours);
	list_release(&app->env_files);
	list_release(&app->written);
	list_release(&app->from_options);
	text_release(&app->text);
	free(app->file);
	free(app->folder);
	free(app->override);
	free(app->prefix);
	free(app->reference);
	json_decref(app->oci);
	*app = (struct app){ 0 };
}

void app_free(struct app *app)
{
	if (!app)
		return;
	app_release(app);
	free(app);
}

const char *app_image(const struct app *app, const char **ret_field)
{
	*ret_field = app->rootfs ? "rootfs" : "image";
	return app->reference;
}

const char *app_prefix(const struct app *app)
{
	return app->prefix;
}

const char *app_restart(const struct app *app)
{
	return app->restart;
}

struct app_log app_log(const struct app *app)
{
	static const char *const drivers[] = { [LOG_CHOICE_FILE] = "file", [LOG_CHOICE_JOURNALD] = "journald" };

	return (struct app_log){ drivers[app->logging.driver], app->logging.max_size, app->logging.max_files };
}

bool app_build_of(const struct app *app, struct app_build *ret)
{
	const struct build *build = &app->build;

	if (!app_has(app, "build"))
		return false;
	*ret = (struct app_build){ build,	  build_is_native(build), build->context, build->dockerfile, build->target,
				   &build->args, &build->contexts, build->epoch == LIMIT_UNSET ? -1 : build->epoch };
	return true;
}

/* One check is written; the other forms of it, without their required fields, would not be read again. */
static void drop_other_checks(const struct healthcheck *health, json_t *object)
{
	if (!health->test.count)
		json_object_del(object, "test");
	if (health->http.port == LIMIT_UNSET)
		json_object_del(object, "http");
	if (health->tcp.port == LIMIT_UNSET)
		json_object_del(object, "tcp");
}

json_t *app_build(const struct app *app)
{
	/* Written but empty is not the same as not written: an empty entrypoint takes the image's away; and what is not supported
	 * yet is refused where it is written at all. */
	static const char *const quiet[] = { "entrypoint", "command", "build", "healthcheck", "reload", "logging", "update", "networks",
					     "ports", "schedule", "replicas" };
	json_t *root = field_build(app_table, app);

	for (size_t i = 0; i < sizeof quiet / sizeof *quiet; i++)
		if (!app_has(app, quiet[i]))
			json_object_del(root, quiet[i]);
	/* What follows from the networks is not said beside them. */
	if (!app_has(app, "network_mode") && (app->network_count || app->port_count))
		json_object_del(root, "network_mode");
	drop_other_checks(&app->healthcheck, json_object_get(root, "healthcheck"));
	if (json_object_size(app->oci))
		json_object_set_new(root, "oci", json_deep_copy(app->oci));
	return root;
}

void app_dump(const struct app *app, struct text *ret)
{
	json_t *root = app_build(app);

	interpolate_escape(root);
	field_print(root, ret);
	json_decref(root);
}
