/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_resolver.c - members ask, a name server of the host answers: all in one network namespace that the test makes.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "runtime/network/names/dns.h"
#include "runtime/network/names/resolver.h"
#include "runtime/network/names/upstream.h"

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	cr_assert_eq(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
}

/* A network of its own, whose /etc/resolv.conf names 127.0.0.1 twice: the second server is asked where the first has no answer. */
static void enter_world(void)
{
	char path[] = "/tmp/box-unit-XXXXXX";
	int fd;

	if (geteuid() != 0 || unshare(CLONE_NEWNET | CLONE_NEWNS))
		cr_skip_test("needs root, for a network of its own");
	loopback_up();
	fd = mkostemp(path, O_CLOEXEC);
	cr_assert_eq(fchmod(fd, 0644), 0);
	cr_assert_eq(write_all(fd, "nameserver 127.0.0.9\nnameserver 127.0.0.1\n", 42), 0);
	close(fd);
	cr_assert_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	cr_assert_eq(mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL), 0);
	cr_assert_eq(unlink(path), 0);
}

static int bound(int type, const char *address, in_port_t port)
{
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = inet_addr(address) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (const struct sockaddr *)&own, sizeof own), 0);
	return fd;
}

/* A name server: by UDP "long" is cut, "refused" is refused by 127.0.0.9 and answered by 127.0.0.1, and every other answer is preceded by a
 * forged one. By TCP all answers have 3000 bytes more. */
static void serve_udp(int fd, bool is_first)
{
	struct sockaddr_in from;
	socklen_t length = sizeof from;
	struct in_addr four = { htonl(0xc0000207) };
	struct dns_answer answer = { .four = &four, .ttl = 60 };
	struct dns_question question;
	uint8_t query[DNS_QUERY], bytes[DNS_OWN];
	ssize_t got = recvfrom(fd, query, sizeof query, 0, (struct sockaddr *)&from, &length);
	size_t size;

	if (got <= 0 || dns_read(query, (size_t)got, &question) != DNS_GOOD)
		return;
	if (is_first && strcmp(question.name, "refused.example") == 0)
		answer = (struct dns_answer){ .code = DNS_REFUSED };
	size = dns_write(query, &question, &answer, bytes);
	if (strcmp(question.name, "long.example") == 0)
		dns_put_number(bytes + 2, dns_number(bytes + 2) | DNS_CUT);
	bytes[0]++;
	(void)sendto(fd, bytes, size, 0, (struct sockaddr *)&from, length);
	bytes[0]--;
	(void)sendto(fd, bytes, size, 0, (struct sockaddr *)&from, length);
}

static void serve_tcp(int listener)
{
	int fd = accept(listener, NULL, NULL);
	struct dns_answer answer = { .code = DNS_GOOD };
	struct dns_question question;
	static uint8_t query[2 + DNS_QUERY], bytes[2 + DNS_OWN + 3000];
	ssize_t got = read(fd, query, sizeof query);
	size_t size;

	if (got > 2 && dns_read(query + 2, (size_t)got - 2, &question) == DNS_GOOD) {
		size = dns_write(query + 2, &question, &answer, bytes + 2) + 3000;
		dns_put_number(bytes, (uint16_t)size);
		(void)write_all(fd, bytes, 100);
		(void)usleep(20000);
		(void)write_all(fd, bytes + 100, size + 2 - 100);
	}
	close(fd);
}

/* From a process in between: it begins beside that, and so is this test's child, not that of who runs the tests. */
static int begin_upstream(void)
{
	struct upstream_ends ends;
	struct error e = { 0 };
	int status = -1;
	pid_t pid;

	cr_assert_eq(upstream_open(&ends, &e), 0, "%s", e.text);
	pid = fork();
	if (pid == 0)
		_exit(upstream_begin(ends.answers, &e) ? 1 : 0);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
	close(ends.answers);
	return ends.asks;
}

