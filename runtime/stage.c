/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage.c - the parent's side of the stages.
 */
#include "runtime/stage.h"

#include "base/channel.h"
#include "base/cleanup.h"
#include "base/error.h"

int stage_receive(int channel, unsigned stage, struct message *ret, struct error *e)
{
	int got = channel_receive(channel, ret, e);

	if (got <= 0 || ret->stage == stage)
		return got;
	if (ret->stage == STAGE_FAILED)
		*e = ret->error;
	else
		error_set(e, ERROR_INTERNAL, "wait for stage %u of the child: stage %u came", stage, ret->stage);
	message_release(ret);
	return -1;
}

void stage_take_streams(struct message *ready, int ret_streams[static 3])
{
	uint32_t next = 0;

	for (int i = 0; i < 3; i++)
		if (ready->numbers[i] && next < ready->fd_count)
			ret_streams[i] = take_fd(&ready->fds[next++]);
	message_release(ready);
}
