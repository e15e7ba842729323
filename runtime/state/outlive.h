/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outlive.h - a process that stays when box has ended, and so has to be in none of the groups of box's caller: whoever ends those, as
 * systemd does at the end of a service or a session, would end it as well.
 */
#pragma once

struct error;
struct spawn;

/* As spawn of a process that is no helper, in the cgroup of supervisors and networks (cgroup_house_enter); the request has no group and
 * nothing to prepare. 0, or -1. */
int outlive_spawn(const struct spawn *request, struct error *e);
