/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copies.h - what box-net's spare has of it, and how that goes on.
 *
 *     member INSTANCE      "SERVICE INDEX SERVICE-INDEX PHASE STANDBY DURABLE KEPT -WHICH", lines "alias NAME", "known …". WHICH of its
 *                          descriptors came: a letter each (MEMBER_DESCRIPTORS, members.h)
 *     port SERVICE PORT…   "port" in the words of port_line.h; its socket
 *
 * A member is handed over when its program runs: a start that is under way when box-net is killed fails, and says so.
 */
#pragma once

struct error;
struct member;
struct published;
struct router;

/* Begins the spare, or another one where it was killed. */
int copies_begin(struct router *r, struct error *e);

void copies_put_member(struct router *r, struct member *member);
void copies_drop_member(struct router *r, const struct member *member);
void copies_put_port(struct router *r, const struct published *published);
void copies_drop_port(struct router *r, const struct published *published);
