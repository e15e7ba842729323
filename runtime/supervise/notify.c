/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify.c - what a supervisor tells its service manager.
 */
#include "runtime/supervise/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/number.h"

enum { MESSAGE_MOST = 2048 };

void notify_open(struct notify *ret, int64_t now_ms)
{
	const char *socket = getenv("NOTIFY_SOCKET"), *watchdog = getenv("WATCHDOG_USEC"), *whose = getenv("WATCHDOG_PID");
	int64_t period_us = 0, pid = 0;

	*ret = (struct notify){ .socket = socket && (socket[0] == '/' || socket[0] == '@') && socket[1] ? socket : NULL };
	if (!ret->socket || !watchdog || number_parse(watchdog, 2000, INT64_MAX, &period_us))
		return;
	if (whose && (number_parse(whose, 1, INT32_MAX, &pid) || pid != getpid()))
		return;
	ret->beat_ms = period_us / 2000; /* twice as often as it has to be */
	ret->next_ms = now_ms;
}

void notify_send(const struct notify *n, const char *format, ...)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = n->socket ? strlen(n->socket) : 0;
	autoclose int fd = -1;
	char message[MESSAGE_MOST];
	va_list arguments;

	if (!n->socket || length >= sizeof address.sun_path)
		return;
	va_start(arguments, format);
	(void)vsnprintf(message, sizeof message, format, arguments); /* a text that is too long is cut */
	va_end(arguments);
	memcpy(address.sun_path, n->socket, length);
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0)
		(void)sendto(fd, message, strlen(message), MSG_NOSIGNAL, (const struct sockaddr *)&address,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)); /* notify.h: nobody has to hear it */
}

int64_t notify_deadline(const struct notify *n)
{
	return n->beat_ms ? n->next_ms : INT64_MAX;
}

void notify_serve(struct notify *n, int64_t now_ms)
{
	if (!n->beat_ms || now_ms < n->next_ms)
		return;
	notify_send(n, "WATCHDOG=1");
	n->next_ms = now_ms + n->beat_ms;
}
