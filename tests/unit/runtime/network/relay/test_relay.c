/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_relay.c - clients and instances on loopback addresses; what needs networks of its own is in tests/system.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "runtime/network/relay/relay.h"

static struct relay *relay;
static in_port_t target_port; /* of all instances: one that is free on all their addresses */

static struct sockaddr_in address(const char *text, in_port_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = inet_addr(text) };
}

static in_port_t port_of(int fd)
{
	struct sockaddr_in own;
	socklen_t length = sizeof own;

	cr_assert_eq(getsockname(fd, (struct sockaddr *)&own, &length), 0);
	return ntohs(own.sin_port);
}

static int bound(int type, const char *text, in_port_t port)
{
	struct sockaddr_in own = address(text, port);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	cr_assert_eq(bind(fd, (const struct sockaddr *)&own, sizeof own), 0, "bind %s:%d: %s", text, port, strerror(errno));
	if (type == SOCK_STREAM)
		cr_assert_eq(listen(fd, 4096), 0);
	return fd;
}

static void begin(void)
{
	const struct relay_network network = { .subnet = { .four.s_addr = inet_addr("127.3.0.1"), .four_bits = 16 } };
	struct error e = { 0 };

	relay = relay_new(&network, &e);
	cr_assert_not_null(relay);
}

/* Publishes a port of "web"; which one. */
static in_port_t publish(int type)
{
	const struct relay_port port = { .service = "web", .protocol = type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP, .target = target_port };
	struct error e = { 0 };
	int fd = bound(type, "127.0.0.1", 0);
	in_port_t published = port_of(fd);

	cr_assert_eq(relay_open(relay, &port, fd, &e), 0);
	return published;
}

static void lead_to(const char *const *texts, size_t count, int64_t hold_ms)
{
	struct relay_target targets[8] = { 0 };

	for (size_t i = 0; i < count; i++)
		targets[i].four.s_addr = inet_addr(texts[i]);
	relay_targets(relay, "web", targets, count, hold_ms);
}

static void serve_for(int64_t ms)
{
	for (int64_t until = clock_monotonic_ms() + ms, left; (left = until - clock_monotonic_ms()) >= 0;) {
		struct pollfd wait = { relay_fd(relay), POLLIN, 0 };
		int deadline = relay_deadline_ms(relay);

		(void)poll(&wait, 1, deadline >= 0 && deadline < left ? deadline : (int)left);
		relay_serve(relay);
	}
}

/* Serves until something can be read or accepted from fd: whether that came about. */
static bool serve_until(int fd)
{
	for (int i = 0; i < 300; i++) {
		struct pollfd wait = { fd, POLLIN, 0 };

		if (poll(&wait, 1, 0) > 0)
			return true;
		serve_for(5);
	}
	return false;
}

static int client_to(int type, in_port_t port)
{
	struct sockaddr_in to = address("127.0.0.1", port);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	cr_assert(connect(fd, (const struct sockaddr *)&to, sizeof to) == 0 || errno == EINPROGRESS);
	return fd;
}

