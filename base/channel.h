/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel.h - one SEQPACKET pair between two processes of box, one message type.
 *
 * A message is a stage number, up to CHANNEL_FDS descriptors, eight small numbers and an error value. Both ends are the same
 * program, so the struct goes over as it is; sizes are checked all the same.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { CHANNEL_FDS = 16, CHANNEL_NUMBERS = 8 };

struct message {
	uint32_t stage;
	uint32_t fd_count;
	int64_t numbers[CHANNEL_NUMBERS];
	struct error error;
	int fds[CHANNEL_FDS]; /* owned by the receiver; -1 where unused */
};

/* A pair of connected, close-on-exec sockets. */
int channel_open(int ret_ends[static 2], struct error *e);

/* Sends stage, numbers, error and the first fd_count fds (which stay open here). */
int channel_send(int channel, const struct message *message, struct error *e);

/* Receives one message: 1, or 0 at the end of file (the other side ended or executed a program), or -1. */
int channel_receive(int channel, struct message *ret, struct error *e);

/* A message with every fd at -1. */
void message_init(struct message *message, uint32_t stage);
/* Closes the fds that were not taken. */
void message_release(struct message *message);
