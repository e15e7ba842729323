/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe_serve.h - a server inside a container that says who it is, and who asks: "NAME ADDRESS PORT".
 *
 * It listens on TCP and UDP, IPv4 and IPv6. Who sends "GET" by TCP is answered in HTTP; a connection stays until the client ends it.
 */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int serve_open(int family, int type, const char *port)
{
	const struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((uint16_t)strtol(port, NULL, 10)) };
	const struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = four.sin_port };
	int fd = socket(family, type | SOCK_NONBLOCK, 0), yes = 1;

	if (fd < 0)
		return -1;
	if (family == AF_INET6)
		setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (bind(fd, family == AF_INET ? (const void *)&four : (const void *)&six, family == AF_INET ? sizeof four : sizeof six) ||
	    (type == SOCK_STREAM && listen(fd, 4096))) {
		close(fd);
		return -1;
	}
	return fd;
}

static size_t serve_words(const char *name, const struct sockaddr_storage *from, char *ret, size_t size)
{
	const struct sockaddr_in *four = (const void *)from;
	const struct sockaddr_in6 *six = (const void *)from;
	char text[INET6_ADDRSTRLEN] = "?";

	if (from->ss_family == AF_INET)
		inet_ntop(AF_INET, &four->sin_addr, text, sizeof text);
	else
		inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text);
	return (size_t)snprintf(ret, size, "%s %s %d\n", name, text, ntohs(four->sin_port));
}

static void serve_datagram(const char *name, int fd)
{
	struct sockaddr_storage from;
	socklen_t length = sizeof from;
	char bytes[2048];

	while (recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &length) >= 0)
		(void)!sendto(fd, bytes, serve_words(name, &from, bytes, sizeof bytes), 0, (struct sockaddr *)&from, length);
}

static void serve_connection(const char *name, int fd)
{
	struct sockaddr_storage from;
	socklen_t length = sizeof from;
	char bytes[4096], words[256], answer[512];
	ssize_t got = read(fd, bytes, sizeof bytes);
	size_t size;

	if (got <= 0) {
		if (got == 0 || errno != EAGAIN)
			close(fd);
		return;
	}
	if (getpeername(fd, (struct sockaddr *)&from, &length))
		return;
	size = serve_words(name, &from, words, sizeof words);
	if (got >= 3 && memcmp(bytes, "GET", 3) == 0)
		size = (size_t)snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", size, words);
	else
		memcpy(answer, words, size);
	(void)!send(fd, answer, size, MSG_NOSIGNAL);
}

static void serve_wait(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (fd >= 0)
		epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

/* serve NAME PORT */
static int word_serve(char **arguments)
{
	int listeners[] = { serve_open(AF_INET, SOCK_STREAM, arguments[1]), serve_open(AF_INET6, SOCK_STREAM, arguments[1]) };
	int sockets[] = { serve_open(AF_INET, SOCK_DGRAM, arguments[1]), serve_open(AF_INET6, SOCK_DGRAM, arguments[1]) };
	int epoll = epoll_create1(0);

	if (listeners[0] < 0 || sockets[0] < 0)
		return 1;
	for (int i = 0; i < 2; i++) {
		serve_wait(epoll, listeners[i]);
		serve_wait(epoll, sockets[i]);
	}
	for (;;) {
		struct epoll_event event;

		if (epoll_wait(epoll, &event, 1, -1) < 1)
			continue;
		if (event.data.fd == listeners[0] || event.data.fd == listeners[1])
			serve_wait(epoll, accept4(event.data.fd, NULL, NULL, SOCK_NONBLOCK));
		else if (event.data.fd == sockets[0] || event.data.fd == sockets[1])
			serve_datagram(arguments[0], event.data.fd);
		else
			serve_connection(arguments[0], event.data.fd);
	}
}
