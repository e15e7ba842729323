/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port_owner.h - which app of this host's box has published a port.
 */
#pragma once

struct container;
struct error;
struct places;

/* Where e says that a port of the container is taken (EADDRINUSE, and the port's field), and another app of this state folder publishes it,
 * e says which, in the place of the process that holds the socket for it. Returns -1. */
int port_owner_blame(const struct places *places, const struct container *container, struct error *e);
