/* SPDX-License-Identifier: Apache-2.0 */
/*
 * background_serve.h - an app in the background that systemd keeps (systemd_unit.h).
 */
#pragma once

struct error;
struct places;

/* In the main process of the unit: becomes the app's supervisor, and returns only where that is not possible. On a host with cgroup v2
 * alone the app's group lies below the unit's, as root. */
int background_serve(const struct places *places, const char *name, struct error *e);

/* Gives an app that does not run to that unit, or (NULL) back: box start, stop, restart and boot leave it alone meanwhile. */
int background_give(const struct places *places, const char *name, const char *unit, struct error *e);
