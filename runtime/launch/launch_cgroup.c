/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch_cgroup.c - the cgroup of an OCI container, by whomever the engine wants it made: box, systemd, or nobody.
 */
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "runtime/launch/launch.h"
#include "runtime/launch/launch_parts.h"
#include "specs/container.h"

#define PROPERTY "org.systemd.property."

/* "/docker/ID" as the engine says; a relative path, or none, lies in box's own group. */
static char *cgroup_path_of(const struct container *c)
{
	const char *path = c->oci->cgroups_path;

	if (!path || !*path)
		return text_format("/box/%s", c->name);
	return *path == '/' ? text_format("%s", path) : text_format("/box/%s", path);
}

/* Annotations as runc and crun read them. */
static int plan_unit(struct launch *l, struct error *e)
{
	const struct container *c = l->container;
	autorelease(list) struct list properties = { 0 };
	const struct cgroup_unit request = { .path = c->oci->cgroups_path, .id = c->name, .limits = &c->limits, .properties = &properties,
					     .subgroup = list_env_get(&c->oci->annotations, "run.oci.systemd.subgroup") };

	for (size_t i = 0; i < c->oci->annotations.count; i++)
		if (text_starts(c->oci->annotations.items[i], PROPERTY))
			list_add(&properties, c->oci->annotations.items[i] + strlen(PROPERTY));
	return cgroup_plan(&request, &l->group, e);
}

static int set_devices(struct launch *l, struct error *e)
{
	return cgroup_devices(l->group, l->container->limits.device_rules, l->container->limits.device_rule_count, e);
}

/* Written down before it is made: a sweep has to find it where box is killed before there is a record. */
static int note_cgroup(struct launch *l, const char *path, struct error *e)
{
	autoclose int fd = openat(l->state.folder, STATE_GROUP, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || write_all(fd, path, strlen(path)))
		return error_sys(e, "note the cgroup %s", path);
	return 0;
}

static int make_group(struct launch *l, const struct cgroup_request *request, struct error *e)
{
	if (note_cgroup(l, request->path, e))
		return -1;
	if (cgroup_create(request, &l->group, e) == 0)
		return set_devices(l, e);
	if (e->kind != ERROR_USAGE)
		return -1;
	e->kind = ERROR_SPEC; /* nobody typed the path */
	return error_at(e, "linux.cgroupsPath");
}

int launch_make_cgroup(struct launch *l, struct error *e)
{
	autofree char *path = cgroup_path_of(l->container);
	const struct cgroup_request request = { .path = path, .joins_all = true, .limits = &l->container->limits };

	switch (l->wishes.manager) {
	case CGROUPS_BY_SYSTEMD: return plan_unit(l, e);
	case CGROUPS_BY_NOBODY: l->group = cgroup_none(&l->container->limits); return 0;
	default: return make_group(l, &request, e);
	}
}

int launch_start_unit(struct launch *l, struct error *e)
{
	if (l->wishes.manager != CGROUPS_BY_SYSTEMD)
		return 0;
	if (cgroup_start_unit(l->group, &l->container->limits, l->pid, e) || set_devices(l, e))
		return -1;
	trace_step("launch", "systemd unit");
	return 0;
}
