/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_find.c - the state of an OCI container, from its record and its cgroup.
 */
#include "runtime/oci.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "base/places.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "runtime/box.h"
#include "runtime/child/oci_state.h"
#include "runtime/child/users.h"
#include "runtime/oci_parts.h"
#include "runtime/state/state.h"

/* The name of whom the state folder belongs to, as runc's list says it; "" where the host does not know the uid. */
static char *owner_of(const struct places *places, const char *id)
{
	autofree char *path = text_format("%s/%s", places->state, id);
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct identity owner = { 0 };
	struct error ignored = { 0 };
	struct stat st;
	char uid[16], *name = NULL;

	if (root < 0 || stat(path, &st))
		return alloc_copy("");
	(void)snprintf(uid, sizeof uid, "%u", st.st_uid); /* always fits */
	if (users_find(root, uid, NULL, &owner, &ignored) == 0)
		name = alloc_copy(owner.name ? owner.name : "");
	identity_release(&owner);
	return name ? name : alloc_copy("");
}

const char *oci_status(const struct places *places, const struct record *record, bool alive)
{
	struct error ignored = { 0 };
	struct cgroup *group = NULL;
	bool is_frozen = false;

	if (!alive)
		return "stopped";
	if (cgroup_open(record->cgroup ? record->cgroup : "", &group, &ignored) == 0) {
		is_frozen = cgroup_is_frozen(group);
		cgroup_free(group);
	}
	return is_frozen ? "paused" : state_is_waiting(places, record->name) ? "created" : "running";
}

int oci_state_find(const struct places *places, const char *id, struct oci_state *ret, struct error *e)
{
	struct record record = { 0 };
	bool alive;

	if (name_check(id, e) || state_read(places, id, &record, &alive, e))
		return -1;
	*ret = (struct oci_state){ .version = alloc_copy(record.oci_version ? record.oci_version : "1.2.0"), .id = alloc_copy(id),
				   .pid = alive ? record.pid : 0, .status = alloc_copy(oci_status(places, &record, alive)),
				   .bundle = alloc_copy(record.bundle ? record.bundle : ""),
				   .rootfs = alloc_copy(record.rootfs ? record.rootfs : ""),
				   .created = oci_state_time(record.created, record.created_ns),
				   .owner = owner_of(places, id) };
	list_copy(&ret->annotations, &record.annotations);
	record_release(&record);
	return 0;
}