static pid_t begin_server(void)
{
	int fds[] = { bound(SOCK_DGRAM, "127.0.0.9", 53), bound(SOCK_DGRAM, "127.0.0.1", 53), bound(SOCK_STREAM, "127.0.0.9", 53) };
	pid_t server;

	cr_assert_eq(listen(fds[2], 8), 0);
	server = fork();
	while (server == 0) {
		struct pollfd waits[] = { { fds[0], POLLIN, 0 }, { fds[1], POLLIN, 0 }, { fds[2], POLLIN, 0 } };

		(void)poll(waits, 3, -1);
		for (int i = 0; i < 2; i++)
			if (waits[i].revents)
				serve_udp(fds[i], i == 0);
		if (waits[2].revents)
			serve_tcp(fds[2]);
	}
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	return server;
}

/* One that knows web; its member asks by 127.0.0.11. */
static struct resolver *make_known(int upstream, const char *name, struct resolver_sockets sockets)
{
	const struct subnet subnet = { .four.s_addr = inet_addr("10.200.0.1"), .four_bits = 22 };
	struct error e = { 0 };
	struct resolver *resolver = resolver_new(upstream, &subnet, &e);
	struct in6_addr six;

	cr_assert_not_null(resolver);
	cr_assert_eq(inet_pton(AF_INET6, "fd00::205", &six), 1);
	resolver_set(resolver, NULL, name, (struct in_addr){ inet_addr("10.200.2.5") }, &six);
	cr_assert_eq(resolver_listen(resolver, "app", &sockets, &e), 0);
	return resolver;
}

static struct resolver *make(int upstream, int next)
{
	return make_known(upstream, "web",
			  (struct resolver_sockets){ bound(SOCK_DGRAM, "127.0.0.11", 53), bound(SOCK_STREAM, "127.0.0.11", 53), -1, next });
}

static size_t put_query(const char *name, enum dns_type type, uint8_t *ret)
{
	size_t at = DNS_HEADER;

	memcpy(ret, "\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", DNS_HEADER);
	for (const char *label = name; *label; label += strcspn(label, "."), label += *label == '.') {
		ret[at] = (uint8_t)strcspn(label, ".");
		memcpy(ret + at + 1, label, ret[at]);
		at += 1U + ret[at];
	}
	ret[at++] = 0;
	dns_put_number(ret + at, (uint16_t)type);
	dns_put_number(ret + at + 2, 1);
	return at + 4;
}

/* That of the member's next network, where a test has one. */
static struct resolver *behind;

/* Serves until the member's socket has an answer; its length, 0 for none within a few seconds. */
static size_t wait_for(struct resolver *resolver, int fd, uint8_t *ret, size_t size)
{
	for (int i = 0; i < 400; i++) {
		struct pollfd waits[] = { { resolver_fd(resolver), POLLIN, 0 }, { fd, POLLIN, 0 }, { behind ? resolver_fd(behind) : -1, POLLIN, 0 } };

		(void)poll(waits, 3, 10);
		resolver_serve(resolver);
		if (behind)
			resolver_serve(behind);
		if (waits[1].revents) {
			ssize_t got = recv(fd, ret, size, MSG_DONTWAIT);

			return got > 0 ? (size_t)got : 0;
		}
	}
	return 0;
}

/* The code of the answer to a question by UDP, -1 for none; ret has the answer. */
static int ask(struct resolver *resolver, const char *name, enum dns_type type, uint8_t ret[static DNS_QUERY])
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = inet_addr("127.0.0.11") };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint8_t query[DNS_QUERY];
	struct dns_question question;
	size_t length = put_query(name, type, query), got;

	cr_assert_eq(dns_read(query, length, &question), DNS_GOOD);
	cr_assert_eq(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
	cr_assert_eq(send(fd, query, length, 0), (ssize_t)length);
	got = wait_for(resolver, fd, ret, DNS_QUERY);
	close(fd);
	return dns_answers(ret, got, query, &question) ? dns_number(ret + 2) & DNS_CODE : -1;
}

static void ask_stream(struct resolver *resolver)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = inet_addr("127.0.0.11") };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	static uint8_t bytes[8192];
	size_t first = put_query("web", DNS_A, bytes + 2), second = put_query("long.example", DNS_A, bytes + 2 + first + 2), have = 0;

	dns_put_number(bytes, (uint16_t)first);
	dns_put_number(bytes + 2 + first, (uint16_t)second);
	cr_assert_eq(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
	cr_assert_eq(write_all(fd, bytes, 7), 0);
	cr_assert_eq(write_all(fd, bytes + 7, 4 + first + second - 7), 0);
	while (have < 3000) {
		size_t got = wait_for(resolver, fd, bytes + have, sizeof bytes - have);

		cr_assert_neq(got, 0, "an answer by TCP is cut after %zu bytes", have);
		have += got;
	}
	first = dns_number(bytes);
	cr_assert_eq(dns_number(bytes + 2 + 6), 1, "the own name has an address");
	cr_assert_eq(2 + first + 2 + dns_number(bytes + 2 + first), have);
	close(fd);
}

