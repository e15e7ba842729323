/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kept.h - names whose start and stop are systemd's, while box's own supervisors keep the apps: STORE/kept/NAME holds the unit's name.
 *
 * A name is that of a file with services, or of an app alone; whatever generations it has, the unit is the same. box boot leaves it alone.
 */
#pragma once

struct error;
struct list;
struct places;

/* The unit of the name, or NULL. The caller frees it. */
char *kept_unit(const struct places *places, const char *name);

/* Gives the name to that unit, or (NULL) back. */
int kept_note(const struct places *places, const char *name, const char *unit, struct error *e);

/* An error where systemd has one of the names: for box's own verbs on all that a name means. verb: "stop"; systemctl: what does it there,
 * or NULL where nothing does. */
int kept_refuse(const struct places *places, const char *verb, const char *systemctl, const struct list *names, struct error *e);
