/* SPDX-License-Identifier: Apache-2.0 */
/*
 * private_networks.c - the networks of this store.
 */
#include "runtime/apps/private_networks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_text.h"
#include "base/places.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/apps/apps.h"
#include "runtime/logs/events.h"
#include "runtime/network/leases.h"
#include "runtime/network/orders.h"
#include "runtime/network/reach.h"
#include "runtime/network/words.h"

enum { WORD = 192, SWEEP_MS = 10000, END_TRIES = 100, END_STEP_US = 10000 };

/* Whether an app of the store, running or not, has an address in it. */
static bool has_definition(const struct places *places, const struct network_record *record)
{
	autorelease(text) struct text lines = { 0 };
	bool has = false;

	network_leases_read(record, &lines);
	for (char *line = lines.data, *end; !has && line && (end = strchr(line, '\n')); line = end + 1) {
		char name[WORD];

		*end = '\0';
		if (sscanf(line, "instance %191s", name) == 1) {
			autofree char *app = apps_path(places, name);

			has = access(app, F_OK) == 0;
		}
	}
	return has;
}

/* SIZE_MAX: it does not answer. */
static size_t count_members(const struct places *places, const char *name)
{
	autorelease(text) struct text lines = { 0 };
	struct error e = { 0 };
	size_t count = 0;

	if (network_show(places, name, &lines, &e))
		return e.kind == ERROR_MISSING || e.sys == EPIPE || e.sys == ECONNRESET ? 0 : SIZE_MAX;
	for (const char *line = lines.data; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL)
		count += text_starts(line, "member ");
	return count;
}

/* One of which nobody knows it: 1, or 0 where somebody is, or is just coming. Behind the lock nobody waits for a box-net. */
static int remove_dead(const struct places *places, const char *name, struct error *e)
{
	autoclose int lock = network_lock(places, e);
	struct network_record record = { 0 };
	struct error damaged = { 0 };
	bool is_named;

	if (lock < 0)
		return -1;
	if (network_record_read(places, name, &record, &damaged) && damaged.kind == ERROR_MISSING)
		return 1; /* somebody was faster */
	is_named = record.folder && has_definition(places, &record);
	network_record_release(&record);
	if (is_named || network_lives(places, name))
		return 0;
	return network_record_remove(places, name, e) ? -1 : 1;
}

static bool is_named(const struct places *places, const char *name)
{
	struct network_record record = { 0 };
	struct error damaged = { 0 };
	bool is = network_record_read(places, name, &record, &damaged) == 0 && has_definition(places, &record);

	network_record_release(&record);
	return is;
}

/* Removes it where nobody is in it and no definition has an address in it: 1, or 0 where it is used. One whose last member has just gone
 * ends by itself in a moment. */
static int remove_unused(const struct places *places, const char *name, struct error *e)
{
	for (int i = 0; i < END_TRIES; i++) {
		int removed;

		if (is_named(places, name) || count_members(places, name))
			return 0;
		removed = network_lives(places, name) ? 0 : remove_dead(places, name, e);
		if (removed)
			return removed;
		usleep(END_STEP_US);
	}
	return 0;
}

int private_networks_list(const struct places *places, struct network_info **ret, size_t *ret_count, struct error *e)
{
	autorelease(list) struct list names = { 0 };
	struct network_info *infos = NULL;
	size_t count = 0;

	if (network_record_names(places, &names, e))
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		struct network_info info = { 0 }, *place;

		if (network_record_read(places, names.items[i], &info.record, e)) {
			if (e->kind != ERROR_MISSING) {
				private_networks_free(infos, count);
				return -1;
			}
			error_clear(e); /* it has just gone */
			continue;
		}
		info.members = count_members(places, names.items[i]);
		info.is_used = info.members || has_definition(places, &info.record);
		place = alloc_append(&infos, &count, sizeof *infos);
		*place = info;
	}
	*ret = infos;
	*ret_count = count;
	return 0;
}

void private_networks_free(struct network_info *infos, size_t count)
{
	for (size_t i = 0; i < count; i++)
		network_record_release(&infos[i].record);
	free(infos);
}

int private_network_create(const struct places *places, const struct network_wish *wish, struct error *e)
{
	struct network_record record = { 0 };
	struct error missing = { 0 };

	if (network_record_read(places, wish->name, &record, &missing) == 0) {
		network_record_release(&record);
		error_set(e, ERROR_EXISTS, "make the network %s: there is one", wish->name);
		return error_hint(e, "box network inspect %s shows it", wish->name);
	}
	if (network_record_make(places, wish, &record, e))
		return -1;
	network_record_release(&record);
	events_note(places, "network", "create", wish->name, NULL);
	return 0;
}

int private_network_remove(const struct places *places, const char *name, struct error *e)
{
	struct network_record record = { 0 };
	struct error damaged = { 0 };
	int removed;

	if (network_record_read(places, name, &record, &damaged) && damaged.kind == ERROR_MISSING) {
		*e = damaged;
		return -1;
	}
	network_record_release(&record);
	removed = remove_unused(places, name, e);
	if (removed < 0)
		return -1;
	if (removed == 0) {
		error_set(e, ERROR_EXISTS, "remove the network %s: apps are in it", name);
		return error_hint(e, "box network inspect %s shows which; an app that is stopped keeps its address until box rm", name);
	}
	events_note(places, "network", "destroy", name, NULL);
	return 0;
}

