/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uplink.h - a network's way out: the device "up" of the router namespace, as box-net sees it.
 *
 *     host's network namespace                                router namespace
 *     root:   bxN, rules and forwarding        -- veth pair --  "up"  <-- masquerade --  links of the members
 *     a user: sockets  <--  pasta              -- tap device -- "up"
 *                  |
 *             keeper (box:[uplink])  <-- control (uplink_keeper.h) --  box-net
 *
 * Outside, where box-net cannot go, a process stays that has the powers for it, the keeper (split.h). It knows a handful of words and reads
 * nothing else, so whoever takes box-net over, which reads what members send, has nothing of the host. It ends, and puts back what was
 * changed outside, when the last process that holds its socket has ended.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;
struct uplink;

/* By the socket to its keeper, which is taken. is_there: in a process that goes on for one that was killed. */
struct uplink *uplink_new(int socket, bool is_there);

/* Asks for the device, and then waits for it, up to five seconds: it is configured and up. Where that fails nothing has been begun; the
 * error says what this host lacks. */
void uplink_ask(struct uplink *uplink);
int uplink_begin(struct uplink *uplink, struct error *e);

/* The ports of these sockets, which lie in the host's network namespace, lead to "up", and no others (dnat.h). The sockets stay open. */
int uplink_lead(struct uplink *uplink, const int *sockets, size_t count, struct error *e);
/* Since this was asked last its keeper was killed and replaced: that has to be said again. */
bool uplink_has_forgotten(struct uplink *uplink);

/* For the loop: what it waits for, when it wants to be served at the latest (-1: never), and its turn. */
int uplink_fd(const struct uplink *uplink);
int uplink_deadline_ms(const struct uplink *uplink);
void uplink_serve(struct uplink *uplink);

/* Whether the way out is there now. */
bool uplink_is_up(const struct uplink *uplink);

/* The network ends: its keeper goes to work at once. NULL is fine, as below. */
void uplink_end(struct uplink *uplink);

/* The way out ends, unless another process holds the socket too. */
void uplink_free(struct uplink *uplink);
