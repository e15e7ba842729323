/* SPDX-License-Identifier: Apache-2.0 */
/*
 * needs.c - what a host has to have for a container: rows of box doctor, and controllers.
 */
#include "cli/needs.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "cli/doctor.h"
#include "specs/container.h"
#include "specs/lock.h"

static bool has_user_namespace(const struct container *c)
{
	return c->namespaces[NAMESPACE_USER].choice == NAMESPACE_NEW;
}

static bool has_time_namespace(const struct container *c)
{
	return c->namespaces[NAMESPACE_TIME].choice == NAMESPACE_NEW;
}

static bool has_writable_layer(const struct container *c)
{
	return !c->read_only_root;
}

static bool has_disk_limit(const struct container *c)
{
	return c->disk_limit > 0;
}

static bool has_filter(const struct container *c)
{
	return c->seccomp != SECCOMP_UNCONFINED;
}

/* The names are those of doctor_rows, which try each of them. */
static const struct {
	const char *name;
	bool (*is_needed)(const struct container *container);
} features_table[] = {
	{ "disk limits", has_disk_limit },
	{ "id-mapped mounts", has_user_namespace },
	{ "overlayfs", has_writable_layer },
	{ "seccomp", has_filter },
	{ "time namespaces", has_time_namespace },
	{ "user namespaces", has_user_namespace },
};

void needs_list(const struct container *container, struct list *features, struct list *controllers)
{
	for (size_t i = 0; i < sizeof features_table / sizeof *features_table; i++)
		if (features_table[i].is_needed(container) && !list_has(features, features_table[i].name))
			list_add(features, features_table[i].name);
	cgroup_needed(&container->limits, controllers);
}

static int try_feature(const struct places *places, const struct doctor_row *row, const char *path, struct error *e)
{
	struct finding finding = { 0 };
	int result = 0;

	row->check(places, &finding);
	if (finding.level != FINDING_FINE) {
		result = error_set(e, ERROR_UNSUPPORTED, "%s needs %s, which this host does not have: %s", path,
				   row->name, finding.detail.data ? finding.detail.data : "");
		if (row->fix)
			(void)error_hint(e, "%s", row->fix);
	}
	text_release(&finding.detail);
	return result;
}

static int check_features(const struct places *places, const struct list *needed, const struct lock *lock,
			  const char *path, struct error *e)
{
	for (size_t i = 0; i < lock->features.count; i++) {
		const char *name = lock->features.items[i];
		const struct doctor_row *row = doctor_rows;

		while (row->name && strcmp(row->name, name) != 0)
			row++;
		if (!row->name)
			return error_set(e, ERROR_UNSUPPORTED, "%s needs \"%.80s\", which this box does not know", path,
					 name);
		/* Another override may need it. */
		if (list_has(needed, name) && try_feature(places, row, path, e))
			return -1;
	}
	return 0;
}

static int check_controllers(const struct list *needed, const char *path, struct error *e)
{
	struct cgroup_host host = { 0 };
	int result = needed->count ? cgroup_host_find(&host, e) : 0;

	for (size_t i = 0; result == 0 && i < needed->count; i++) {
		if (list_has(&host.controllers, needed->items[i]))
			continue;
		result = error_set(e, ERROR_UNSUPPORTED,
				   "%s needs the cgroup controller %s, which box cannot use on this host%s%s", path,
				   needed->items[i], host.reason ? ": " : "", host.reason ? host.reason : "");
	}
	cgroup_host_release(&host);
	return result;
}

int needs_check(const struct places *places, const struct container *container, const struct lock *lock,
		const char *path, struct error *e)
{
	autorelease(list) struct list features = { 0 };
	autorelease(list) struct list controllers = { 0 };

	needs_list(container, &features, &controllers);
	return check_features(places, &features, lock, path, e) || check_controllers(&controllers, path, e) ? -1 : 0;
}
