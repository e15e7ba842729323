/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetcher_link.c - the other end of a fetcher's channel.
 */
#include "images/registry/fetcher_link.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/process.h"
#include "images/registry/fetcher.h"
#include "images/unpack/sandbox.h"
#include "images/unpack/wire.h"
#include "images/unpack/worker.h"

enum { PIPE = 1 << 20 };

int fetcher_link_start(struct fetcher_link *ret, int folder, const struct id_map *ids, const struct plan *plan, struct error *e)
{
	struct sandbox sandbox = { .folder = folder, .ids = ids, .has_network = true };
	int ends[2], pidfd;

	if (wire_open(ends, e))
		return -1;
	sandbox.channel = ends[1];
	pidfd = sandbox_start(&sandbox, fetcher_run, worker_fail, (void *)(uintptr_t)plan, e);
	close(ends[1]);
	if (pidfd < 0) {
		close(ends[0]);
		return -1;
	}
	*ret = (struct fetcher_link){ .pidfd = pidfd, .channel = ends[0], .pipe = -1 };
	return 0;
}

void fetcher_link_end(struct fetcher_link *link)
{
	struct process_end end;
	struct error ignored = { 0 };

	(void)process_signal(link->pidfd, SIGKILL); /* it may have ended */
	(void)process_wait(link->pidfd, &end, &ignored); /* only so that it is reaped */
	close(link->pidfd);
	close(link->channel);
	if (link->pipe >= 0)
		close(link->pipe);
	*link = (struct fetcher_link){ .pidfd = -1, .channel = -1, .pipe = -1 };
}

int fetcher_link_order(struct fetcher_link *link, const char *kind, const char *name, int64_t offset, struct error *e)
{
	struct wire_message question = { .op = WIRE_FETCH, .number = offset };
	int ends[2], result;

	(void)snprintf(question.text, sizeof question.text, "%s %s", kind, name); /* digests and tags are short */
	if (pipe2(ends, O_CLOEXEC))
		return error_sys(e, "make a pipe for what is fetched");
	(void)fcntl(ends[0], F_SETPIPE_SZ, PIPE); /* a smaller one is only slower */
	result = wire_send(link->channel, &question, ends[1], e);
	close(ends[1]);
	if (result)
		close(ends[0]);
	else
		link->pipe = ends[0];
	return result;
}

int fetcher_link_hear(struct fetcher_link *link, struct wire_message *ret, struct error *e)
{
	int got = wire_receive(link->channel, ret, NULL, e);

	close(take_fd(&link->pipe));
	if (got < 0)
		return -1;
	if (got == 0)
		return error_set(e, ERROR_NETWORK, "the sandboxed process that talks to the registry ended and said nothing");
	if (ret->op == WIRE_FAIL) {
		*e = ret->error;
		return -1;
	}
	return ret->op == WIRE_ANSWER ? 0 : error_set(e, ERROR_INTERNAL, "the sandboxed process that talks to the registry is confused");
}
