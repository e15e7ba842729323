/* SPDX-License-Identifier: Apache-2.0 */
/*
 * root_changes.h - what a step changed in a folder that is its whole root: for builds in a chroot (base/isolation.h), where no overlayfs
 * tells.
 *
 * A state is read before the step and compared after it. What is found lies in two folders beside each other, made of hard links:
 *
 *     upper/   what overlayfs would have in its upper folder; a socket stands for what is removed
 *     lower/   the folders of upper that were there before, as they were
 *
 * box-image makes a layer of them by the same rules as of any upper folder (images/unpack/upper_tar.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct error;
struct own_name;
struct root_state;

struct root_changes {
	int root;                   /* of the step; nobody else changes it now */
	const struct own_name *own; /* what is no change */
	size_t own_count;
	int64_t epoch;              /* what changed gets no later time than this */
	uint32_t id_base;           /* is added to the owners of lower's folders */
};

/* Every change that is made after it returned is found. */
int root_state_read(const struct root_changes *how, struct root_state **ret, struct error *e);
void root_state_free(struct root_state *state);

/* Makes upper and lower in the folder to. */
int root_changes_find(const struct root_changes *how, const struct root_state *before, int to, struct error *e);
