/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect.c - what a container is, as JSON: its record, and the figures of its cgroup.
 */
#include "runtime/inspect.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/names.h"
#include "base/places.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "runtime/apps/apps.h"
#include "runtime/box.h"
#include "runtime/child/oci_state.h"
#include "runtime/inspect_app.h"
#include "runtime/state/state.h"
#include "runtime/storage/writable.h"
#include "specs/container.h"

static void add_bool(struct text *ret, const char *key, bool value)
{
	json_add_key(ret, key);
	text_add(ret, value ? "true" : "false");
}

static void add_list(struct text *ret, const char *key, const struct list *list)
{
	json_add_key(ret, key);
	json_add_array(ret, list);
}

static void add_capabilities(struct text *ret, uint64_t held)
{
	autorelease(list) struct list names = { 0 };

	for (int i = 0; i < CAPABILITY_COUNT; i++)
		if (held >> i & 1)
			list_add(&names, capability_name(i));
	add_list(ret, "capabilities", &names);
}

static void add_security(struct text *ret, const struct record *record)
{
	static const char *const modes[] = { [SECCOMP_UNCONFINED] = "unconfined", [SECCOMP_DEFAULT] = "default", [SECCOMP_FILE] = "file",
					    [SECCOMP_TEXT] = "oci" };

	json_add_member(ret, "user", record->user);
	add_list(ret, "groups", &record->group_add);
	add_capabilities(ret, (uint64_t)record->capabilities);
	add_bool(ret, "no_new_privileges", record->no_new_privileges);
	if ((size_t)record->seccomp < sizeof modes / sizeof *modes)
		json_add_member(ret, "seccomp", modes[record->seccomp]);
	json_add_member(ret, "seccomp_file", record->seccomp_file);
	add_bool(ret, "user_namespace", record->user_namespace);
	json_add_nonzero(ret, "id_base", (uint64_t)record->id_base);
}

/* What is used, and the limits of it. */
static void add_limits(struct text *ret, const struct cgroup *group)
{
	struct cgroup_stats stats;
	struct error ignored = { 0 };
	const struct {
		const char *key;
		const int64_t *value;
	} rows[] = {
		{ "memory_bytes", &stats.memory_current }, { "memory_limit_bytes", &stats.memory_max }, { "pids", &stats.pids_current },
		{ "pids_limit", &stats.pids_max }, { "oom_kills", &stats.oom_kills },
	};

	if (cgroup_stats(group, &stats, &ignored))
		return;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (*rows[i].value >= 0)
			json_add_number(ret, rows[i].key, (uint64_t)*rows[i].value);
}

static void add_disk(const struct places *places, const char *name, struct text *ret)
{
	int64_t used, limit;

	writable_usage(places->store, name, &used, &limit);
	if (!limit)
		return;
	json_add_number(ret, "disk_bytes", (uint64_t)used);
	json_add_number(ret, "disk_limit_bytes", (uint64_t)limit);
}

/* "NAME IP4 IP6" */
static void add_networks(struct text *ret, const struct list *networks)
{
	if (!networks->count)
		return;
	json_add_key(ret, "networks");
	text_add_char(ret, '[');
	for (size_t i = 0; i < networks->count; i++) {
		char name[192], ip4[64], ip6[64];

		if (sscanf(networks->items[i], "%191s %63s %63s", name, ip4, ip6) != 3)
			continue;
		text_add(ret, i ? ",{" : "{");
		json_add_member(ret, "name", name);
		json_add_member(ret, "ipv4", ip4);
		if (strcmp(ip6, "-") != 0)
			json_add_member(ret, "ipv6", ip6);
		text_add_char(ret, '}');
	}
	text_add_char(ret, ']');
}

/* An OCI container has its own config.json; an app what app.json and its image made of it. */
static void add_kind(struct text *ret, const struct record *record)
{
	json_add_member(ret, "kind", record->bundle ? "oci" : "app");
	json_add_member(ret, "image", record->image);
	json_add_member(ret, "bundle", record->bundle);
	json_add_member(ret, "rootfs", record->rootfs);
	json_add_member(ret, "oci_version", record->oci_version);
	if (record->bundle) {
		add_list(ret, "annotations", &record->annotations);
		return;
	}
	json_add_member(ret, "working_dir", record->working_dir);
	add_list(ret, "environment", &record->env);
	add_security(ret, record);
	add_networks(ret, &record->networks);
	json_add_member(ret, "stop_signal", signal_name(record->stop_signal ? (int)record->stop_signal : 15));
	json_add_number(ret, "stop_grace_us", (uint64_t)record->stop_grace_us);
}

int container_inspect(const struct places *places, const char *name, struct text *ret, struct error *e)
{
	struct record record = { 0 };
	struct error ignored = { 0 };
	struct cgroup *group = NULL;
	autofree char *created = NULL;
	bool alive = false, is_frozen;

	if (name_check(name, e))
		return -1;
	if (state_read(places, name, &record, &alive, e) || (!alive && apps_exists(places, name))) {
		record_release(&record);
		if (!apps_exists(places, name))
			return -1;
		error_clear(e);
		return app_inspect(places, name, ret, e);
	}
	if (alive && cgroup_open(record.cgroup ? record.cgroup : "", &group, &ignored))
		group = NULL; /* the container is on its way out */
	is_frozen = group && cgroup_is_frozen(group);
	created = oci_state_time(record.created, record.created_ns);
	text_add_char(ret, '{');
	json_add_member(ret, "name", record.name);
	json_add_member(ret, "status",
			!alive ? "stopped" : is_frozen ? "paused" : state_is_waiting(places, name) ? "created" : "running");
	if (alive)
		json_add_number(ret, "pid", (uint64_t)record.pid);
	json_add_member(ret, "created", created);
	add_list(ret, "command", &record.args);
	add_kind(ret, &record);
	if (group) {
		json_add_member(ret, "cgroup", cgroup_path(group));
		add_limits(ret, group);
	}
	if (!record.bundle) {
		add_disk(places, name, ret);
		app_inspect_add(places, name, ret);
	}
	text_add_char(ret, '}');
	cgroup_free(group);
	record_release(&record);
	return 0;
}
