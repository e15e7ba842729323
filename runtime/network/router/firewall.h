/* SPDX-License-Identifier: Apache-2.0 */
/*
 * firewall.h - commands of nft(8) in the network namespace in which it was opened.
 */
#pragma once

#include <stdbool.h>

struct error;
struct firewall;

struct firewall *firewall_open(struct error *e);
void firewall_free(struct firewall *firewall);

/* What "list …" prints, borrowed until the next call; NULL where there is no such thing. */
const char *firewall_list(struct firewall *firewall, const char *command);

/* All commands, a line each, as one transaction: all of them, or none. */
int firewall_run(struct firewall *firewall, const char *commands, struct error *e);

/* Removes table "inet box" of this process' network namespace, where there is one. It needs no struct firewall, whose beginning costs
 * more. */
int firewall_remove(struct error *e);

/* Whether a chain of that table is missing, asked likewise; false where the kernel does not say. */
bool firewall_lacks_chain(const char *name);
