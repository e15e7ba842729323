/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_channel.c - messages between two processes: whole, with descriptors, and the end of file.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/cleanup.h"

static int count_descriptors(void)
{
	autoclosedir DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(folder))
		count++;
	return count;
}

Test(channel, carries_everything)
{
	struct message sent, got;
	struct error e = { 0 };
	struct stat a, b;
	int ends[2];

	cr_assert_eq(channel_open(ends, &e), 0);
	cr_expect(fcntl(ends[0], F_GETFD) & FD_CLOEXEC);
	message_init(&sent, 42);
	sent.numbers[0] = -1;
	sent.numbers[CHANNEL_NUMBERS - 1] = INT64_MAX;
	(void)error_set(&sent.error, ERROR_SPEC, "words");
	(void)error_at(&sent.error, "field");
	(void)error_hint(&sent.error, "hint");
	sent.fd_count = CHANNEL_FDS;
	for (int i = 0; i < CHANNEL_FDS; i++)
		sent.fds[i] = open(i % 2 ? "/dev/null" : "/dev/zero", O_RDWR | O_CLOEXEC);
	cr_assert_eq(channel_send(ends[0], &sent, &e), 0, "%s", e.text);
	cr_assert_eq(channel_receive(ends[1], &got, &e), 1, "%s", e.text);
	cr_expect_eq(got.stage, 42);
	cr_expect_eq(got.numbers[0], -1);
	cr_expect_eq(got.numbers[CHANNEL_NUMBERS - 1], INT64_MAX);
	cr_expect_str_eq(got.error.text, "words");
	cr_expect_str_eq(got.error.field, "field");
	cr_expect_str_eq(got.error.hint, "hint");
	cr_assert_eq(got.fd_count, CHANNEL_FDS);
	for (int i = 0; i < CHANNEL_FDS; i++) {
		cr_expect(fcntl(got.fds[i], F_GETFD) & FD_CLOEXEC, "descriptor %d leaks into programs", i);
		cr_expect(fstat(sent.fds[i], &a) == 0, "the sender lost descriptor %d", i);
		cr_expect(fstat(got.fds[i], &b) == 0 && a.st_rdev == b.st_rdev, "descriptor %d came in another place", i);
	}
	message_release(&got);
	cr_expect_eq(got.fds[0], -1);
	message_release(&got);
}

Test(channel, end_of_file_is_no_error)
{
	struct message got;
	struct error e = { 0 };
	int ends[2];

	cr_assert_eq(channel_open(ends, &e), 0);
	close(ends[0]);
	cr_expect_eq(channel_receive(ends[1], &got, &e), 0);
	message_init(&got, 1);
	cr_expect_eq(channel_send(ends[1], &got, &e), -1, "sending to nobody succeeded");
	cr_expect_eq(e.sys, EPIPE);
}

Test(channel, executing_a_program_is_an_end_of_file)
{
	struct message got;
	struct error e = { 0 };
	int ends[2];
	pid_t pid;

	cr_assert_eq(channel_open(ends, &e), 0);
	pid = fork();
	if (pid == 0) {
		execl("/bin/sleep", "sleep", "1", NULL);
		_exit(1);
	}
	close(ends[0]);
	cr_expect_eq(channel_receive(ends[1], &got, &e), 0, "the program still holds the channel");
	cr_expect_eq(waitpid(pid, NULL, WNOHANG), 0, "the end of file came only with the end of the program");
	waitpid(pid, NULL, 0);
}

Test(channel, messages_keep_their_bounds)
{
	struct message sent, got;
	struct error e = { 0 };
	int ends[2];

	cr_assert_eq(channel_open(ends, &e), 0);
	for (uint32_t i = 0; i < 5; i++) {
		message_init(&sent, i);
		cr_assert_eq(channel_send(ends[0], &sent, &e), 0);
	}
	for (uint32_t i = 0; i < 5; i++) {
		cr_assert_eq(channel_receive(ends[1], &got, &e), 1);
		cr_expect_eq(got.stage, i);
	}
}

Test(channel, too_many_descriptors_are_refused)
{
	struct message sent;
	struct error e = { 0 };
	int ends[2];

	cr_assert_eq(channel_open(ends, &e), 0);
	message_init(&sent, 1);
	sent.fd_count = CHANNEL_FDS + 1;
	cr_expect_eq(channel_send(ends[0], &sent, &e), -1);
	cr_expect_eq(e.kind, ERROR_INTERNAL);
}

Test(channel, a_foreign_message_is_refused_and_leaks_nothing)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(3 * sizeof(int))];
	} control = { 0 };
	char junk[7] = "junk";
	struct iovec part = { junk, sizeof(junk) };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes) };
	const int fds[3] = { 0, 1, 2 };
	struct message got;
	struct error e = { 0 };
	int ends[2], before;

	cr_assert_eq(channel_open(ends, &e), 0);
	before = count_descriptors();
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(&control.header), fds, sizeof(fds));
	cr_assert(sendmsg(ends[0], &header, 0) > 0);
	cr_expect_eq(channel_receive(ends[1], &got, &e), -1);
	cr_expect_eq(count_descriptors(), before, "descriptors of a refused message stayed open");
}