Test(network_resolver, own_names_and_the_hosts, .timeout = 30)
{
	uint8_t bytes[DNS_QUERY];
	struct resolver *resolver;
	pid_t server;

	enter_world();
	server = begin_server();
	resolver = make(begin_upstream(), -1);
	cr_expect_eq(ask(resolver, "WEB", DNS_A, bytes), DNS_GOOD);
	cr_expect_eq(dns_number(bytes + 6), 1);
	cr_expect_eq(ask(resolver, "web", DNS_AAAA, bytes), DNS_GOOD);
	cr_expect_eq(dns_number(bytes + 6), 0, "one address: who hears of two takes them for two servers");
	cr_expect_eq(ask(resolver, "web", (enum dns_type)15, bytes), DNS_GOOD);
	cr_expect_eq(dns_number(bytes + 6), 0, "it has no mail server, and is not asked for elsewhere");
	cr_expect_eq(ask(resolver, "5.2.200.10.in-addr.arpa", DNS_PTR, bytes), DNS_GOOD);
	cr_expect_eq(dns_number(bytes + 6), 1);
	cr_expect_eq(ask(resolver, "9.2.200.10.in-addr.arpa", DNS_PTR, bytes), DNS_NO_NAME);
	cr_expect_eq(ask(resolver, "www.example", DNS_A, bytes), DNS_GOOD);
	cr_expect_eq(dns_number(bytes + 6), 1);
	cr_expect_eq(ask(resolver, "refused.example", DNS_A, bytes), DNS_GOOD, "the second server knows");
	cr_expect_eq(ask(resolver, "long.example", DNS_A, bytes), DNS_GOOD);
	cr_expect(dns_number(bytes + 2) & DNS_CUT, "who asks by UDP hears that it was cut");
	ask_stream(resolver);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	cr_expect_eq(ask(resolver, "www.example", DNS_A, bytes), DNS_FAILED);
	cr_expect_eq(ask(resolver, "web", DNS_A, bytes), DNS_GOOD);
	resolver_free(resolver);
}

Test(network_resolver, refuses_without_a_way_out, .timeout = 30)
{
	uint8_t bytes[DNS_QUERY];
	struct resolver *resolver;

	enter_world();
	resolver = make(-1, -1);
	cr_expect_eq(ask(resolver, "www.example", DNS_A, bytes), DNS_REFUSED);
	cr_expect_eq(ask(resolver, "web", DNS_A, bytes), DNS_GOOD);
	resolver_clear(resolver);
	cr_expect_eq(ask(resolver, "web", DNS_A, bytes), DNS_REFUSED);
	cr_expect_eq(resolver_deadline_ms(resolver), -1);
	resolver_forget(resolver, "app");
	cr_expect_eq(bound(SOCK_DGRAM, "127.0.0.11", 53) >= 0, 1, "its sockets are closed");
	resolver_free(resolver);
}

/* The pair between a member's two networks. */
static void make_pair(int ret[static 2])
{
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret), 0);
}

