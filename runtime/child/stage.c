/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage.c - the parent's side of the stages.
 */
#include "runtime/child/stage.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "runtime/streams/forward.h"

/* The child is in the container's hands by then (a process inside may stop it for ever): who asks box to end is heard all the same. The
 * caller ends the child, as after any failure. Where signals are not blocked they end box by themselves. */
static int wait_readable(int channel, struct error *e)
{
	struct pollfd polls[2] = { { .fd = channel, .events = POLLIN }, { .fd = -1, .events = POLLIN } };
	struct signalfd_siginfo info;
	autoclose int signals = -1;
	sigset_t set;

	/* What is there needs no signals. */
	if (poll(polls, 1, 0) > 0)
		return 0;
	forward_end_set(&set);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return error_sys(e, "watch for signals");
	polls[1].fd = signals;
	while (poll(polls, 2, -1) < 0)
		if (errno != EINTR)
			return error_sys(e, "wait for the child");
	if (polls[0].revents || read(signals, &info, sizeof info) != (ssize_t)sizeof info)
		return 0;
	return error_set(e, ERROR_KERNEL, "start the program: interrupted by signal %d", (int)info.ssi_signo);
}

int stage_receive(int channel, unsigned stage, struct message *ret, struct error *e)
{
	int got = wait_readable(channel, e) ? -1 : channel_receive(channel, ret, e);

	if (got <= 0 || ret->stage == stage)
		return got;
	if (ret->stage == STAGE_FAILED)
		*e = ret->error;
	else
		error_set(e, ERROR_INTERNAL, "wait for stage %u of the child: stage %u came", stage, ret->stage);
	message_release(ret);
	return -1;
}

int stage_add_mount(int channel, struct message *message, int mount, struct error *e)
{
	message->fds[message->fd_count++] = mount;
	if (message->fd_count < CHANNEL_FDS)
		return 0;
	message->stage = STAGE_DESCRIPTORS;
	if (channel_send(channel, message, e))
		return -1;
	message_release(message);
	message_init(message, 0);
	return 0;
}

void stage_take_streams(struct message *ready, int ret_streams[static 3])
{
	uint32_t next = 0;

	for (int i = 0; i < 3; i++)
		if (ready->numbers[i] && next < ready->fd_count)
			ret_streams[i] = take_fd(&ready->fds[next++]);
	message_release(ready);
}
