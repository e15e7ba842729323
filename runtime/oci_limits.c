/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_limits.c - the limits of an OCI container, and what it uses.
 */
#include "base/error.h"
#include "base/names.h"
#include "base/places.h"
#include "cgroups/cgroup.h"
#include "cgroups/stats_json.h"
#include "runtime/box.h"
#include "runtime/oci.h"
#include "runtime/state/state.h"
#include "specs/limits.h"
#include "specs/oci_config.h"

static int open_group(const struct places *places, const char *id, struct cgroup **ret, struct error *e)
{
	struct record record = { 0 };
	bool alive;
	int result;

	if (name_check(id, e) || state_read(places, id, &record, &alive, e))
		return -1;
	result = alive ? cgroup_open(record.cgroup ? record.cgroup : "", ret, e)
		       : error_set(e, ERROR_MISSING, "look at %s: container not running", id);
	record_release(&record);
	return result;
}

int oci_update(const struct places *places, const char *id, const char *json, size_t length, struct error *e)
{
	struct cgroup *group = NULL;
	struct limits limits;
	int result;

	limits_init(&limits);
	if (oci_resources_decode(json, length, "resources", &limits, e))
		return -1;
	result = open_group(places, id, &group, e) || cgroup_update(group, &limits, e) ? -1 : 0;
	cgroup_free(group);
	limits_release(&limits);
	return result ? error_in(e, "update %s", id) : 0;
}

int oci_stats(const struct places *places, const char *id, struct text *ret, struct error *e)
{
	struct cgroup *group = NULL;
	int result = open_group(places, id, &group, e) || cgroup_stats_json(group, id, ret, e) ? -1 : 0;

	cgroup_free(group);
	return result;
}
