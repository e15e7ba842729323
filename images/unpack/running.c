/* SPDX-License-Identifier: Apache-2.0 */
/*
 * running.c - a sandbox that works beside its parent.
 */
#include "images/unpack/running.h"

#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "images/unpack/sandbox.h"
#include "images/unpack/wire.h"
#include "images/unpack/worker.h"

void running_release(struct running *running)
{
	int saved = errno;

	if (running->channel >= 0)
		close(running->channel);
	if (running->pidfd >= 0)
		close(running->pidfd);
	errno = saved;
}

int running_start(const struct sandbox *how, int (*task)(int, void *), void *data, const int *fds, size_t count,
		  struct running *ret, struct error *e)
{
	const struct wire_message message = { .op = WIRE_ANSWER };
	struct sandbox sandbox = *how;
	autoclose int ours = -1, theirs = -1;
	int ends[2];

	if (wire_open(ends, e))
		return -1;
	ours = ends[0];
	theirs = ends[1];
	sandbox.channel = theirs;
	for (size_t i = 0; i < count; i++)
		if (wire_send(ours, &message, fds[i], e))
			return -1;
	ret->pidfd = sandbox_start(&sandbox, task, worker_fail, data, e);
	if (ret->pidfd < 0)
		return -1;
	ret->channel = take_fd(&ours);
	return 0;
}

int running_receive(int channel, struct error *e)
{
	struct wire_message message;
	int fd = -1;

	if (wire_receive(channel, &message, &fd, e) < 0)
		return -1;
	return fd >= 0 ? fd : error_set(e, ERROR_INTERNAL, "the sandbox's parent sent no descriptor");
}
