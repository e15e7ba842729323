/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources.h - what comes from the host into a container, as detached mounts: layers, bind mounts, volumes.
 *
 * As root the parent opens and id-maps them and sends them to the child; for an ordinary user the child opens
 * them, since only inside its user namespace may it clone mounts, and no id map is possible or needed.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "runtime/state/idmap.h"

struct container;
struct error;
struct layer;
struct mount_entry;

struct sources {
	int app_userns;         /* the container's user namespace, or -1: no id maps */
	int shift_userns;       /* maps the store's ids to the app's, or -1 */
	const struct id_map *map; /* the app's map, with app_userns */
	const char *volumes;    /* the store's folder of volumes */
	uid_t uid;              /* the app's user in the container */
	gid_t gid;
	bool is_oci;            /* mounts are made as an OCI configuration says */
};

/* A detached mount of one layer, read-only. */
int source_layer(const struct sources *sources, const struct layer *layer, struct error *e);

/* A detached mount of the source of a bind mount or a volume, with its attributes. Other kinds are a defect. */
int source_mount(const struct sources *sources, const struct mount_entry *entry, struct error *e);

/* True for the kinds of mounts that source_mount opens. */
bool source_is_needed(const struct mount_entry *entry);

/* Makes the folder of a volume where it is missing, and takes its lock: shared for readers and "shared" volumes, else exclusive.
 * Returns the lock's descriptor: the volume is in use while it is open. */
int volume_open(const char *volumes, const struct mount_entry *entry, struct error *e);

/* Notes the first process of the app that has the open volume: should everybody who holds the lock be killed, it still is that app's. */
int volume_note(const char *volumes, const struct mount_entry *entry, pid_t pid, struct error *e);
