/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish.h - what box says to box-net about published ports.
 */
#pragma once

#include <stdbool.h>

struct container;
struct error;
struct list;

/* Binds what the container publishes and box-net does not hold yet, and hands it over: connection is with the network of its service. What
 * the service published before and the container does not is closed; not so for a standby, next to which the service goes on as it was:
 * when the service's address leads to it, this is called again. Adds to warnings what is not as it was wished, a sentence each. */
int network_publish(int connection, const struct container *container, bool is_standby, struct list *warnings, struct error *e);

/* The service publishes again what network_published has said before, as it was then, and nothing else. What cannot be bound any more is
 * left out. */
int network_publish_back(int connection, const char *service, const struct list *noted, struct error *e);

/* What box-net holds of a service, in the words of port_line.h; ret is empty before. */
int network_published(int connection, const char *service, struct list *ret, struct error *e);

/* Closes these of them, however many there are. */
int network_withdraw(int connection, const char *service, const struct list *ports, struct error *e);
