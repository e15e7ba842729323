/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wanted.c - what should be, by the file, and what is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "base/places.h"
#include "cli/commands.h"
#include "cli/frozen.h"
#include "cli/report.h"
#include "cli/up/up.h"
#include "images/image.h"
#include "runtime/apps/apps.h"
#include "runtime/network/port_room.h"
#include "specs/app.h"

enum { SPEC_LIMIT = 4 << 20 };

void up_release(struct up *up)
{
	for (size_t i = 0; i < up->count; i++) {
		if (up->stack)
			run_release(&up->services[i].run);
		text_release(&up->services[i].changes);
		text_release(&up->services[i].obstacle);
		text_release(&up->services[i].depends);
		text_release(&up->services[i].external);
		free(up->services[i].named);
	}
	for (size_t i = 0; up->frozen && i < up->count; i++)
		frozen_release(&up->frozen[i]);
	free(up->frozen);
	free(up->services);
	free(up->conditions);
	up_plan_release(&up->plan);
	instances_release(&up->found);
	stack_free(up->stack);
	if (up->lock >= 0)
		close(up->lock);
	*up = (struct up){ .lock = -1 };
}

static int open_locks(const struct call *call, struct error *e)
{
	autofree char *path = text_format("%s/.up", call->places->state);

	return folder_make_private(path, e);
}

bool up_is_locked(const struct call *call, const char *name)
{
	struct error ignored = { 0 };
	autoclose int folder = open_locks(call, &ignored);
	autoclose int lock = folder < 0 ? -1 : file_lock(folder, name, /* wait= */ false, &ignored);

	return lock < 0;
}

int up_lock(struct up *up, const char *name, struct error *e)
{
	autoclose int folder = open_locks(up->call, e);

	if (folder < 0)
		return -1;
	up->lock = file_lock(folder, name, /* wait= */ false, e);
	if (up->lock < 0 && e->sys == EWOULDBLOCK) {
		autofree char *line = text_format("another box is changing %s: waiting until it is done", name);

		error_clear(e);
		report_line(line);
		up->lock = file_lock(folder, name, /* wait= */ true, e);
	}
	return up->lock < 0 ? -1 : 0;
}

static bool is_active(const struct up *up, const struct stack_service *service)
{
	const struct list *profiles = app_profiles(service->app);

	for (size_t i = 0; i < profiles->count; i++)
		if (list_has(&up->options->profiles, profiles->items[i]))
			return true;
	return !profiles->count;
}

static void want(struct up *up, size_t index);

/* They stand before it. */
static void want_needed(struct up *up, size_t index)
{
	const struct stack_service *service = &up->stack->services[index];

	for (size_t i = 0; i < service->dependency_count; i++)
		for (size_t k = 0; k < index; k++)
			if (strcmp(up->stack->services[k].name, service->dependencies[i].service) == 0 && service->dependencies[i].is_required)
				want(up, k);
}

static void want(struct up *up, size_t index)
{
	if (up->services[index].wanted.is_wanted)
		return;
	up->services[index].wanted.is_wanted = true;
	want_needed(up, index);
}

static int refuse_unknown(const struct up *up, const char *name, struct error *e)
{
	autorelease(text) struct text names = { 0 };

	for (size_t i = 0; up->stack->name && i < up->count; i++)
		text_addf(&names, "%s%s", i ? ", " : "", up->stack->services[i].name);
	error_set(e, ERROR_MISSING, "%s: there is no service \"%.80s\" in it", up->stack->file, name);
	return names.length ? error_hint(e, "it has %.300s; a command of box run stands behind \"--\"", names.data) : -1;
}

/* A profile that no service is in is most often one that is called otherwise. */
static void tell_unknown_profiles(const struct up *up)
{
	for (size_t i = 0; i < up->options->profiles.count; i++) {
		const char *profile = up->options->profiles.items[i];
		autofree char *line = text_format("no service of %s is in the profile \"%s\"", up->stack->file, profile);
		bool is_known = false;

		for (size_t k = 0; k < up->count; k++)
			is_known |= list_has(app_profiles(up->stack->services[k].app), profile);
		if (!is_known)
			report_line(line);
	}
}

static int choose(struct up *up, const struct list *selected, struct error *e)
{
	tell_unknown_profiles(up);
	for (size_t i = 0; i < selected->count; i++)
		if (!stack_find(up->stack, selected->items[i]))
			return refuse_unknown(up, selected->items[i], e);
	for (size_t i = 0; i < up->count; i++)
		if (selected->count ? list_has(selected, up->stack->services[i].name) : is_active(up, &up->stack->services[i]))
			(up->options->needed_only ? want_needed : want)(up, i);
	return 0;
}

