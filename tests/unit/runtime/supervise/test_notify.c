/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/supervise/notify.h"

/* A listener with an abstract name of this process. */
static int listen_at(char name[static 40])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	size_t length = (size_t)snprintf(name, 40, "@box-notify-%d", (int)getpid());

	memcpy(address.sun_path + 1, name + 1, length - 1);
	cr_assert_eq(bind(fd, (const struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)), 0);
	return fd;
}

Test(notify, lines_arrive_at_the_socket_and_a_sign_of_life_when_it_is_due)
{
	char name[40], message[64] = "";
	int fd = listen_at(name);
	struct notify n;

	cr_assert(setenv("NOTIFY_SOCKET", name, 1) == 0 && setenv("WATCHDOG_USEC", "600000", 1) == 0);
	notify_open(&n, 1000);
	notify_send(&n, "READY=%d", 1);
	cr_assert_eq(recv(fd, message, sizeof message - 1, 0), 7);
	cr_assert_str_eq(message, "READY=1");
	cr_assert_eq(notify_deadline(&n), 1000);
	notify_serve(&n, 1000);
	cr_assert_eq(recv(fd, message, sizeof message - 1, 0), 10);
	cr_assert_eq(memcmp(message, "WATCHDOG=1", 10), 0);
	cr_assert_eq(notify_deadline(&n), 1300);
	notify_serve(&n, 1299);
	cr_assert_eq(recv(fd, message, sizeof message - 1, 0), -1, "too early");
	close(fd);
	notify_send(&n, "nobody hears it");
}

Test(notify, without_a_socket_or_as_another_process_there_is_nothing_to_do)
{
	struct notify n;

	cr_assert(unsetenv("NOTIFY_SOCKET") == 0 && setenv("WATCHDOG_USEC", "600000", 1) == 0);
	notify_open(&n, 0);
	cr_assert_null(n.socket);
	cr_assert_eq(notify_deadline(&n), INT64_MAX);
	cr_assert(setenv("NOTIFY_SOCKET", "/run/x", 1) == 0 && setenv("WATCHDOG_PID", "1", 1) == 0);
	notify_open(&n, 0);
	cr_assert_str_eq(n.socket, "/run/x");
	cr_assert_eq(notify_deadline(&n), INT64_MAX);
	cr_assert(setenv("NOTIFY_SOCKET", "relative", 1) == 0);
	notify_open(&n, 0);
	cr_assert_null(n.socket);
}
