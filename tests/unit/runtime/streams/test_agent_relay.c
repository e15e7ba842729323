/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_agent_relay.c - what a step of a build may ask the caller's SSH agent.
 */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "runtime/streams/agent_relay.h"
#include "tests/unit/base/scratch.h"

/* A listening socket of that name in the current folder. */
static int listen_at(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, name, strlen(name));
	cr_assert(fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 4) == 0);
	return fd;
}

static int connect_to(const char *name)
{
	const struct timeval patience = { .tv_sec = 10 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, name, strlen(name));
	cr_assert(fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0);
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
	return fd;
}

Test(agent_relay, two_kinds_of_questions_are_handed_on)
{
	for (int type = 0; type < 256; type++)
		cr_expect_eq(agent_relay_allows((unsigned char)type), type == 11 || type == 13, "%d", type);
}

Test(agent_relay, an_agent_hears_what_it_may_and_nothing_else)
{
	SCRATCH();
	static const unsigned char list[] = { 0, 0, 0, 1, 11 }, wipe[] = { 0, 0, 0, 1, 19 }, endless[] = { 0xff, 0xff, 0xff, 0xff, 11 };
	int agent = listen_at("agent"), client, heard;
	struct agent_relay relay;
	struct error e = { 0 };
	unsigned char bytes[16];

	cr_assert_eq(agent_relay_start("agent", listen_at("step"), &relay, &e), 0, "%s", e.text);
	close(accept(agent, NULL, NULL)); /* whether it answers at all */
	client = connect_to("step");
	cr_assert_eq(write(client, wipe, sizeof wipe), 5);
	cr_assert_eq(read(client, bytes, sizeof bytes), 5);
	cr_expect_arr_eq(bytes, ((const unsigned char[]){ 0, 0, 0, 1, 5 }), 5);
	cr_assert_eq(write(client, list, sizeof list), 5);
	heard = accept(agent, NULL, NULL);
	cr_assert_eq(read(heard, bytes, sizeof bytes), 5);
	cr_expect_arr_eq(bytes, list, 5);
	cr_assert_eq(write(heard, wipe, sizeof wipe), 5);
	cr_expect_eq(read(client, bytes, sizeof bytes), 5);
	cr_assert_eq(write(client, endless, sizeof endless), 5);
	cr_expect(read(client, bytes, sizeof bytes) <= 0); /* the end, or a reset */
	agent_relay_end(&relay);
	cr_expect_eq(agent_relay_start("none", listen_at("other"), &relay, &e), -1);
	cr_expect_str_eq(e.text, "speak to the SSH agent at none: No such file or directory [ENOENT]");
	close(client);
	close(heard);
	close(agent);
}
