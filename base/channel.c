/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel.c - one SEQPACKET pair, one message type.
 */
#include "base/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What goes over the wire; descriptors travel beside it. */
struct packet {
	uint32_t stage;
	uint32_t fd_count;
	int64_t numbers[CHANNEL_NUMBERS];
	struct error error;
};

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(CHANNEL_FDS * sizeof(int))];
};

int channel_open(int ret_ends[static 2], struct error *e)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_ends))
		return error_sys(e, "make a channel between two processes of box");
	return 0;
}

void message_init(struct message *message, uint32_t stage)
{
	memset(message, 0, sizeof *message);
	message->stage = stage;
	for (int i = 0; i < CHANNEL_FDS; i++)
		message->fds[i] = -1;
}

void message_release(struct message *message)
{
	int saved = errno;

	for (int i = 0; i < CHANNEL_FDS; i++) {
		if (message->fds[i] >= 0)
			close(message->fds[i]);
		message->fds[i] = -1;
	}
	errno = saved;
}

int channel_send(int channel, const struct message *message, struct error *e)
{
	struct packet packet = { .stage = message->stage, .fd_count = message->fd_count, .error = message->error };
	struct iovec part = { .iov_base = &packet, .iov_len = sizeof packet };
	union control control = { 0 };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *rights;

	memcpy(packet.numbers, message->numbers, sizeof packet.numbers);
	if (message->fd_count > CHANNEL_FDS)
		return error_set(e, ERROR_INTERNAL, "send %u descriptors at once", message->fd_count);
	if (message->fd_count) {
		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(message->fd_count * sizeof(int));
		rights = CMSG_FIRSTHDR(&header);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(message->fd_count * sizeof(int));
		memcpy(CMSG_DATA(rights), message->fds, message->fd_count * sizeof(int));
	}
	while (sendmsg(channel, &header, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return error_sys(e, "send stage %u to the other process of box", message->stage);
	return 0;
}

/* Takes the descriptors over, as many as came. */
static uint32_t receive_rights(struct msghdr *header, int fds[static CHANNEL_FDS])
{
	uint32_t count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (uint32_t)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(c), count * sizeof(int));
	}
	return count;
}

int channel_receive(int channel, struct message *ret, struct error *e)
{
	struct packet packet;
	struct iovec part = { .iov_base = &packet, .iov_len = sizeof packet };
	union control control = { 0 };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
				 .msg_controllen = sizeof control.bytes };
	ssize_t got;

	/* ECONNRESET: the other side ended without having read everything. It comes once, before what that side has said. */
	while ((got = recvmsg(channel, &header, MSG_CMSG_CLOEXEC)) < 0)
		if (errno != EINTR && errno != ECONNRESET)
			return error_sys(e, "receive from the other process of box");
	if (got == 0)
		return 0;
	message_init(ret, packet.stage);
	ret->fd_count = receive_rights(&header, ret->fds);
	if (got != (ssize_t)sizeof packet || ret->fd_count != packet.fd_count || (header.msg_flags & MSG_CTRUNC)) {
		message_release(ret);
		return error_set(e, ERROR_INTERNAL, "receive from the other process of box: a message of %zd bytes with %u of %u descriptors",
				 got, ret->fd_count, packet.fd_count);
	}
	memcpy(ret->numbers, packet.numbers, sizeof ret->numbers);
	ret->error = packet.error;
	ret->error.text[sizeof ret->error.text - 1] = ret->error.field[sizeof ret->error.field - 1] = '\0';
	ret->error.hint[sizeof ret->error.hint - 1] = '\0';
	return 1;
}
