/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upstream.h - the process that asks the host's name servers.
 *
 * It stays in the host's network namespace, where any server that /etc/resolv.conf names can be reached, one on the host's loopback too,
 * and has no privileges. It is asked over a SOCK_SEQPACKET socket, and answers in any order:
 *
 *     to it      struct upstream_header, then the query: its id is not what the servers see
 *     from it    struct upstream_header with the same ticket, then the answer with the query's id; nothing where no server gave one
 *
 * Every question goes from a socket of its own, so from a random port, under a random id. It goes to the next server after UPSTREAM_TRY_MS
 * and where one could not answer. An answer that was cut is asked for again by TCP, where is_tcp says that the asker can take it.
 * Two processes, of which one begins the other when something is asked, and again where it was killed; they end when nobody has the
 * socket's other end any more.
 */
#pragma once

#include <stdint.h>

struct error;

struct upstream_header {
	uint64_t ticket;
	uint64_t is_tcp;
};

enum { UPSTREAM_TRY_MS = 1500, UPSTREAM_ROUNDS = 2, UPSTREAM_MOST = 512 /* questions at a time */ };

/* Both ends of its socket, owned; who asks does not block. */
struct upstream_ends {
	int asks, answers;
};
int upstream_open(struct upstream_ends *ret, struct error *e);

/* Begins it from a process that is still in the host's namespaces, beside that one: nobody has to wait for it. answers is borrowed. */
int upstream_begin(int answers, struct error *e);