/* Two of them would write the same. */
static void find_obstacle(struct up_service *service)
{
	const struct container *c = &service->run.container;

	for (size_t i = 0; i < c->mount_count && !service->obstacle.length; i++) {
		const struct mount_entry *mount = &c->mounts[i];

		if ((mount->attributes & MOUNT_ATTR_RDONLY) || mount->is_shared)
			continue;
		if (mount->kind == MOUNT_VOLUME)
			text_addf(&service->obstacle, "both would write the volume %s", mount->source);
		else if (mount->kind == MOUNT_BIND)
			text_addf(&service->obstacle, "both would write %s", mount->source);
	}
	if (!service->obstacle.length && app_schedule(service->run.app).cron)
		text_add(&service->obstacle, "both would run at its times");
	if (!service->obstacle.length && !container_has_namespace(c, NAMESPACE_NETWORK))
		text_add(&service->obstacle, "both would want the same ports of the host");
	service->wanted.obstacle = service->obstacle.length ? service->obstacle.data : NULL;
}

static const struct instance *find_live(const struct up *up, const char *service)
{
	for (size_t i = 0; i < up->found.count; i++)
		if (up->found.items[i].role == INSTANCE_LIVE && strcmp(up->found.items[i].service, service) == 0)
			return &up->found.items[i];
	return NULL;
}

static int find_changes(struct up *up, struct up_service *service, const struct text *frozen, struct error *e)
{
	const struct instance *live = find_live(up, service->wanted.full);
	autoclose int definition = live ? apps_open(up->call->places, live->name, NULL, e) : -1;
	autorelease(text) struct text before = { 0 };
	autorelease(text) struct text image = { 0 };
	autorelease(text) struct text keys = { 0 };

	if (!live || text_equal(live->digest, service->digest))
		return 0;
	if (definition < 0 || file_read(definition, "app.json", SPEC_LIMIT, &before, e) ||
	    app_frozen_differences(&before, frozen, &keys, e) || (file_read(definition, "image", SPEC_LIMIT, &image, e) && e->sys != ENOENT))
		return -1;
	error_clear(e);
	if (!text_equal(image.data, service->run.image.digest))
		text_addf(&keys, "%simage", keys.length ? ", " : "");
	if (keys.length)
		text_addf(&service->changes, "changed: %s", keys.data);
	service->wanted.changes = service->changes.length ? service->changes.data : NULL;
	return 0;
}

int up_complete(struct up *up, struct up_service *service, struct error *e)
{
	const struct list none = { 0 };
	autorelease(text) struct text frozen = { 0 };

	/* Not for each of a hundred services. */
	image_close_layers(take_ptr(&service->run.container.layers), service->run.container.layer_count);
	service->run.container.layer_count = 0;
	if (run_freeze(&service->run, &service->choices, &none, &frozen, e) ||
	    app_frozen_digest(&frozen, service->run.image.digest, service->digest, e))
		return -1;
	service->wanted.digest = service->digest;
	service->is_checked = service->run.container.health.kind != HEALTH_NONE;
	find_obstacle(service);
	return find_changes(up, service, &frozen, e);
}

/* What box plan does not do is told in its place. */
static int prepare(struct up *up, struct up_service *service, struct error *e)
{
	const struct list none = { 0 };
	struct app_build build;

	if (app_check_background(service->run.app, e))
		return -1;
	if (run_prepare(&service->run, up->call, &service->choices, up->stack->file, &none, e) == 0)
		return up_complete(up, service, e);
	if (!up->options->plan_only || e->kind != ERROR_MISSING)
		return -1;
	error_clear(e);
	service->wanted.changes = app_build_of(service->run.app, &build) ? "its image is built first" : "its image is not in the store yet";
	return 0;
}

static int take_timeout(const struct up *up, struct up_service *service, struct error *e)
{
	if (!up->options->timeout || duration_parse(up->options->timeout, &service->update.timeout_us) == 0)
		return 0;
	return error_set(e, ERROR_USAGE, "option --timeout %s: expected a duration such as 90s", up->options->timeout);
}

