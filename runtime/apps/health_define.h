/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health_define.h - the health check of a container, written down for its supervisor.
 */
#pragma once

struct container;
struct error;

/* Writes the plan (supervise/health_plan.h) into the open folder of a definition; nothing for a container without a check. */
int health_define(int definition, const struct container *container, struct error *e);
