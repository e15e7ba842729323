/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field_nearest.c - the known key that somebody who wrote an unknown one probably meant.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "specs/field.h"
#include "specs/field_json.h"

enum { NEAR = 3 };

/* What other tools call the same thing (Compose's older words, OCI, Docker's options, devcontainer.json). */
static const struct {
	const char *theirs, *ours;
} aliases[] = {
	{ "env", "environment" },
	{ "containerEnv", "environment" },
	{ "envFile", "env_file" },
	{ "cmd", "command" },
	{ "args", "command" },
	{ "cwd", "working_dir" },
	{ "workdir", "working_dir" },
	{ "workingDir", "working_dir" },
	{ "mounts", "volumes" },
	{ "destination", "target" },
	{ "readonly", "read_only" },
	{ "capAdd", "cap_add" },
	{ "capDrop", "cap_drop" },
	{ "kill_timeout", "stop_grace_period" },
	{ "stop_timeout", "stop_grace_period" },
	{ "override", "overrides" },
	{ "mem_limit", "resources.limits.memory" },
	{ "memory", "resources.limits.memory" },
	{ "mem_reservation", "resources.reservations.memory" },
	{ "cpus", "resources.limits.cpus" },
	{ "cpu_shares", "resources.limits.cpu_weight" },
	{ "pids_limit", "resources.limits.pids" },
	{ "cpuset", "resources.limits.cpuset" },
	{ "userns_mode", "security.userns" },
	{ "scale", "replicas" },
	{ "source", "file" },
	{ "additional_contexts", "contexts" },
};

/* Whether the path ("resources.limits.memory") leads to a row. */
static bool has_row(const struct field *table, const char *path)
{
	size_t length = strcspn(path, ".");

	for (const struct field *f = table; f->key; f++)
		if (strlen(f->key) == length && strncmp(f->key, path, length) == 0)
			return !path[length] || (f->sub && has_row(f->sub, path + length + 1));
	return false;
}

const char *field_nearest(const struct field *table, const char *key)
{
	const char *nearest = NULL;
	size_t least = NEAR + 1;

	/* A file with it is read by another table. */
	if (strcmp(key, "service") == 0 && has_row(table, "rootfs"))
		return "services";
	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
		if (strcmp(aliases[i].theirs, key) == 0 && has_row(table, aliases[i].ours))
			return aliases[i].ours;
	for (const struct field *f = table; f->key; f++) {
		size_t edits = text_distance(key, f->key);

		if (edits < least && edits * 2 <= strlen(f->key)) {
			least = edits;
			nearest = f->key;
		}
	}
	return nearest;
}
