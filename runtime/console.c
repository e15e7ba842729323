/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console.c - the terminal that an engine takes over.
 */
#include "runtime/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

/* A path that does not fit into an address (108 bytes) goes by a descriptor of it. */
static int connect_to(const char *path, struct error *e)
{
	autoclose int place = open(path, O_PATH | O_CLOEXEC);
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (place < 0 || fd < 0)
		return error_sys(e, "open the console socket %s", path);
	(void)snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", place); /* always fits */
	if (connect(fd, (const struct sockaddr *)&address, sizeof address))
		return error_sys(e, "connect to the console socket %s", path);
	return take_fd(&fd);
}

int console_send(const char *path, int master, struct error *e)
{
	static char name[] = "/dev/ptmx"; /* the words of runc's go-console, which receivers show and nothing more */
	struct iovec part = { .iov_base = name, .iov_len = sizeof name - 1 };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes };
	struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
	autoclose int fd = connect_to(path, e);

	if (fd < 0)
		return -1;
	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(rights), &master, sizeof master);
	while (sendmsg(fd, &message, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return error_sys(e, "send the terminal to the console socket %s", path);
	return 0;
}
