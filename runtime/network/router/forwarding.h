/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forwarding.h - forwarding on the host's interfaces, as far as uplinks need it. Called in the host's network namespace, under its lock.
 */
#pragma once

struct error;
struct text;

/* For the uplink, and for every interface that the host has a route over: what it answers comes back there. */
int forwarding_begin(int networks, const char *uplink, struct error *e);

/* Switches off what was switched on, by the note in the folder. */
void forwarding_end(int networks);

/* nft commands that name these interfaces in the set "opened". */
void forwarding_add_elements(int networks, struct text *commands);
