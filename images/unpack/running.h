/* SPDX-License-Identifier: Apache-2.0 */
/*
 * running.h - a sandbox that works beside its parent.
 */
#pragma once

#include <stddef.h>

struct error;
struct sandbox;

struct running {
	int pidfd, channel;
};
#define RUNNING_NONE ((struct running){ -1, -1 })

/* Starts task(channel, data) in the sandbox; its channel is made here. fds become the first messages on it: running_receive in the task. */
int running_start(const struct sandbox *how, int (*task)(int, void *), void *data, const int *fds, size_t count,
		  struct running *ret, struct error *e);
int running_receive(int channel, struct error *e);
/* Forgets it: without its channel it ends by itself, and nobody looks at what it wrote. */
void running_release(struct running *running);
