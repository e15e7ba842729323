/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upstream_serve.c - questions to the host's name servers.
 *
 *     an inquiry:  UDP to server 0 -> (silence, refused, no answer to give) UDP to server 1 -> … -> the last answer, or none
 *                                |
 *                                v  cut, and the asker takes more
 *                               TCP to the same server: connecting -> writing -> reading
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/network/names/dns.h"
#include "runtime/network/names/upstream.h"
#include "runtime/network/names/upstream_parts.h"

static const char conf[] = "/etc/resolv.conf";

enum { CONF_MOST = 64 << 10, LENGTH = 2 /* bytes before a message over TCP */ };

struct inquiry {
	struct upstream_header header;
	struct dns_question question;
	uint8_t query[LENGTH + DNS_QUERY]; /* behind its length, which TCP wants; with the id that the servers see */
	size_t query_length;
	uint16_t asked_id;
	unsigned tries;
	bool is_tcp;
	size_t done;       /* bytes written, then bytes read, over TCP */
	bool is_written;
	int64_t until_ms;
	uint8_t *answer;   /* the last one, which may be better than none; over TCP: what has come, behind its length */
	size_t answer_length;
};

struct upstream {
	int socket;
	struct name_servers servers;
	struct timespec changed;
	ino_t inode;
	struct inquiry *inquiries[UPSTREAM_MOST];
	struct pollfd waits[UPSTREAM_MOST + 1]; /* of the inquiries; the last is our socket */
	size_t count;
	uint8_t message[sizeof(struct upstream_header) + DNS_MESSAGE];
};

/* The host may have got to another network. */
static void read_conf(struct upstream *u)
{
	autorelease(text) struct text text = { 0 };
	struct error e = { 0 };
	struct stat now = { 0 };

	if (stat(conf, &now) == 0 && u->servers.count && now.st_ino == u->inode && now.st_mtim.tv_sec == u->changed.tv_sec &&
	    now.st_mtim.tv_nsec == u->changed.tv_nsec)
		return;
	u->inode = now.st_ino;
	u->changed = now.st_mtim;
	(void)file_read(AT_FDCWD, conf, CONF_MOST, &text, &e); /* none: the host's own resolver asks itself then */
	name_servers_parse(text.data ? text.data : "", &u->servers);
}

static void end(struct upstream *u, size_t at)
{
	struct inquiry *inquiry = u->inquiries[at];

	if (u->waits[at].fd >= 0)
		close(u->waits[at].fd);
	free(inquiry->answer);
	free(inquiry);
	u->count--;
	u->inquiries[at] = u->inquiries[u->count];
	u->waits[at] = u->waits[u->count];
}

