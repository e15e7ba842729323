/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.c - short texts over a Unix socket in a state folder.
 */
#include "runtime/supervise/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

enum { BACKLOG = 512 };

union rights {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(CONTROL_FDS * sizeof(int))];
};

/* Through the descriptor of its folder: a state folder's path may be longer than an address (108 bytes). */
static void fill_address(int folder, const char *name, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	(void)snprintf(ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d/%s", folder, name); /* names are short */
}

int control_listen(int folder, const char *name, struct error *e)
{
	autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address;

	fill_address(folder, name, &address);
	if (unlinkat(folder, name, 0) && errno != ENOENT)
		return error_sys(e, "remove the socket %s", name);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) || listen(fd, BACKLOG))
		return error_sys(e, "listen on the socket %s", name);
	return take_fd(&fd);
}

static int connect_to(int folder, const char *name, int flags, struct error *e)
{
	autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);
	struct sockaddr_un address;

	fill_address(folder, name, &address);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) || fcntl(fd, F_SETFL, 0))
		return error_sys(e, "connect to the socket %s", name);
	return take_fd(&fd);
}

int control_connect(int folder, const char *name, struct error *e)
{
	return connect_to(folder, name, 0, e);
}

int control_try_connect(int folder, const char *name, struct error *e)
{
	return connect_to(folder, name, SOCK_NONBLOCK, e);
}

int control_pair(int ret_ends[static 2], struct error *e)
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_ends) ? error_sys(e, "make a channel to another process of box") : 0;
}

int control_send(int socket, const char *message, const struct control_fds *fds, struct error *e)
{
	struct iovec part = { .iov_base = (char *)message, .iov_len = strlen(message) };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
	union rights rights = { 0 };

	if (fds && fds->count) {
		header.msg_control = rights.bytes;
		header.msg_controllen = CMSG_SPACE(fds->count * sizeof(int));
		rights.header.cmsg_level = SOL_SOCKET;
		rights.header.cmsg_type = SCM_RIGHTS;
		rights.header.cmsg_len = CMSG_LEN(fds->count * sizeof(int));
		memcpy(CMSG_DATA(&rights.header), fds->fds, fds->count * sizeof(int));
	}
	while (sendmsg(socket, &header, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return error_sys(e, "send \"%.40s\" to another process of box", message);
	return 0;
}

static void take_rights(struct msghdr *header, struct control_fds *ret)
{
	struct control_fds got = { 0 };

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		got.count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(got.fds, CMSG_DATA(c), got.count * sizeof(int)); /* the kernel cuts what does not fit into our buffer */
	}
	if (ret)
		*ret = got;
	else
		control_fds_close(&got);
}

static int receive(int socket, int flags, struct text *ret, struct control_fds *fds, struct error *e)
{
	union rights rights = { 0 };
	struct iovec part = { .iov_base = text_reserve(ret, CONTROL_MOST), .iov_len = CONTROL_MOST };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = rights.bytes, .msg_controllen = sizeof rights.bytes };
	bool is_reset = false;
	ssize_t got;

	/* Reset: the other side ended with something unread. What it said before comes behind that, and then the end. */
	while ((got = recvmsg(socket, &header, flags | MSG_CMSG_CLOEXEC)) < 0)
		if (errno == ECONNRESET && is_reset)
			return 0;
		else if (errno == ECONNRESET)
			is_reset = true;
		else if (errno != EINTR)
			return error_sys(e, "receive from another process of box");
	take_rights(&header, fds);
	text_grow(ret, (size_t)got);
	return got > 0;
}

int control_receive(int socket, struct text *ret, struct control_fds *fds, struct error *e)
{
	return receive(socket, 0, ret, fds, e);
}

int control_try_receive(int socket, struct text *ret, struct control_fds *fds, struct error *e)
{
	return receive(socket, MSG_DONTWAIT, ret, fds, e);
}

void control_fds_close(struct control_fds *fds)
{
	for (size_t i = 0; i < fds->count; i++)
		close(fds->fds[i]);
	fds->count = 0;
}

void control_add_failure(const struct error *from, struct text *ret)
{
	text_addf(ret, "failed %d %d\n%s\n%s\n%s", (int)from->kind, from->sys, from->field, from->hint, from->text);
}

/* Copies up to the line end into a member of an error; what follows it. */
static const char *take_part(const char *from, char *to, size_t size)
{
	size_t length = strcspn(from, "\n");

	(void)snprintf(to, size, "%.*s", (int)length, from); /* cut where it is too long */
	return from + length + (from[length] != '\0');
}

int control_check(const char *message, struct error *e)
{
	char *end;
	long kind;

	if (!text_starts(message, "failed "))
		return 0;
	kind = strtol(message + strlen("failed "), &end, 10);
	*e = (struct error){ .kind = kind > ERROR_NONE && kind <= ERROR_INTERNAL ? (enum error_kind)kind : ERROR_INTERNAL,
			     .sys = (int)strtol(end, &end, 10) };
	end = (char *)take_part(end + (*end != '\0'), e->field, sizeof e->field);
	end = (char *)take_part(end, e->hint, sizeof e->hint);
	(void)snprintf(e->text, sizeof e->text, "%s", end); /* cut where it is too long */
	return -1;
}