static int take_connection(int listener, struct sockaddr_in *ret_from)
{
	socklen_t length = sizeof *ret_from;

	cr_assert(serve_until(listener), "no connection came");
	return accept4(listener, (struct sockaddr *)ret_from, ret_from ? &length : NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static void expect_read(int fd, const char *text)
{
	char bytes[64] = "";

	cr_assert(serve_until(fd), "\"%s\" did not come", text);
	cr_assert_eq(recv(fd, bytes, sizeof bytes - 1, 0), (ssize_t)strlen(text), "\"%s\": %s", text, strerror(errno));
	cr_assert_str_eq(bytes, text);
}

static void expect_reset(int fd)
{
	char byte;

	cr_assert(serve_until(fd), "no reset came");
	cr_assert_eq(recv(fd, &byte, 1, 0), -1);
	cr_assert_eq(errno, ECONNRESET);
}

Test(network_relay, both_ways_with_an_end_each, .init = begin, .timeout = 30)
{
	int listener = bound(SOCK_STREAM, "127.3.0.2", 0), client, instance;
	struct sockaddr_in from;

	target_port = port_of(listener);
	lead_to((const char *[]){ "127.3.0.2" }, 1, 0);
	client = client_to(SOCK_STREAM, publish(SOCK_STREAM));
	instance = take_connection(listener, &from);
	cr_assert_eq(from.sin_addr.s_addr, inet_addr("127.3.0.1"), "a client on loopback is seen as the router");
	cr_assert_eq(send(client, "question", 8, 0), 8);
	expect_read(instance, "question");
	cr_assert_eq(shutdown(client, SHUT_WR), 0);
	expect_read(instance, "");
	cr_assert_eq(relay_flows(relay, (struct in_addr){ inet_addr("127.3.0.2") }), 1);
	cr_assert_eq(send(instance, "answer", 6, 0), 6);
	close(instance);
	expect_read(client, "answer");
	expect_read(client, "");
	serve_for(10);
	cr_assert_eq(relay_flows(relay, (struct in_addr){ inet_addr("127.3.0.2") }), 0);
	relay_free(relay);
}

Test(network_relay, a_reset_is_one, .init = begin, .timeout = 30)
{
	static const struct linger now = { 1, 0 };
	int listener = bound(SOCK_STREAM, "127.3.0.2", 0), client, instance;

	target_port = port_of(listener);
	lead_to((const char *[]){ "127.3.0.2" }, 1, 0);
	client = client_to(SOCK_STREAM, publish(SOCK_STREAM));
	instance = take_connection(listener, NULL);
	cr_assert_eq(setsockopt(instance, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
	close(instance);
	expect_reset(client);
	relay_free(relay);
}

/* Three instances, of which one does not listen. */
Test(network_relay, in_turn_and_round_who_refuses, .init = begin, .timeout = 30)
{
	int listeners[2] = { bound(SOCK_STREAM, "127.3.0.2", 0) }, counts[2] = { 0 };
	in_port_t port;

	target_port = port_of(listeners[0]);
	listeners[1] = bound(SOCK_STREAM, "127.3.0.4", target_port);
	lead_to((const char *[]){ "127.3.0.2", "127.3.0.3", "127.3.0.4" }, 3, 0);
	port = publish(SOCK_STREAM);
	for (int i = 0; i < 30; i++) {
		int client = client_to(SOCK_STREAM, port);

		serve_for(3);
		for (int j = 0; j < 2; j++)
			for (int fd; (fd = accept(listeners[j], NULL, NULL)) >= 0; close(fd))
				counts[j]++;
		close(client);
	}
	cr_assert_eq(counts[0] + counts[1], 30);
	cr_assert_geq(counts[0], 9);
	cr_assert_geq(counts[1], 9);
	relay_free(relay);
}

Test(network_relay, waits_while_held, .init = begin, .timeout = 30)
{
	int listener = bound(SOCK_STREAM, "127.3.0.2", 0), clients[3], instance;
	in_port_t port;

	target_port = port_of(listener);
	port = publish(SOCK_STREAM);
	lead_to(NULL, 0, 30000);
	clients[0] = client_to(SOCK_STREAM, port);
	cr_assert_eq(send(clients[0], "first", 5, 0), 5);
	serve_for(50);
	lead_to((const char *[]){ "127.3.0.9" }, 1, 30000); /* one that does not listen yet */
	clients[1] = client_to(SOCK_STREAM, port);
	serve_for(50);
	lead_to((const char *[]){ "127.3.0.2" }, 1, 0);
	instance = take_connection(listener, NULL);
	expect_read(instance, "first");
	(void)take_connection(listener, NULL);
	lead_to(NULL, 0, 0);
	clients[2] = client_to(SOCK_STREAM, port);
	expect_reset(clients[2]);
	cr_assert_eq(send(instance, "still", 5, 0), 5);
	expect_read(clients[0], "still"); /* what an instance has taken goes on */
	relay_free(relay);
}

/* An instance that was just killed refuses before anybody knows. */
Test(network_relay, who_is_refused_waits_a_moment, .init = begin, .timeout = 30)
{
	int listener = bound(SOCK_STREAM, "127.3.0.2", 0), clients[2], instance;
	in_port_t port;

	target_port = port_of(listener);
	port = publish(SOCK_STREAM);
	lead_to((const char *[]){ "127.3.0.9" }, 1, 0);
	clients[0] = client_to(SOCK_STREAM, port);
	cr_assert_eq(send(clients[0], "x", 1, 0), 1);
	serve_for(30);
	lead_to(NULL, 0, 30000);
	serve_for(200);
	lead_to((const char *[]){ "127.3.0.2" }, 1, 0);
	instance = take_connection(listener, NULL);
	expect_read(instance, "x");
	lead_to((const char *[]){ "127.3.0.9" }, 1, 0);
	clients[1] = client_to(SOCK_STREAM, port);
	expect_reset(clients[1]);
	relay_free(relay);
}

/* A reader that does not read stops its writer; then every byte comes, in order. */
Test(network_relay, much_to_a_slow_reader, .init = begin, .timeout = 60)
{
	static uint32_t out[1 << 20], in[1 << 18];
	int listener = bound(SOCK_STREAM, "127.3.0.2", 0), client, instance;
	size_t sent = 0, got = 0;

	target_port = port_of(listener);
	lead_to((const char *[]){ "127.3.0.2" }, 1, 0);
	client = client_to(SOCK_STREAM, publish(SOCK_STREAM));
	instance = take_connection(listener, NULL);
	for (uint32_t i = 0; i < sizeof out / 4; i++)
		out[i] = i;
	for (int i = 0; i < 400; i++) {
		ssize_t put = send(client, (char *)out + sent % sizeof out, sizeof out - sent % sizeof out, MSG_DONTWAIT);

		sent += put > 0 ? (size_t)put : 0;
		serve_for(0);
	}
	cr_assert_lt(sent, 64 << 20, "nobody reads, and %zu bytes were taken", sent);
	shutdown(client, SHUT_WR);
	while (got < sent) {
		ssize_t part = recv(instance, in, sizeof in, MSG_DONTWAIT);

		for (ssize_t i = 0; i < part; i++, got++)
			if (((unsigned char *)in)[i] != ((unsigned char *)out)[got % sizeof out])
				cr_assert_fail("byte %zu is wrong", got);
		cr_assert_neq(part, 0, "the end came after %zu of %zu bytes", got, sent);
		serve_for(0);
	}
	expect_read(instance, "");
	relay_free(relay);
}

Test(network_relay, many_at_once, .init = begin, .timeout = 60)
{
	enum { MANY = 200 };
	int listener = bound(SOCK_STREAM, "127.3.0.2", 0), clients[MANY], instances[MANY];
	in_port_t port;

	target_port = port_of(listener);
	lead_to((const char *[]){ "127.3.0.2" }, 1, 0);
	port = publish(SOCK_STREAM);
	for (size_t round = 0; round < 5; round++) {
		for (size_t i = 0; i < MANY; i++)
			clients[i] = client_to(SOCK_STREAM, port);
		for (size_t i = 0; i < MANY; i++)
			instances[i] = take_connection(listener, NULL);
		for (size_t i = 0; i < MANY; i++) {
			cr_assert_eq(send(clients[i], "x", 1, 0), 1);
			expect_read(instances[i], "x");
		}
		for (size_t i = 0; i < MANY; i++) {
			close(round % 2 ? clients[i] : instances[i]);
			serve_for(0);
			close(round % 2 ? instances[i] : clients[i]);
		}
		serve_for(20);
		cr_assert_eq(relay_flows(relay, (struct in_addr){ inet_addr("127.3.0.2") }), 0);
	}
	relay_free(relay);
}

Test(network_relay, datagrams, .init = begin, .timeout = 30)
{
	int instance = bound(SOCK_DGRAM, "127.3.0.2", 0), other, clients[2];
	struct sockaddr_in from[2];
	socklen_t length = sizeof *from;
	char bytes[16] = "";
	in_port_t port;

	target_port = port_of(instance);
	other = bound(SOCK_DGRAM, "127.3.0.3", target_port);
	lead_to((const char *[]){ "127.3.0.2" }, 1, 0);
	port = publish(SOCK_DGRAM);
	for (int i = 0; i < 2; i++) {
		clients[i] = client_to(SOCK_DGRAM, port);
		cr_assert_eq(send(clients[i], i ? "two" : "one", 3, 0), 3);
		cr_assert(serve_until(instance));
		cr_assert_eq(recvfrom(instance, bytes, sizeof bytes, 0, (struct sockaddr *)&from[i], &length), 3);
	}
	cr_assert_neq(from[0].sin_port, from[1].sin_port);
	cr_assert_eq(sendto(instance, "for two", 7, 0, (struct sockaddr *)&from[1], sizeof *from), 7);
	cr_assert_eq(sendto(instance, "for one", 7, 0, (struct sockaddr *)&from[0], sizeof *from), 7);
	expect_read(clients[0], "for one");
	expect_read(clients[1], "for two");
	cr_assert_gt(relay_deadline_ms(relay), 0, "they are forgotten some time");
	lead_to((const char *[]){ "127.3.0.3" }, 1, 0);
	cr_assert_eq(send(clients[0], "moved", 5, 0), 5);
	expect_read(other, "moved");
	relay_close(relay, "web");
	relay_serve(relay);
	cr_assert_eq(relay_deadline_ms(relay), -1);
	relay_free(relay);
}

/* Ever new senders: what there is for them is bounded, and the one that is answered stays. */
Test(network_relay, many_senders, .init = begin, .timeout = 60)
{
	int instance = bound(SOCK_DGRAM, "127.3.0.2", 0), first;
	struct sockaddr_in from;
	socklen_t length = sizeof from;
	char bytes[16];
	in_port_t port;

	target_port = port_of(instance);
	lead_to((const char *[]){ "127.3.0.2" }, 1, 0);
	port = publish(SOCK_DGRAM);
	first = client_to(SOCK_DGRAM, port);
	cr_assert_eq(send(first, "x", 1, 0), 1);
	cr_assert(serve_until(instance));
	cr_assert_eq(recvfrom(instance, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &length), 1);
	cr_assert_eq(sendto(instance, "y", 1, 0, (struct sockaddr *)&from, sizeof from), 1);
	expect_read(first, "y");
	for (int i = 0; i < 1500; i++) {
		int other = client_to(SOCK_DGRAM, port);

		(void)send(other, "z", 1, 0);
		serve_for(0);
		close(other);
	}
	cr_assert_eq(sendto(instance, "w", 1, 0, (struct sockaddr *)&from, sizeof from), 1);
	expect_read(first, "w");
	relay_free(relay);
}
