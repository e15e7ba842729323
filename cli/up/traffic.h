/* SPDX-License-Identifier: Apache-2.0 */
/*
 * traffic.h - where connections to a service go while one generation takes the place of another. Private to cli/up/.
 */
#pragma once

struct error;
struct list;
struct up;
struct up_service;

/* New connections to the service wait from now on instead of being refused, and none leads to what runs; traffic_lead ends it. */
int traffic_hold(const struct up *up, const struct up_service *service, struct error *e);

/* Leads new connections to these instances, all at once; those that there are stay where they are. */
int traffic_lead(const struct up *up, const struct up_service *service, const struct list *instances, struct error *e);

/* Waits until no connection leads to these instances any more, or the time that update.drain gives is over. */
void traffic_drain(const struct up *up, const struct up_service *service, const struct list *instances);
