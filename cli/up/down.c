/* SPDX-License-Identifier: Apache-2.0 */
/*
 * down.c - the end of all services of a file, or of an app.
 */
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/each.h"
#include "cli/up/up.h"
#include "runtime/apps/private_networks.h"
#include "runtime/background.h"

enum { NETWORKS_MS = 1000, LOOK_US = 20000 };

static bool runs(const struct up *up, const char *name)
{
	for (size_t i = 0; i < up->found.count; i++)
		if (strcmp(up->found.items[i].name, name) == 0)
			return up->conditions[i].is_supervised;
	return false;
}

static int stop_one(const struct call *call, const char *name, const void *data, struct error *e)
{
	const struct up *up = data;

	if (background_stop(call->places, name, /* grace_us= */ -1, e) == 0) {
		if (up->options->tells_end && runs(up, name))
			up_tell(up, "stopped %s", name);
		return 0;
	}
	if (e->kind != ERROR_MISSING)
		return -1;
	error_clear(e);
	return 0;
}

int up_stop(const struct up *up)
{
	int status = 0, here;

	for (size_t i = up->found.count; i > 0;) {
		int64_t level = up->found.items[i - 1].level;
		autorelease(list) struct list names = { 0 };

		for (; i > 0 && up->found.items[i - 1].level == level; i--)
			list_add(&names, up->found.items[i - 1].name);
		here = each_at_once(up->call, &names, &(struct each){ stop_one, up, .tells = false });
		status = here ? here : status;
	}
	return status;
}

static int remove_one(const struct call *call, const char *name, const void *data, struct error *e)
{
	const struct up *up = data;

	if (background_remove(call->places, name, /* force= */ true, e))
		return -1;
	if (up->options->tells_end)
		up_tell(up, "removed %s", name);
	return 0;
}

static bool is_own(const struct up *up, const struct network_record *record)
{
	size_t length = strlen(up->name);

	return !record->is_kept && text_starts(record->name, up->name) && (!record->name[length] || record->name[length] == '_');
}

/* Those of the file, or of the app. False: one of them is left. */
static bool remove_now(const struct up *up)
{
	struct network_info *infos = NULL;
	struct error ignored = { 0 };
	size_t count = 0;
	bool result = true;

	if (private_networks_list(up->call->places, &infos, &count, &ignored))
		return true;
	for (size_t i = 0; i < count; i++) {
		struct error e = { 0 };

		if (!is_own(up, &infos[i].record))
			continue;
		if (private_network_remove(up->call->places, infos[i].record.name, &e))
			result &= e.kind == ERROR_MISSING;
		else if (up->options->tells_end)
			up_tell(up, "removed the network %s", infos[i].record.name);
	}
	private_networks_free(infos, count);
	return result;
}

/* A network hears a moment later that the last one has left it; and somebody else may be in it, who keeps it. */
static void remove_networks(const struct up *up)
{
	int64_t end = clock_boot_ms() + NETWORKS_MS;

	while (!remove_now(up) && clock_boot_ms() < end)
		usleep(LOOK_US);
}

int up_end(const struct up *up, struct error *e)
{
	struct instances all = { 0 };
	autorelease(list) struct list names = { 0 };
	int status;

	/* What has come since it was last looked at goes as well. */
	if (instances_find(up->call->places, up->name, &all, e))
		return -1;
	for (size_t i = all.count; i > 0; i--)
		list_add(&names, all.items[i - 1].name);
	instances_release(&all);
	status = names.count ? each_at_once(up->call, &names, &(struct each){ remove_one, up, .tells = false }) : 0;
	remove_networks(up);
	return status ? error_set(e, ERROR_KERNEL, "%s: not all of it is gone", up->name) : 0;
}
