/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words.h - what box and box-net say to each other: texts with descriptors (supervise/control.h) over STATE/.networks/NAME/control.
 *
 * The first line is a verb with its words, every further line a key with its own. The answer to each is "ok", perhaps with lines, or
 * "failed …". A connection that ends takes along what it has prepared or joined and not kept.
 *
 *     prepare INSTANCE SERVICE     an address for the instance, and one for its service. Lines: "alias NAME", "neighbour NAME SERVICE"
 *         ok                       with a netlink socket of the router namespace: "link NAME INDEX ROUTER-MAC OWN-MAC MTU" (link.h), which
 *                                  box makes before it joins; "warning WORDS"; "address IP4 IP6", "router IP4 IP6",
 *                                  "subnet IP4/N IP6/64", "service IP4 IP6", "internal 0|1", "neighbour NAME IP4 IP6" …; IP6 is "-"
 *                                  where the host has none
 *     join INSTANCE                its link is there. Descriptors: pidfd of its first process, and one for each line: "udp", "tcp", a
 *                                  socket on 127.0.0.11:53 in there, in its first network; "before" and "next", one end of a pair to
 *                                  the network before and behind this one among its own, for names (names/resolver.h)
 *     live INSTANCE                its program runs: its service's address leads to it too, unless it was prepared with "standby"
 *     keep INSTANCE                from now on it is a member as long as STATE/INSTANCE is there, not this connection
 *     leave INSTANCE
 *     ports SERVICE N              its ports from number N on: lines "port tcp|udp TARGET ADDRESS PUBLISHED host|dnat"
 *     publish SERVICE              such lines, with a bound socket each, in that order; and lines "lead …" for ports that are held, and
 *                                  may lead to another TARGET now. Held as long as the service has a member. With a line "standby" the
 *                                  service goes on as it was: what leads where is not changed. With "more" another such message follows,
 *                                  and rules are written behind the last
 *         ok                       perhaps "warning WORDS": what is published nevertheless
 *     withdraw SERVICE             such lines: these are closed; without lines: all of the service's
 *     switch SERVICE               lines "instance NAME": its address leads to these, and to no other, from one packet to the next
 *     hold SERVICE MILLISECONDS    new connections wait as long as it has no live instance; 0: no longer
 *     flows INSTANCE               "ok N": flows that lead to it and have not ended
 *     show                         lines: "network …", "member INSTANCE SERVICE IP4 IP6 prepared|joined|standby|live|gone",
 *                                  "service NAME IP4 IP6", "port SERVICE …"
 */
#pragma once

/* STATE/.networks/NAME/…, and the lock of all beside them, which is box's alone: box-net takes the one of its own folder (flock(2) of
 * it), as who connects does. No network is called like what begins with a dot. */
#define NETWORKS_FOLDER ".networks"
#define NETWORK_LOCK ".lock"
#define NETWORK_SOCKET "control"
#define NETWORK_RUN_NOTE "run"
/* In the folder of leases (record.h). */
#define NETWORK_ADDRESSES "addresses"
#define NETWORK_TITLE "box:[network]"
#define NETWORK_SPARE_TITLE "box:[spare]"
/* Begun with this word, and the number of the descriptor of STATE/.networks, it only clears the host. */
#define NETWORK_SWEEP "sweep"
/* Begun with this word it tries what networks need, prints what it found to be wrong, and ends. */
#define NETWORK_TRIAL "trial"
/* STATE/.networks/…: the host has rules of box. Each keeper that is there to remove them, and its spare, have a shared flock on it. */
#define NETWORK_HOST_NOTE ".host"

/* A container's name server. */
#define NETWORK_RESOLVER "127.0.0.11"

/* Sockets of published ports in a network. */
enum { NETWORK_PORTS_MOST = 4096 };

/* In the router namespace, all in nft's words: the links of members are m1, m2 …, the way out is up. */
#define NETWORK_LINK "m%u"
#define NETWORK_UPLINK "up"
/* In the host's: bx0, bx1 … */
#define NETWORK_HOST_LINK "bx"

/* What box-net is begun with (supervise/spawn.h): STATE/.networks/NAME, the listening socket, and the first connection. */
enum { NETWORK_AT_FOLDER = 3, NETWORK_AT_LISTENER = 4, NETWORK_AT_FIRST = 5 };
