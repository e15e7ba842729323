/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own_name.h - a name in a step's root that is box's own while the step runs, whatever happens to it.
 */
#pragma once

#include <sys/types.h>

struct own_name {
	dev_t device; /* of the folder that it lies in */
	ino_t inode;
	const char *name;
};
