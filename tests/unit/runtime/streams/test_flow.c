/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_flow.c - bytes arrive whole and in order, whoever is slow, and nobody's flags change.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/streams/flow.h"

enum { MUCH = 1 << 20 };

static struct flow flow;
static int source[2], target[2];

static void begin(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	cr_assert_eq(pipe2(source, O_CLOEXEC), 0);
	cr_assert_eq(pipe2(target, O_CLOEXEC), 0);
	cr_assert_eq(fcntl(source[0], F_SETFL, O_NONBLOCK), 0);
}

TestSuite(flow, .init = begin);

/* One round without waiting. */
static size_t serve(void)
{
	struct pollfd polls[2];

	flow_watch(&flow, polls);
	cr_assert_geq(poll(polls, 2, 0), 0);
	return flow_serve(&flow, polls, SIZE_MAX);
}

Test(flow, carries_and_ends)
{
	char got[8] = "";

	flow_open(&flow, source[0], target[1]);
	cr_assert_eq(write(source[1], "hello", 5), 5);
	cr_expect_eq(serve(), 5);
	cr_expect_eq(read(target[0], got, sizeof got), 5);
	cr_expect_str_eq(got, "hello");
	cr_expect(flow_is_open(&flow));
	close(source[1]);
	cr_expect_eq(serve(), 0);
	cr_expect_not(flow_is_open(&flow));
	cr_expect_eq(flow.failure, 0);
	flow_close(&flow);
}

Test(flow, the_shared_description_stays_blocking)
{
	int before = fcntl(target[1], F_GETFL);

	flow_open(&flow, source[0], target[1]);
	cr_expect_geq(flow.own, 0, "a pipe can be opened once more");
	cr_expect_eq(fcntl(target[1], F_GETFL), before);
	flow_close(&flow);
	cr_expect_eq(flow.own, -1);
}

/* Fills the target until it takes nothing more: neither waits, nor loses a byte. */
static void stall_and_go_on(int out, int in)
{
	static unsigned char sent[MUCH], got[MUCH];
	size_t given = 0, taken = 0;
	int rounds = 0;

	for (size_t i = 0; i < sizeof sent; i++)
		sent[i] = (unsigned char)(i * 31 + i / 251);
	cr_assert_eq(fcntl(source[1], F_SETFL, O_NONBLOCK), 0);
	cr_assert_eq(fcntl(in, F_SETFL, O_NONBLOCK), 0);
	flow_open(&flow, source[0], out);
	while (taken < sizeof got) {
		ssize_t n = write(source[1], sent + given, sizeof sent - given);

		given += n > 0 ? (size_t)n : 0;
		if (given == sizeof sent && source[1] >= 0) {
			close(source[1]);
			source[1] = -1;
		}
		(void)serve();
		/* The reader sleeps most of the time. */
		if (++rounds % 50)
			continue;
		n = read(in, got + taken, sizeof got - taken);
		taken += n > 0 ? (size_t)n : 0;
		cr_assert_lt(rounds, 1000000, "it got stuck at %zu", taken);
	}
	cr_expect_arr_eq(got, sent, sizeof got);
	(void)serve();
	cr_expect_not(flow_is_open(&flow));
	flow_close(&flow);
}

Test(flow, a_stalled_pipe, .timeout = 20)
{
	stall_and_go_on(target[1], target[0]);
}

Test(flow, a_stalled_socket, .timeout = 20)
{
	int ends[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	stall_and_go_on(ends[1], ends[0]);
	cr_expect_eq(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
}

Test(flow, a_pipe_that_cannot_be_opened_again_goes_by_small_steps, .timeout = 20)
{
	struct pollfd polls[2];
	char fill[4096] = "";
	int space = 0;

	flow_open(&flow, source[0], target[1]);
	close(flow.own);
	flow.own = -1;
	flow.way = FLOW_SMALL;
	/* One page is left in the target. */
	for (int i = fcntl(target[1], F_GETPIPE_SZ) / 4096; i > 1; i--)
		cr_assert_eq(write(target[1], fill, sizeof fill), (ssize_t)sizeof fill);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(write(source[1], fill, sizeof fill), (ssize_t)sizeof fill);
	cr_expect_eq(serve(), 3 * sizeof fill);
	cr_expect_eq(serve(), 0);
	/* It is full now, and so it is not written to: a write would wait for ever. */
	flow_watch(&flow, polls);
	cr_assert_eq(poll(polls, 2, 0), 0);
	cr_expect_eq(flow_serve(&flow, polls, SIZE_MAX), 0);
	cr_expect(flow_has_bytes(&flow));
	cr_assert_eq(ioctl(target[0], FIONREAD, &space), 0);
	cr_expect_eq(space, fcntl(target[1], F_GETPIPE_SZ));
	flow_close(&flow);
}

Test(flow, a_reader_that_goes_ends_it_with_its_reason)
{
	flow_open(&flow, source[0], target[1]);
	close(target[0]);
	cr_assert_eq(write(source[1], "x", 1), 1);
	(void)serve();
	cr_expect_not(flow_is_open(&flow));
	cr_expect_eq(flow.failure, EPIPE);
}

Test(flow, a_full_disk_ends_it_with_its_reason)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	flow_open(&flow, source[0], full);
	cr_assert_eq(write(source[1], "x", 1), 1);
	(void)serve();
	cr_expect_not(flow_is_open(&flow));
	cr_expect_eq(flow.failure, ENOSPC);
	close(full);
}

Test(flow, a_limit_is_kept)
{
	struct pollfd polls[2];

	flow_open(&flow, source[0], target[1]);
	cr_assert_eq(write(source[1], "abcdef", 6), 6);
	flow_watch(&flow, polls);
	cr_assert_eq(poll(polls, 2, 0), 1);
	cr_expect_eq(flow_serve(&flow, polls, 4), 4);
	cr_expect_eq(flow_serve(&flow, polls, 0), 0);
	flow_close(&flow);
}

Test(flow, without_source_or_target_it_is_not_open)
{
	struct pollfd polls[2];

	flow_open(&flow, -1, target[1]);
	cr_expect_not(flow_is_open(&flow));
	flow_close(&flow);
	flow_open(&flow, source[0], -1);
	cr_expect_not(flow_is_open(&flow));
	flow_watch(&flow, polls);
	cr_expect_eq(polls[0].fd, -1);
	cr_expect_eq(polls[1].fd, -1);
}
