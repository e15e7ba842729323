/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetcher_link.h - the other end of a fetcher's channel (fetcher.h): one order at a time.
 */
#pragma once

#include <stdint.h>

struct error;
struct id_map;
struct plan;
struct wire_message;

struct fetcher_link {
	int pidfd, channel;
	int pipe; /* what the order brings, or -1: no order is open */
};

/* Starts a fetcher whose root is folder. plan is only read. */
int fetcher_link_start(struct fetcher_link *ret, int folder, const struct id_map *ids, const struct plan *plan, struct error *e);
void fetcher_link_end(struct fetcher_link *link);

/* Sends one order; link->pipe can be read afterwards. */
int fetcher_link_order(struct fetcher_link *link, const char *kind, const char *name, int64_t offset, struct error *e);

/* The fetcher's answer, which follows the end of its pipe; closes that. */
int fetcher_link_hear(struct fetcher_link *link, struct wire_message *ret, struct error *e);