static void answer(struct upstream *u, size_t at, const uint8_t *bytes, size_t length)
{
	struct inquiry *inquiry = u->inquiries[at];
	struct iovec parts[] = { { &inquiry->header, sizeof inquiry->header }, { (void *)bytes, length } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	uint8_t id[2];

	if (length >= DNS_HEADER) {
		dns_put_number(id, inquiry->asked_id);
		memcpy((uint8_t *)bytes, id, sizeof id);
	}
	(void)sendmsg(u->socket, &message, MSG_NOSIGNAL); /* who asked waits no longer then */
	end(u, at);
}

static int open_socket(const struct upstream *u, const struct inquiry *inquiry)
{
	const struct sockaddr *server = &u->servers.items[inquiry->tries % u->servers.count].any;
	socklen_t length = server->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	autoclose int fd = socket(server->sa_family, (inquiry->is_tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || (connect(fd, server, length) && errno != EINPROGRESS))
		return -1;
	if (!inquiry->is_tcp && send(fd, inquiry->query + LENGTH, inquiry->query_length, MSG_NOSIGNAL) < 0)
		return -1;
	return take_fd(&fd);
}

/* Asks the server whose turn it is; the next one where that cannot be. The inquiry may have ended afterwards. */
static void ask(struct upstream *u, size_t at)
{
	struct inquiry *inquiry = u->inquiries[at];
	struct pollfd *wait = &u->waits[at];

	if (wait->fd >= 0)
		close(take_fd(&wait->fd));
	for (; inquiry->tries < UPSTREAM_ROUNDS * u->servers.count; inquiry->tries++, inquiry->is_tcp = false) {
		if (getrandom(inquiry->query + LENGTH, 2, 0) != 2)
			continue;
		*wait = (struct pollfd){ .fd = open_socket(u, inquiry), .events = inquiry->is_tcp ? POLLOUT : POLLIN };
		inquiry->until_ms = clock_monotonic_ms() + UPSTREAM_TRY_MS;
		inquiry->done = 0;
		inquiry->is_written = false;
		if (wait->fd >= 0)
			return;
	}
	answer(u, at, inquiry->answer, inquiry->answer ? inquiry->answer_length : 0);
}

static void ask_next(struct upstream *u, size_t at)
{
	u->inquiries[at]->tries++;
	u->inquiries[at]->is_tcp = false;
	ask(u, at);
}

static void keep(struct inquiry *inquiry, const uint8_t *bytes, size_t length)
{
	free(inquiry->answer);
	inquiry->answer = (uint8_t *)alloc_copy_bytes(bytes, length);
	inquiry->answer_length = length;
}

static void take_datagram(struct upstream *u, size_t at)
{
	struct inquiry *inquiry = u->inquiries[at];
	uint8_t *bytes = u->message;
	ssize_t got = recv(u->waits[at].fd, bytes, DNS_MESSAGE, MSG_DONTWAIT);
	uint16_t flags;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got < 0)
		return ask_next(u, at);
	if (!dns_answers(bytes, (size_t)got, inquiry->query + LENGTH, &inquiry->question))
		return; /* somebody guesses */
	flags = dns_number(bytes + 2);
	if (flags & DNS_CUT && inquiry->header.is_tcp) {
		keep(inquiry, bytes, (size_t)got);
		inquiry->is_tcp = true;
		return ask(u, at);
	}
	if ((flags & DNS_CODE) == DNS_FAILED || (flags & DNS_CODE) == DNS_REFUSED || (flags & DNS_CODE) == DNS_NOT_DONE) {
		keep(inquiry, bytes, (size_t)got);
		return ask_next(u, at);
	}
	answer(u, at, bytes, (size_t)got);
}

static void write_stream(struct upstream *u, size_t at)
{
	struct inquiry *inquiry = u->inquiries[at];
	size_t length = LENGTH + inquiry->query_length;
	ssize_t put;

	dns_put_number(inquiry->query, (uint16_t)inquiry->query_length);
	put = send(u->waits[at].fd, inquiry->query + inquiry->done, length - inquiry->done, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (put < 0 && errno != EAGAIN)
		return ask_next(u, at);
	inquiry->done += put > 0 ? (size_t)put : 0;
	if (inquiry->done < length)
		return;
	inquiry->done = 0;
	inquiry->is_written = true;
	u->waits[at].events = POLLIN;
	free(inquiry->answer);
	inquiry->answer = alloc_zeroed(1, LENGTH + DNS_MESSAGE);
	inquiry->answer_length = 0; /* what of it there is is no answer yet */
}

static void read_stream(struct upstream *u, size_t at)
{
	struct inquiry *inquiry = u->inquiries[at];
	size_t wanted = inquiry->done < LENGTH ? LENGTH : (size_t)LENGTH + dns_number(inquiry->answer);
	ssize_t got = recv(u->waits[at].fd, inquiry->answer + inquiry->done, wanted - inquiry->done, MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0)
		return ask_next(u, at);
	inquiry->done += (size_t)got;
	if (inquiry->done < wanted || inquiry->done == LENGTH)
		return;
	if (!dns_answers(inquiry->answer + LENGTH, wanted - LENGTH, inquiry->query + LENGTH, &inquiry->question))
		return ask_next(u, at);
	answer(u, at, inquiry->answer + LENGTH, wanted - LENGTH);
}

/* "ticket, is_tcp, query". False: nobody asks any more. */
static bool take_question(struct upstream *u)
{
	const size_t head = sizeof(struct upstream_header);
	ssize_t got = recv(u->socket, u->message, sizeof u->message, MSG_DONTWAIT);
	struct inquiry *inquiry;
	size_t at = u->count;

	if (got <= 0)
		return got < 0 && (errno == EAGAIN || errno == EINTR);
	if ((size_t)got < head + DNS_HEADER || (size_t)got - head > DNS_QUERY)
		return true;
	inquiry = u->inquiries[at] = alloc_zeroed(1, sizeof *inquiry);
	u->waits[at] = (struct pollfd){ .fd = -1 };
	u->count++;
	inquiry->query_length = (size_t)got - head;
	memcpy(&inquiry->header, u->message, head);
	memcpy(inquiry->query + LENGTH, u->message + head, inquiry->query_length);
	inquiry->asked_id = dns_number(inquiry->query + LENGTH);
	if (dns_read(inquiry->query + LENGTH, inquiry->query_length, &inquiry->question) != DNS_GOOD) {
		answer(u, at, NULL, 0);
		return true;
	}
	read_conf(u);
	ask(u, at);
	return true;
}

static int wait_ms(const struct upstream *u)
{
	int64_t next = INT64_MAX, now = clock_monotonic_ms();

	for (size_t i = 0; i < u->count; i++)
		if (u->inquiries[i]->until_ms < next)
			next = u->inquiries[i]->until_ms;
	return next == INT64_MAX ? -1 : next > now ? (int)(next - now) : 0;
}

/* From the last one on: one that ends is replaced by the last, which was looked at already. */
static void look(struct upstream *u)
{
	int64_t now = clock_monotonic_ms();

	for (size_t i = u->count; i-- > 0;) {
		if (!u->waits[i].revents) {
			if (now >= u->inquiries[i]->until_ms)
				ask_next(u, i);
		} else if (!u->inquiries[i]->is_tcp) {
			take_datagram(u, i);
		} else if (!u->inquiries[i]->is_written) {
			write_stream(u, i);
		} else {
			read_stream(u, i);
		}
	}
}

_Noreturn void upstream_serve(int socket)
{
	struct upstream *u = alloc_zeroed(1, sizeof *u);

	u->socket = socket;
	for (;;) {
		struct pollfd *own = &u->waits[u->count];
		short got;

		*own = (struct pollfd){ .fd = u->count < UPSTREAM_MOST ? socket : -1, .events = POLLIN };
		if (poll(u->waits, u->count + 1, wait_ms(u)) < 0)
			continue;
		got = own->revents;
		look(u);
		if (got && !take_question(u))
			_exit(0);
	}
}
