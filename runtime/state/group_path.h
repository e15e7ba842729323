/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group_path.h - the cgroup of a container.
 */
#pragma once

struct places;

/* What stands in the state folder (STATE/NAME/group). Else "/box/NAME", the same for every box of this host that has the usual
 * state folder (/run/box, /run/user/UID/box); with another one
 * "/box/NAME-XXXXXXXX", 8 digits that stand for the folder: a name is unique in its state folder, not on the host. The caller frees it. */
char *group_path(const struct places *places, const char *name);
