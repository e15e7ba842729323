/* SPDX-License-Identifier: Apache-2.0 */
/*
 * join.h - a container's way into its networks, step by step beside its start (launch.c).
 *
 *     networks_begin      connects to every box-net, begins those that are not there, and asks them for addresses
 *     networks_prepared   before the clone: the answers are here, and /etc/hosts can be written
 *     networks_open       the container's first process is there: its network namespace. Before it takes on other ids: from then on
 *                         until it executes a program its namespaces are closed to an ordinary user (PR_SET_DUMPABLE)
 *     networks_join       its links, addresses, routes
 *     networks_joined     right before its program: the networks have all that it needs
 *     networks_say_live   while its program begins: its services' addresses are to lead to it; networks_live: they do
 *     networks_keep       an app in the background: it stays in them without this process
 *
 * networks_free undoes what was not kept. While box-net works on what it was asked, the start goes on.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct container;
struct error;
struct file_entry;
struct list;
struct networks;
struct places;

int networks_begin(const struct places *places, const struct container *container, bool is_background, struct networks **ret,
		   struct error *e);
int networks_prepared(struct networks *networks, struct error *e);
int networks_open(struct networks *networks, pid_t pid, struct error *e);
int networks_join(struct networks *networks, int pidfd, struct error *e);
int networks_joined(struct networks *networks, struct error *e);
int networks_say_live(struct networks *networks, struct error *e);
int networks_live(struct networks *networks, struct error *e);
int networks_keep(struct networks *networks, struct error *e);
void networks_free(struct networks *networks);

/* After networks_prepared: /etc/hosts and /etc/resolv.conf, where the container has no mount of its own there. Borrowed. */
const struct file_entry *networks_files(const struct networks *networks, size_t *ret_count);

/* After networks_prepared: "NETWORK IP4 IP6", for the record. Adds to ret. */
void networks_addresses(const struct networks *networks, struct list *ret);

/* After networks_prepared: what its networks lack, a sentence each. Borrowed. */
const struct list *networks_warnings(const struct networks *networks);
