/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.c - one SEQPACKET pair between the worker and its parent.
 */
#include "images/unpack/wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

int wire_open(int ret_ends[static 2], struct error *e)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_ends))
		return error_sys(e, "make a channel to the sandbox");
	return 0;
}

int wire_send(int channel, const struct wire_message *message, int fd, struct error *e)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec piece = { .iov_base = (void *)(uintptr_t)message, .iov_len = sizeof *message }; /* only read */
	struct msghdr header = { .msg_iov = &piece, .msg_iovlen = 1 };
	ssize_t sent;

	if (fd >= 0) {
		struct cmsghdr *rights;

		header.msg_control = control.bytes;
		header.msg_controllen = sizeof control.bytes;
		rights = CMSG_FIRSTHDR(&header);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(rights), &fd, sizeof fd);
	}
	do
		sent = sendmsg(channel, &header, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)sizeof *message ? 0 : error_sys(e, "send to the other side of the sandbox");
}

static int received_fd(struct msghdr *header)
{
	struct cmsghdr *rights = CMSG_FIRSTHDR(header);
	int fd = -1;

	if (rights && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS &&
	    rights->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(rights), sizeof fd);
	return fd;
}

int wire_receive(int channel, struct wire_message *ret, int *ret_fd, struct error *e)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct wire_message message = { 0 };
	struct iovec piece = { .iov_base = &message, .iov_len = sizeof message };
	struct msghdr header = {
		.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes
	};
	ssize_t got;
	autoclose int fd = -1;

	do
		got = recvmsg(channel, &header, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got == 0 || (got < 0 && errno == ECONNRESET))
		return 0;
	if (got < 0)
		return error_sys(e, "hear from the other side of the sandbox");
	fd = received_fd(&header);
	if (got != (ssize_t)sizeof message || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || message.op >= WIRE_OPS)
		return error_set(e, ERROR_INTERNAL, "the other side of the sandbox sent a broken message");
	message.text[sizeof message.text - 1] = '\0';
	message.error.field[sizeof message.error.field - 1] = '\0';
	message.error.hint[sizeof message.error.hint - 1] = '\0';
	message.error.text[sizeof message.error.text - 1] = '\0';
	if (message.error.kind < ERROR_NONE || message.error.kind > ERROR_INTERNAL)
		message.error.kind = ERROR_INTERNAL;
	*ret = message;
	if (ret_fd)
		*ret_fd = take_fd(&fd);
	return 1;
}

int wire_ask(int channel, enum wire_op op, const char *text, int64_t number, struct wire_message *answer, int *ret_fd,
	     struct error *e)
{
	struct wire_message message = { .op = op, .number = number };
	autoclose int fd = -1;
	int got;

	if (text && strlen(text) >= sizeof message.text)
		return error_set(e, ERROR_IMAGE, "the name \"%.60s…\" is too long", text);
	(void)snprintf(message.text, sizeof message.text, "%s", text ? text : ""); /* length was checked */
	if (wire_send(channel, &message, -1, e))
		return -1;
	got = wire_receive(channel, &message, &fd, e);
	if (got < 0)
		return -1;
	if (got == 0)
		return error_set(e, ERROR_INTERNAL, "the sandbox's parent is gone");
	if (message.op == WIRE_FAIL) {
		*e = message.error;
		return -1;
	}
	if (ret_fd && fd < 0)
		return error_set(e, ERROR_INTERNAL, "the sandbox's parent sent no descriptor");
	if (answer)
		*answer = message;
	if (ret_fd)
		*ret_fd = take_fd(&fd);
	return 0;
}
