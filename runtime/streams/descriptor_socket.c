/* SPDX-License-Identifier: Apache-2.0 */
/*
 * descriptor_socket.c - a descriptor for another program, through a Unix socket of its own.
 */
#include "runtime/streams/descriptor_socket.h"

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
int descriptor_socket_connect(const char *path, const char *what, struct error *e)
{
	autoclose int place = open(path, O_PATH | O_CLOEXEC);
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (place < 0 || fd < 0)
		return error_sys(e, "open %s %s", what, path);
	(void)snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", place); /* always fits */
	if (connect(fd, (const struct sockaddr *)&address, sizeof address))
		return error_sys(e, "connect to %s %s", what, path);
	return take_fd(&fd);
}

static ssize_t send_first(int socket, struct iovec *part, int descriptor)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_iov = part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes };
	struct cmsghdr *rights = CMSG_FIRSTHDR(&message);

	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
	return sendmsg(socket, &message, MSG_NOSIGNAL);
}

int descriptor_socket_send(int socket, const void *data, size_t length, int descriptor, struct error *e)
{
	struct iovec part = { .iov_base = (void *)data, .iov_len = length };
	ssize_t done;

	for (size_t sent = 0; sent < length; sent += (size_t)done) {
		part = (struct iovec){ .iov_base = (char *)data + sent, .iov_len = length - sent };
		while ((done = sent ? send(socket, part.iov_base, part.iov_len, MSG_NOSIGNAL) : send_first(socket, &part, descriptor)) < 0)
			if (errno != EINTR)
				return error_sys(e, "send a descriptor");
	}
	return 0;
}
