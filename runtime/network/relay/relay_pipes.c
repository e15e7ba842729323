/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay_pipes.c - pipes for splice(2), used again.
 *
 * A connection has a pipe only while bytes are in it, or about to be: thousands of quiet ones have none.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "runtime/network/relay/relay_parts.h"

enum { OUT_MOST = 256, KEPT = 64 };

struct relay_pipes {
	int pipes[KEPT][2];
	size_t count;
	size_t out; /* taken and not given back */
};

struct relay_pipes *relay_pipes_new(void)
{
	return alloc_zeroed(1, sizeof(struct relay_pipes));
}

static void close_both(const int pipe[static 2])
{
	close(pipe[0]);
	close(pipe[1]);
}

void relay_pipes_free(struct relay_pipes *pipes)
{
	for (size_t i = 0; i < pipes->count; i++)
		close_both(pipes->pipes[i]);
	free(pipes);
}

int relay_pipes_take(struct relay_pipes *pipes, int ret[static 2])
{
	if (pipes->count) {
		pipes->count--;
		ret[0] = pipes->pipes[pipes->count][0];
		ret[1] = pipes->pipes[pipes->count][1];
		pipes->out++;
		return 0;
	}
	/* What lies in one is in no socket's account: clients that do not read must not fill the host's memory so. */
	if (pipes->out >= OUT_MOST || pipe2(ret, O_CLOEXEC | O_NONBLOCK))
		return -1;
	pipes->out++;
	(void)fcntl(ret[1], F_SETPIPE_SZ, RELAY_PIPE); /* a smaller one does as well: an ordinary user's may be limited */
	return 0;
}

void relay_pipes_give(struct relay_pipes *pipes, int pipe[static 2], bool is_empty)
{
	if (pipe[0] < 0)
		return;
	pipes->out--;
	if (!is_empty || pipes->count == KEPT) {
		close_both(pipe);
	} else {
		pipes->pipes[pipes->count][0] = pipe[0];
		pipes->pipes[pipes->count][1] = pipe[1];
		pipes->count++;
	}
	pipe[0] = pipe[1] = -1;
}