int private_networks_forget(const struct places *places, struct error *e)
{
	autorelease(list) struct list names = { 0 };

	if (network_record_names(places, &names, e))
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		struct network_record record = { 0 };
		struct error damaged = { 0 };
		bool is_passing = network_record_read(places, names.items[i], &record, &damaged) == 0 && !record.is_kept;

		network_record_release(&record);
		if (is_passing && remove_unused(places, names.items[i], e) < 0)
			return -1;
	}
	return 0;
}

/* "member INSTANCE SERVICE IP4 IP6 PHASE" */
static void add_members(char *lines, struct text *ret)
{
	bool is_first = true;

	json_add_key(ret, "members");
	text_add_char(ret, '[');
	for (char *line = lines, *end; line; line = end) {
		char instance[WORD], service[WORD], ip4[WORD], ip6[WORD], phase[WORD];

		end = strchr(line, '\n');
		end = end ? end + 1 : NULL;
		if (sscanf(line, "member %191s %191s %191s %191s %191s", instance, service, ip4, ip6, phase) != 5)
			continue;
		text_add(ret, is_first ? "{" : ",{");
		is_first = false;
		json_add_member(ret, "name", instance);
		json_add_member(ret, "service", service);
		json_add_member(ret, "ipv4", ip4);
		if (strcmp(ip6, "-") != 0)
			json_add_member(ret, "ipv6", ip6);
		json_add_member(ret, "state", phase);
		text_add_char(ret, '}');
	}
	text_add_char(ret, ']');
}

static void add_services(char *lines, struct text *ret)
{
	bool is_first = true;

	json_add_key(ret, "services");
	text_add_char(ret, '[');
	for (char *line = lines, *end; line; line = end) {
		char service[WORD], ip4[WORD], ip6[WORD];

		end = strchr(line, '\n');
		end = end ? end + 1 : NULL;
		if (sscanf(line, "service %191s %191s %191s", service, ip4, ip6) != 3)
			continue;
		text_add(ret, is_first ? "{" : ",{");
		is_first = false;
		json_add_member(ret, "name", service);
		json_add_member(ret, "ipv4", ip4);
		if (strcmp(ip6, "-") != 0)
			json_add_member(ret, "ipv6", ip6);
		text_add_char(ret, '}');
	}
	text_add_char(ret, ']');
}

int private_network_inspect(const struct places *places, const char *name, struct text *ret, struct error *e)
{
	autorelease(text) struct text lines = { 0 };
	struct network_record record = { 0 };
	struct error nobody = { 0 };

	if (network_record_read(places, name, &record, e))
		return -1;
	(void)network_show(places, name, &lines, &nobody); /* nobody is in it */
	text_add_char(ret, '{');
	json_add_member(ret, "name", record.name);
	json_add_member(ret, "subnet", record.subnet);
	json_add_key(ret, "subnet6");
	text_addf(ret, "\"%s/64\"", record.prefix6);
	json_add_key(ret, "internal");
	text_add(ret, record.is_internal ? "true" : "false");
	json_add_key(ret, "kept");
	text_add(ret, record.is_kept ? "true" : "false");
	add_members(lines.data, ret);
	add_services(lines.data, ret);
	text_add_char(ret, '}');
	network_record_release(&record);
	return 0;
}

/* Those whose box-net was killed with its spare. *ret_alive: some network of this state folder lives. */
static int clear_dead(const struct places *places, int networks, bool *ret_alive, struct error *e)
{
	autorelease(list) struct list names = { 0 };

	if (folder_names(networks, &names))
		return error_sys(e, "read the folder %s/" NETWORKS_FOLDER, places->state);
	for (size_t i = 0; i < names.count; i++) {
		autofree char *run = text_format("%s/run", names.items[i]);

		if (faccessat(networks, run, F_OK, AT_SYMLINK_NOFOLLOW))
			continue;
		if (network_lives(places, names.items[i]))
			*ret_alive = true;
		else if (folder_remove(networks, names.items[i], e))
			return -1;
	}
	return 0;
}

/* The host's rules and settings are box-net's own work. */
static int clear_host(int networks, struct error *e)
{
	autofree char *program = places_helper("box-net", e);
	autofree char *number = text_format("%d", networks);
	char *const argv[] = { (char *)NETWORK_TITLE, (char *)NETWORK_SWEEP, number, NULL };
	const int kept[] = { networks };
	const struct process_run run = { .path = program, .argv = argv, .input = -1, .keep = kept, .keep_count = 1, .timeout_ms = SWEEP_MS };

	return !program || process_run(&run, NULL, e) ? -1 : 0;
}

static int sweep_state(const struct places *places, struct error *e)
{
	autofree char *path = text_format("%s/" NETWORKS_FOLDER, places->state);
	autoclose int networks = folder_open_private(path, e), lock = -1, note = -1;
	bool lives = false;

	if (networks < 0) {
		if (e->sys != ENOENT)
			return -1;
		error_clear(e);
		return 0;
	}
	lock = network_lock(places, e);
	if (lock < 0 || clear_dead(places, networks, &lives, e))
		return -1;
	note = lives ? -1 : openat(networks, NETWORK_HOST_NOTE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	/* Locked by a keeper: that puts back everything by itself, even if it has not done so yet. */
	return note < 0 || flock(note, LOCK_EX | LOCK_NB) ? 0 : clear_host(networks, e);
}

int private_networks_sweep(const struct places *places, struct error *e)
{
	return sweep_state(places, e) ? -1 : private_networks_forget(places, e);
}
