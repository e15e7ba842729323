/* SPDX-License-Identifier: Apache-2.0 */
/*
 * known.h - which names the members of a network are answered: services and their aliases, and what a member is told about the others of
 * its file and about its other networks.
 */
#pragma once

#include <stdbool.h>

struct error;
struct router;

/* In the router namespace; upstream (upstream.h), or -1, is taken. */
int known_begin(struct router *r, int upstream, struct error *e);

/* Members or their names have changed. */
void known_settle(struct router *r);
