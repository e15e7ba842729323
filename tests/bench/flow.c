/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow.c - both ends of what ports.sh measures.
 *
 *     flow serve PORT SINK                    answers HTTP on PORT with a dozen bytes, and takes what comes on SINK
 *     flow send ADDRESS PORT SECONDS COUNT    fills COUNT connections to a SINK; prints Gbit/s that were taken
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1024, PIECE = 128 << 10 };

static char bytes[1 << 20];

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int listen_on(const char *port)
{
	const struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)strtol(port, NULL, 10)) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) || listen(fd, 4096)) {
		perror("flow: listen");
		exit(1);
	}
	return fd;
}

static void watch(int epoll, int fd, uint64_t is_sink)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = is_sink << 32 | (uint32_t)fd };

	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void answer(int fd, int is_sink)
{
	static const char stays[] = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhello world\n",
			  ends[] = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 12\r\n\r\nhello world\n";
	ssize_t got = recv(fd, bytes, sizeof bytes - 1, is_sink ? MSG_TRUNC : 0);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		close(fd);
		return;
	}
	if (is_sink)
		return;
	bytes[got] = '\0';
	if (!strstr(bytes, "onnection: close")) {
		(void)!send(fd, stays, sizeof stays - 1, MSG_NOSIGNAL);
		return;
	}
	(void)!send(fd, ends, sizeof ends - 1, MSG_NOSIGNAL);
	close(fd);
}

static _Noreturn void serve(char **arguments)
{
	int listeners[] = { listen_on(arguments[0]), listen_on(arguments[1]) }, epoll = epoll_create1(0), yes = 1;
	struct epoll_event events[256];

	for (int i = 0; i < 2; i++)
		watch(epoll, listeners[i], (uint64_t)i);
	for (;;) {
		int count = epoll_wait(epoll, events, 256, -1);

		for (int i = 0; i < count; i++) {
			int fd = (int)(uint32_t)events[i].data.u64, is_sink = (int)(events[i].data.u64 >> 32);

			if (fd != listeners[0] && fd != listeners[1]) {
				answer(fd, is_sink);
				continue;
			}
			fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
			watch(epoll, fd, (uint64_t)is_sink);
		}
	}
}

static int connect_to(const char *address, const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)strtol(port, NULL, 10)) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	inet_pton(AF_INET, address, &to.sin_addr);
	if (connect(fd, (const struct sockaddr *)&to, sizeof to)) {
		perror("flow: connect");
		exit(1);
	}
	return fd;
}

/* What was taken from us: what lies in buffers on the way at the end is a few MiB of some GiB. */
static int send_some(char **arguments)
{
	long count = strtol(arguments[3], NULL, 10);
	double begin = now(), until = begin + strtod(arguments[2], NULL);
	unsigned long long taken = 0;
	int fds[MOST], epoll = epoll_create1(0);
	struct epoll_event events[MOST];

	for (long i = 0; i < count && i < MOST; i++) {
		struct epoll_event event = { .events = EPOLLOUT };

		fds[i] = event.data.fd = connect_to(arguments[0], arguments[1]);
		epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event);
	}
	while (now() < until) {
		int ready = epoll_wait(epoll, events, MOST, 100);

		for (int i = 0; i < ready; i++) {
			ssize_t put = send(events[i].data.fd, bytes, PIECE, MSG_DONTWAIT | MSG_NOSIGNAL);

			taken += put > 0 ? (unsigned long long)put : 0;
		}
	}
	printf("%.2f\n", (double)taken * 8 / (now() - begin) / 1e9);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "serve") == 0)
		serve(argv + 2);
	if (argc == 6 && strcmp(argv[1], "send") == 0)
		return send_some(argv + 2);
	fputs("flow serve PORT SINK | flow send ADDRESS PORT SECONDS COUNT\n", stderr);
	return 125;
}
