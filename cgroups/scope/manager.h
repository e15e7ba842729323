/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manager.h - what box-scope asks of a running systemd, over D-Bus.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;
struct manager;
struct property;

/* The system's manager, or that of this user. Over its own socket where there is one, as systemctl does, else over the bus. */
int manager_open(bool is_user, struct manager **ret, struct error *e);
void manager_close(struct manager *manager);

/* The group in which all units of this manager lie: "" or "/user.slice/user-1000.slice/user@1000.service". The caller frees it. */
char *manager_group(struct manager *manager, struct error *e);

/* Makes a transient unit and waits until it is there. One of the same name that failed once is forgotten first; one that runs is an error.
 * Properties that this version of systemd does not know yet are left out where box can do without (property.h). */
int manager_start(struct manager *manager, const char *unit, const struct property *properties, size_t count, struct error *e);

/* Changes properties of a running unit until the next boot. */
int manager_set(struct manager *manager, const char *unit, const struct property *properties, size_t count, struct error *e);

/* Ends what runs in a unit, waits until it is gone, and forgets that it failed. A unit that is not there is fine. */
int manager_stop(struct manager *manager, const char *unit, struct error *e);

/* Moves a process into a group below that of a unit ("/": its own). */
int manager_attach(struct manager *manager, const char *unit, const char *below, unsigned pid, struct error *e);
