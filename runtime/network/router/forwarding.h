/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forwarding.h - forwarding on the host's interfaces, as far as uplinks need it. Called in the host's network namespace, under its lock.
 */
#pragma once

struct error;
struct list;
struct text;

/* Every interface that the host has a route over, for what comes back from there, is added to ret; those that do not forward IPv4, or
 * IPv6, are noted for that in the folder, before anything is done: a box that is killed leaves a note too many. What forwards by itself is
 * left alone. */
int forwarding_note(int networks, struct list *ret, struct error *e);

/* Switches one on. */
int forwarding_begin(const char *interface, struct error *e);

/* Switches off what was switched on, by the note in the folder. */
void forwarding_end(int networks);

/* nft commands that name these interfaces in the sets "opened4" and "opened6". */
void forwarding_add_elements(int networks, struct text *commands);
