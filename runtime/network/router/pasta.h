/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pasta.h - the way out of an ordinary user's network: pasta(1), which speaks to the outside with sockets of the user's own.
 *
 *     host's network namespace               router namespace
 *     sockets  <--  pasta  -- tap device -->  "up"  <-- masquerade --  links of the members
 *                     |
 *                  keeper (box:[uplink])  <-- control --  box-net
 *
 * pasta has to begin in the host's network namespace, into which box-net cannot go back. So a process stays there, the keeper: forked
 * after box-net has entered its user namespace and before it enters the router's. It begins pasta when it is asked, begins it again where
 * it has ended, and ends, and with it pasta, when the last process that holds its socket has ended. Of the host's addresses nothing is
 * mapped into the network (--no-map-gw), and no port is forwarded in either direction: that is box-net's own work.
 */
#pragma once

#include <stdbool.h>

struct error;
struct pasta;

/* The keeper is forked here. */
struct pasta *pasta_prepare(struct error *e);

/* The same in a process that goes on for one that was killed: the keeper's socket, taken; pasta runs, and its device is there. */
struct pasta *pasta_adopt(int socket, const char *device);

/* Begins pasta for the network namespace of this process, and waits for its device up to five seconds: then it is configured and up.
 * Where that fails nothing has been begun; the error says what this host lacks, and the network can do without a way out. */
int pasta_begin(struct pasta *pasta, const char *device, struct error *e);

/* For the loop: what it waits for, when it wants to be served at the latest (-1: never), and its turn. */
int pasta_fd(const struct pasta *pasta);
int pasta_deadline_ms(const struct pasta *pasta);
void pasta_serve(struct pasta *pasta);

/* Whether the way out is there now. */
bool pasta_is_up(const struct pasta *pasta);

/* NULL is fine. pasta ends, unless another process holds the socket too. */
void pasta_free(struct pasta *pasta);
