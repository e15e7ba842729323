/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.h - what root's networks need of the host's own network namespace: table "inet box", and forwarding. Called there.
 *
 * All networks of all state folders share both. Who changes them holds the lock of the namespace. The rules are the same for
 * every network, so that any keeper can write them again when somebody flushed them (fail closed: without them the router
 * namespaces still let nothing in that nobody asked for). Forwarding is switched on for single interfaces where it was off, and packets
 * between interfaces that only box has switched on are dropped. STATE/.networks/forwarding notes them, a line each; they are switched off
 * when the last uplink has gone.
 */
#pragma once

#include "base/text.h"

struct error;
struct firewall;
struct host_link;

struct host {
	int networks;  /* the folder STATE/.networks, borrowed */
	int monitor;   /* netlink socket that tells when tables go; -1: no uplink, nothing to keep */
	const struct host_link *link; /* this network's uplink, borrowed; NULL for a sweep */
	char *ports;   /* the last of host_lead, or NULL */
	int note;      /* STATE/.networks/.host, locked as long as there is something to put back, in the spare too; -1 */
	int lock;      /* of the host's rules, from host_prepare to host_begin; -1 */
	struct list interfaces; /* which have to forward */
};

void host_release(struct host *host);

/* Everything that does not need the uplink: rules and the monitor. From here to host_begin no other network takes the rules away. */
int host_prepare(struct host *host, struct error *e);

/* The uplink is there: forwarding, behind what drops. */
int host_begin(struct host *host, struct error *e);

/* Rules of this network's uplink alone, for published ports (lead.h): nft's commands, in a chain "ports_UPLINK" that is emptied before.
 * They go with the uplink. */
int host_lead(struct host *host, const char *commands, struct error *e);

/* Something came by the monitor: where the table has gone it is made again. */
int host_serve(struct host *host, struct error *e);

/* The uplink is going: its rules go first, because its name may be another network's next. */
int host_end_leads(struct host *host, struct error *e);

/* The uplink is gone: where it was the last one, what box has changed is put back. */
int host_end(struct host *host, struct error *e);