/* What can be said without its image. */
static void describe(struct up *up, size_t index)
{
	const struct stack_service *written = &up->stack->services[index];
	struct up_service *service = &up->services[index];
	const struct up_options *o = up->options;

	service->written = written;
	for (size_t i = 0; i < written->dependency_count; i++) {
		const struct stack_dependency *on = &written->dependencies[i];

		text_addf(&service->depends, "%s%s:%d:%d:%d", i ? " " : "", stack_find(up->stack, on->service)->full, on->condition, on->restart,
			  on->is_required);
	}
	for (size_t i = 0; i < up->stack->volume_count; i++)
		if (up->stack->volumes[i].is_external)
			text_addf(&service->external, "%s%s", service->external.length ? " " : "", up->stack->volumes[i].name);
	service->stack = up->stack->name;
	service->named = up_named(up->stack->file);
	service->update = app_update(written->app);
	service->run.app = written->app;
	service->run.is_borrowed = true;
	service->run.image.pin = -1;
	service->choices = (struct run_options){ .detach = true, .override = o->override, .pull = o->plan_only ? "never" : o->pull,
						 .platform = o->platform, .quiet = o->quiet, .locked = o->locked, .is_plan = o->plan_only,
						 .service = up->stack->name ? written->name : NULL, .volumes_of = written->full };
	service->wanted = (struct plan_service){ .full = written->full, .level = (int64_t)written->level, .replicas = app_replicas(written->app),
						 .restart = app_restart(written->app), .order = service->update.order };
}

int up_look(struct up *up, struct error *e)
{
	if (instances_find(up->call->places, up->name, &up->found, e))
		return -1;
	up->conditions = alloc_zeroed(up->found.count + 1, sizeof *up->conditions);
	for (size_t i = 0; i < up->found.count; i++)
		instance_look(up->call->places, up->found.items[i].name, &up->conditions[i]);
	return 0;
}

void up_plan(struct up *up)
{
	struct plan_service *wanted = alloc_zeroed(up->count, sizeof *wanted);

	up_find_lost(up);
	for (size_t i = 0; i < up->count; i++)
		wanted[i] = up->services[i].wanted;
	up_plan_make(wanted, up->count, &up->found, up->conditions, up->options->remove_orphans, &up->plan);
	free(wanted);
}

/* Its field is one of a service. */
static int in_service(const struct up *up, const struct stack_service *service, struct error *e)
{
	int line = e->field[0] ? app_error_line(service->app, e->field) : 0;

	if (e->field[0])
		error_in(e, "%s%s%s", app_prefix(service->app) ? app_prefix(service->app) : "", app_prefix(service->app) ? "." : "", e->field);
	e->field[0] = '\0';
	return line ? error_in(e, "%s:%d", up->stack->file, line) : -1;
}

/* Ports of all services whose first network is the same. */
static int check_room(const struct up *up, size_t index, struct error *e)
{
	const struct app *own = up->stack->services[index].app;
	size_t sockets = app_port_sockets(own);
	autofree char *whose = NULL;

	for (size_t i = 0; app_port_network(own) && i < up->count; i++)
		if (i != index && up->services[i].wanted.is_wanted && text_equal(app_port_network(up->stack->services[i].app), app_port_network(own)))
			sockets += app_port_sockets(up->stack->services[i].app);
	whose = sockets > app_port_sockets(own) ? text_format("all services of the network %s", app_port_network(own))
						: alloc_copy(up->stack->services[index].full);
	if (!app_port_sockets(own) || port_room_check(sockets, whose, e) == 0)
		return 0;
	error_at(e, "ports");
	return in_service(up, &up->stack->services[index], e);
}

int up_read(struct up *up, const char *file, const struct list *selected, struct error *e)
{
	const struct app_options options = { .override = up->options->override };
	bool is_told = false;

	if (strcmp(file, "-") == 0)
		return error_set(e, ERROR_USAGE, "%s: what is brought up has to lie in a file", up->call->command->name);
	if (stack_load(file, &options, &up->stack, e))
		return -1;
	up->name = up->stack->name ? up->stack->name : up->stack->services[0].full;
	up->count = up->stack->count;
	up->services = alloc_zeroed(up->count, sizeof *up->services);
	for (size_t i = 0; i < up->count; i++) {
		describe(up, i);
		if (take_timeout(up, &up->services[i], e))
			return -1;
	}
	if (choose(up, selected, e) || (!up->options->plan_only && up_lock(up, up->name, e)) || up_look(up, e) ||
	    up_check_names(up, up->stack, e) ||
	    (!up->options->takes_over && up_check_origin(up, up->stack, up->call->command->name, e)) || up_check_externals(up, e))
		return -1;
	for (size_t i = 0; i < up->count; i++)
		if (up->services[i].wanted.is_wanted && check_room(up, i, e))
			return -1;
	for (size_t i = 0; i < up->count; i++) {
		if (!up->services[i].wanted.is_wanted)
			continue;
		up->services[i].choices.is_told = is_told;
		if (prepare(up, &up->services[i], e))
			return in_service(up, up->services[i].written, e);
		is_told = true;
	}
	return 0;
}
