/* SPDX-License-Identifier: Apache-2.0 */
/*
 * traffic.h - where connections to a service go while one generation takes the place of another. Private to cli/up/.
 */
#pragma once

#include <stdbool.h>

struct error;
struct list;
struct up;
struct up_service;

/* New connections to the service wait from now on instead of being refused, and none leads to what runs; the next two end it. Who is told
 * of a failure leads back. */
int traffic_hold(const struct up *up, const struct up_service *service, struct error *e);

/* Leads new connections to these instances of the new generation, all at once, and the published ports are its; connections that there are
 * stay where they are. -1: in some of its networks this may be so; whoever is told leads back. */
int traffic_lead(const struct up *up, const struct up_service *service, const struct list *instances, struct error *e);

/* The same, but published ports stay as they are: for instances of the one before, whose start has given it those that it has. One
 * network that fails does not keep the others. */
int traffic_lead_back(const struct up *up, const struct up_service *service, const struct list *instances, struct error *e);

/* Which ports are published before a new generation brings its own along; false: it cannot be told. Adds to ret. */
bool traffic_note_ports(const struct up *up, const struct up_service *service, struct list *ret);

/* It has failed: what it has brought along is given back, and what was published before leads where it led. What cannot be is left as it
 * is. */
void traffic_return_ports(const struct up *up, const struct up_service *service, const struct list *noted);

/* Waits until no connection leads to these instances any more, or the time that update.drain gives is over. */
void traffic_drain(const struct up *up, const struct up_service *service, const struct list *instances);
