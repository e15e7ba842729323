/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay_parts.h - what the files of the relay share; nobody else includes it.
 *
 *     relay_services.c  services, their ports and targets; the loop
 *     relay_connect.c   which target, from which address
 *     relay_flow.c      connections: their life, and the bytes that go through
 *     relay_pipes.c     pipes for splice(2), used again
 *     relay_udp.c       datagrams
 *
 * What epoll(7) reports is a struct relay_watch, the first member of something. Events that were fetched together may speak of something
 * that an earlier one ended: so that is put on the list of the dead, and freed when all of them have been looked at.
 */
#pragma once

#include <netinet/in.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "runtime/network/relay/relay.h"

enum {
	RELAY_MARK = 2,              /* of packets to targets: rules.c */
	RELAY_BUFFER = 64 << 10,     /* bytes read at once where they are copied */
	RELAY_PIPE = 1 << 20,        /* bytes that a pipe shall hold */
	RELAY_TURN = 1 << 20,        /* bytes in one direction before others have their turn */
	RELAY_ACCEPTS = 64,          /* connections accepted from one socket before others have their turn */
	RELAY_EVENTS = 256,
	RELAY_PARKED_MOST = 1024,    /* connections that wait for a target; others stay in the kernel's queue */
	RELAY_GRACE_MS = 100,        /* until one that all targets refuse is reset although nobody holds the service */
	RELAY_RETRY_MS = 20,         /* between two tries of those */
	RELAY_CONNECT_MS = 10000,    /* until a target that does not answer is given up */
	RELAY_CLOSING_MS = 60000,    /* a client that neither says anything nor closes, once the target has closed; as conntrack has it */
	RELAY_STARVED_MS = 100,      /* without descriptors, until accepting is tried again */
};

enum relay_kind { RELAY_DEAD, RELAY_LISTENER, RELAY_SIDE, RELAY_DATAGRAMS, RELAY_PEER };

struct relay_watch {
	enum relay_kind kind;
};

union relay_address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

/* A socket that was given to relay_open. */
struct relay_listener {
	struct relay_watch watch;
	LIST_ENTRY(relay_listener) links; /* of its service, or of the dead */
	struct relay_service *service;
	int fd;
	int family;
	in_port_t target;
	bool is_paused;
};

LIST_HEAD(relay_listeners, relay_listener);

struct relay_service {
	LIST_ENTRY(relay_service) links;
	struct relay_listeners listeners;
	char *name;
	struct relay_target *targets;
	size_t count, next; /* which is next */
	int64_t held_until_ms; /* 0: it is not */
};

/* One of the two sockets of a connection. Events come once for each change (EPOLLET); what they said is kept here. */
struct relay_side {
	struct relay_watch watch;
	struct relay_flow *flow;
	int fd;
	bool is_readable, is_writable;
	bool is_hung; /* an end of file may be there to be read */
};

/* One direction. What was read and not written is in the pipe, or in rest. */
struct relay_pump {
	int pipe[2];
	size_t piped;
	char *rest;
	size_t rest_at, rest_end;
	unsigned full_reads; /* one after the other: there is much to move */
	bool has_ended;      /* the end of file was read */
	bool is_done;        /* and passed on */
};

LIST_HEAD(relay_services, relay_service);

/* Closing: running, but the target has sent its end of file. */
enum relay_state { RELAY_CONNECTING, RELAY_PARKED, RELAY_RUNNING, RELAY_CLOSING, RELAY_STATES };

/* A TCP connection: side 0 is the client, side 1 the target; pump 0 goes from the client to the target. */
struct relay_flow {
	TAILQ_ENTRY(relay_flow) links; /* of the list of its state, or of the dead */
	TAILQ_ENTRY(relay_flow) turns; /* of those whose turn was over before their bytes were */
	bool has_turn;
	enum relay_state state;
	struct relay_side sides[2];
	struct relay_pump pumps[2];
	struct relay_service *service; /* until it runs */
	union relay_address client;
	struct relay_target target;
	in_port_t port;
	size_t first, tried; /* which target was the first, and how many tries there were */
	int64_t accepted_ms;
	int64_t since_ms;    /* when it began to connect, or was parked; closing: when something last came or went */
};

TAILQ_HEAD(relay_flow_list, relay_flow);

struct relay {
	int epoll;
	struct relay_network network;
	struct relay_services services;
	struct relay_flow_list flows[RELAY_STATES]; /* by state; each in the order of since_ms */
	size_t parked;
	struct relay_flow_list turns, dead;
	struct relay_listeners dead_listeners;
	int64_t starved_until_ms; /* 0: there are descriptors */
	int fd_most; /* descriptors from here on are for the rest of this process: clients may hold as many connections as they like */
	struct relay_pipes *pipes;
	struct relay_udp *udp;
	char *buffer;
};

/* Whether the target is to see the client's address: see relay.h. */
bool relay_keeps_address(const struct relay *relay, const union relay_address *client);

/* A socket of the router namespace that is connected, or about to be, to a target's port; from the client's address and port where keeps.
 * -1 with errno. type: SOCK_STREAM or SOCK_DGRAM. */
int relay_connect(const struct relay *relay, const union relay_address *client, const struct relay_target *target, in_port_t port,
		  int family, int type, bool keeps);

/* The address families to try with a client, in order. */
void relay_families(const union relay_address *client, bool keeps, int ret[static 2]);
bool relay_target_has(const struct relay_target *target, int family);

/* A new connection from a client; the socket is the flow's. */
void relay_flow_begin(struct relay *relay, struct relay_listener *listener, int client, const union relay_address *address);
void relay_flow_event(struct relay *relay, struct relay_side *side, uint32_t events);
/* Moves what can be moved. */
void relay_flow_turn(struct relay *relay, struct relay_flow *flow);
/* Tries the parked connections of a service again; of all services where it is NULL. Resets those whose time is over. */
void relay_flow_retry(struct relay *relay, const struct relay_service *service);
/* Gives up targets that do not answer. */
void relay_flow_expire(struct relay *relay, int64_t now);
/* Ends a connection; is_reset: both sides hear that it was no good end. */
void relay_flow_end(struct relay *relay, struct relay_flow *flow, bool is_reset);

/* Moves bytes in one direction: 1 where there are more, 0 where it has to wait, -1 where the connection is broken. */
int relay_pump_run(struct relay *relay, struct relay_pump *pump, struct relay_side *from, struct relay_side *to);
void relay_pump_release(struct relay *relay, struct relay_pump *pump);

/* A pipe that does not block: 0, or -1 where there is none. Given back empty, or closed where it is not. */
struct relay_pipes *relay_pipes_new(void);
void relay_pipes_free(struct relay_pipes *pipes);
int relay_pipes_take(struct relay_pipes *pipes, int ret[static 2]);
void relay_pipes_give(struct relay_pipes *pipes, int pipe[static 2], bool is_empty);

/* Datagrams. */
struct relay_udp *relay_udp_new(void);
void relay_udp_free(struct relay *relay);
void relay_udp_client(struct relay *relay, struct relay_listener *listener);
void relay_udp_peer(struct relay *relay, struct relay_watch *watch);
/* The targets of a service have changed, or one of its sockets (NULL: no particular one) goes away. */
void relay_udp_drop(struct relay *relay, const struct relay_service *service, const struct relay_listener *listener);
/* Ends flows that were silent for long; when the next one will have been: -1 for never. */
void relay_udp_expire(struct relay *relay, int64_t now);
int64_t relay_udp_next_ms(const struct relay *relay);
void relay_udp_reap(struct relay *relay);