Test(network_resolver, what_one_network_does_not_know_the_next_is_asked, .timeout = 30)
{
	uint8_t bytes[DNS_QUERY];
	struct resolver *resolver;
	pid_t server;
	int pair[2];

	enter_world();
	server = begin_server();
	make_pair(pair);
	resolver = make(-1, pair[0]);
	behind = make_known(begin_upstream(), "db", (struct resolver_sockets){ -1, -1, pair[1], -1 });
	cr_expect_eq(ask(resolver, "web", DNS_A, bytes), DNS_GOOD);
	cr_expect_eq(ask(resolver, "db", DNS_A, bytes), DNS_GOOD);
	cr_expect_eq(dns_number(bytes + 6), 1);
	cr_expect_eq(ask(resolver, "www.example", DNS_A, bytes), DNS_GOOD, "the first has no way out, the second has");
	cr_expect_eq(dns_number(bytes + 6), 1);
	cr_expect_eq(ask(resolver, "long.example", DNS_A, bytes), DNS_GOOD);
	cr_expect(dns_number(bytes + 2) & DNS_CUT);
	ask_stream(resolver);
	resolver_free(take_ptr(&behind));
	cr_expect_eq(ask(resolver, "db", DNS_A, bytes), DNS_REFUSED, "its other network has ended");
	cr_expect_eq(ask(resolver, "web", DNS_A, bytes), DNS_GOOD);
	resolver_free(resolver);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

Test(network_resolver, what_the_next_network_refuses_the_own_servers_are_asked, .timeout = 30)
{
	uint8_t bytes[DNS_QUERY];
	struct resolver *resolver;
	pid_t server;
	int pair[2];

	enter_world();
	server = begin_server();
	make_pair(pair);
	resolver = make(begin_upstream(), pair[0]);
	behind = make_known(-1, "db", (struct resolver_sockets){ -1, -1, pair[1], -1 });
	cr_expect_eq(ask(resolver, "db", DNS_A, bytes), DNS_GOOD);
	cr_expect_eq(ask(resolver, "www.example", DNS_A, bytes), DNS_GOOD);
	cr_expect_eq(dns_number(bytes + 6), 1);
	ask_stream(resolver);
	resolver_free(take_ptr(&behind));
	cr_expect_eq(ask(resolver, "www.example", DNS_A, bytes), DNS_GOOD);
	resolver_free(resolver);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

/* A message of the pair: a ticket, and the question or answer. */
static void send_words(int fd, uint64_t ticket, const uint8_t *bytes, size_t length)
{
	static uint8_t message[sizeof(struct upstream_header) + 2 * DNS_QUERY];
	const struct upstream_header header = { .ticket = ticket, .is_tcp = UINT64_MAX };

	memcpy(message, &header, sizeof header);
	memcpy(message + sizeof header, bytes, length);
	cr_assert_eq(send(fd, message, sizeof header + length, 0), (ssize_t)(sizeof header + length));
}

/* Both its neighbours are of somebody who has taken them over. */
Test(network_resolver, what_other_networks_say_that_is_none_is_passed_over, .timeout = 30)
{
	static uint8_t query[2 * DNS_QUERY], bytes[2 * DNS_QUERY];
	const size_t head = sizeof(struct upstream_header);
	struct upstream_header header;
	struct resolver *resolver;
	int before[2], next[2];
	size_t length;

	make_pair(before);
	make_pair(next);
	resolver = make_known(-1, "db", (struct resolver_sockets){ -1, -1, before[1], next[0] });
	cr_assert_eq(send(before[0], query, 3, 0), 3);
	send_words(before[0], 1, query, 0);
	send_words(before[0], 2, query, 2 * DNS_QUERY);
	send_words(before[0], 3, query, DNS_HEADER - 1);
	length = put_query("db", DNS_A, query);
	send_words(before[0], 4, query, length);
	cr_assert_gt(wait_for(resolver, before[0], bytes, sizeof bytes), head + DNS_HEADER);
	memcpy(&header, bytes, head);
	cr_expect_eq(header.ticket, 4, "the first that is a question");
	cr_expect_eq(dns_number(bytes + head + 6), 1);
	length = put_query("www.example", DNS_A, query);
	send_words(before[0], 5, query, length);
	cr_assert_eq(wait_for(resolver, next[1], bytes, sizeof bytes), head + length);
	memcpy(&header, bytes, head);
	/* No header, no such ticket, and another question's answer. */
	cr_assert_eq(send(next[1], bytes, head - 1, 0), (ssize_t)head - 1);
	send_words(next[1], header.ticket + 1, bytes + head, length);
	send_words(next[1], header.ticket, query, DNS_HEADER);
	cr_assert_gt(wait_for(resolver, before[0], bytes, sizeof bytes), head + DNS_HEADER);
	memcpy(&header, bytes, head);
	cr_expect_eq(header.ticket, 5);
	cr_expect_eq(dns_number(bytes + head + 2) & DNS_CODE, DNS_FAILED);
	close(before[0]);
	close(next[1]);
	resolver_serve(resolver);
	resolver_free(resolver);
}
