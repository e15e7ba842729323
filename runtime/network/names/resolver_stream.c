/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolver_stream.c - questions by TCP: two bytes of length before every message, one question after the other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "runtime/network/names/resolver_parts.h"

enum { LENGTH = 2 };

void resolver_stream_end(struct resolver *resolver, struct stream *stream)
{
	struct asker *asker = stream->watch.asker;

	stream->watch.kind = RESOLVER_DEAD;
	close(take_fd(&stream->watch.fd));
	free(stream->out);
	stream->out = NULL;
	LIST_REMOVE(stream, links);
	asker->stream_count--;
	LIST_INSERT_HEAD(&resolver->dead_streams, stream, links);
}

/* A connection too many is not refused: the one that is silent for longest makes room. */
static void make_room(struct resolver *resolver, struct asker *asker)
{
	struct stream *stream, *oldest = NULL;

	LIST_FOREACH(stream, &asker->streams, links)
		if (!oldest || stream->until_ms < oldest->until_ms)
			oldest = stream;
	if (asker->stream_count >= RESOLVER_STREAMS)
		resolver_stream_end(resolver, oldest);
}

void resolver_stream_accept(struct resolver *resolver, struct asker *asker)
{
	struct stream *stream;
	int fd = accept4(asker->tcp.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	make_room(resolver, asker);
	stream = alloc_zeroed(1, sizeof *stream);
	stream->watch = (struct resolver_watch){ .kind = RESOLVER_STREAM, .asker = asker, .fd = fd };
	stream->id = ++resolver->next_stream;
	stream->until_ms = clock_monotonic_ms() + RESOLVER_STREAM_MS;
	LIST_INSERT_HEAD(&asker->streams, stream, links);
	asker->stream_count++;
	if (resolver_watch(resolver, &stream->watch, EPOLLIN, EPOLL_CTL_ADD))
		resolver_stream_end(resolver, stream);
}

/* False: it has ended. */
static bool write_out(struct resolver *resolver, struct stream *stream)
{
	ssize_t put = send(stream->watch.fd, stream->out + stream->out_at, stream->out_end - stream->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (put < 0 && errno != EAGAIN && errno != EINTR) {
		resolver_stream_end(resolver, stream);
		return false;
	}
	stream->out_at += put > 0 ? (size_t)put : 0;
	if (stream->out_at == stream->out_end) {
		free(stream->out);
		stream->out = NULL;
	}
	return true;
}

/* The question that is whole in the buffer; what is behind it moves up. */
static void ask_first(struct resolver *resolver, struct stream *stream)
{
	const struct resolver_client client = { .asker = stream->watch.asker, .kind = RESOLVER_STREAM, .is_tcp = true, .id = stream->id };
	size_t length = dns_number(stream->in);
	uint8_t query[DNS_QUERY];

	memcpy(query, stream->in + LENGTH, length);
	stream->have -= LENGTH + length;
	memmove(stream->in, stream->in + LENGTH + length, stream->have);
	stream->is_waiting = true;
	resolver_ask(resolver, &client, query, length);
}

/* One question after the other, as long as they are whole and their answers go away. */
static void go_on(struct resolver *resolver, struct stream *stream)
{
	while (stream->watch.kind == RESOLVER_STREAM && !stream->is_waiting && !stream->out && stream->have >= LENGTH) {
		size_t length = dns_number(stream->in);

		if (length < DNS_HEADER || length > DNS_QUERY)
			return resolver_stream_end(resolver, stream);
		if (stream->have < LENGTH + length)
			break;
		ask_first(resolver, stream);
	}
	if (stream->watch.kind == RESOLVER_STREAM) /* without an answer to wait for or to write, the next question is awaited */
		(void)resolver_watch(resolver, &stream->watch, stream->out ? EPOLLOUT : stream->is_waiting ? 0 : EPOLLIN, EPOLL_CTL_MOD);
}

void resolver_stream_event(struct resolver *resolver, struct stream *stream)
{
	ssize_t got;

	stream->until_ms = clock_monotonic_ms() + RESOLVER_STREAM_MS;
	if (stream->out && !write_out(resolver, stream))
		return;
	if (!stream->out && !stream->is_waiting) {
		got = recv(stream->watch.fd, stream->in + stream->have, sizeof stream->in - stream->have, MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			return resolver_stream_end(resolver, stream);
		stream->have += got > 0 ? (size_t)got : 0;
	} else if (stream->is_waiting) {
		return resolver_stream_end(resolver, stream); /* it waits for nothing but an answer, and so for no event: it hung up */
	}
	go_on(resolver, stream);
}

void resolver_stream_reply(struct resolver *resolver, const struct resolver_client *client, const uint8_t *bytes, size_t length)
{
	struct stream *stream;

	LIST_FOREACH(stream, &client->asker->streams, links)
		if (stream->id == client->id)
			break;
	if (!stream || !stream->is_waiting)
		return;
	stream->is_waiting = false;
	stream->out = alloc_zeroed(1, LENGTH + length);
	dns_put_number(stream->out, (uint16_t)length);
	memcpy(stream->out + LENGTH, bytes, length);
	stream->out_at = 0;
	stream->out_end = LENGTH + length;
	stream->until_ms = clock_monotonic_ms() + RESOLVER_STREAM_MS;
	if (write_out(resolver, stream))
		(void)resolver_watch(resolver, &stream->watch, stream->out ? EPOLLOUT : EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
}

void resolver_stream_expire(struct resolver *resolver, int64_t now)
{
	struct asker *asker;
	struct stream *stream, *next;

	LIST_FOREACH(asker, &resolver->askers, links)
		for (stream = LIST_FIRST(&asker->streams); stream; stream = next) {
			next = LIST_NEXT(stream, links);
			if (now >= stream->until_ms && !stream->is_waiting)
				resolver_stream_end(resolver, stream);
		}
}

int64_t resolver_stream_next_ms(const struct resolver *resolver)
{
	const struct asker *asker;
	const struct stream *stream;
	int64_t next = -1;

	LIST_FOREACH(asker, &resolver->askers, links)
		LIST_FOREACH(stream, &asker->streams, links)
			if (!stream->is_waiting && (next < 0 || stream->until_ms < next))
				next = stream->until_ms;
	return next;
}
