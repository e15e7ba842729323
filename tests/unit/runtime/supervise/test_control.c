/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_control.c - short texts between processes of box.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "runtime/supervise/control.h"
#include "tests/unit/base/scratch.h"

Test(control, a_failure_comes_back_as_the_error_that_it_is)
{
	autorelease(text) struct text message = { 0 };
	struct error e = { 0 }, back = { 0 };

	errno = EACCES;
	error_sys(&e, "open /a\nb");
	error_at(&e, "volumes[2].source");
	error_hint(&e, "chmod it");
	control_add_failure(&e, &message);
	cr_expect_eq(control_check(message.data, &back), -1);
	cr_expect_eq(back.kind, e.kind);
	cr_expect_eq(back.sys, EACCES);
	cr_expect_str_eq(back.field, e.field);
	cr_expect_str_eq(back.hint, e.hint);
	cr_expect_str_eq(back.text, e.text);
}

Test(control, what_is_no_failure)
{
	struct error e = { 0 };

	cr_expect_eq(control_check("ok", &e), 0);
	cr_expect_eq(e.kind, ERROR_NONE);
	cr_expect_eq(control_check("failed", &e), 0);
	cr_expect_eq(control_check("failed 9999 x", &e), -1);
	cr_expect_eq(e.kind, ERROR_INTERNAL);
	cr_expect_eq(control_check("failed ", &e), -1);
}

Test(control, descriptors_go_along_and_the_end_is_seen)
{
	SCRATCH();
	autorelease(text) struct text message = { 0 };
	struct control_fds fds = { .fds = { scratch }, .count = 1 }, got = { 0 };
	struct error e = { 0 };
	struct stat mine, theirs;
	int ends[2];

	cr_assert_eq(control_pair(ends, &e), 0, "%s", e.text);
	cr_expect_eq(control_try_receive(ends[1], &message, NULL, &e), -1);
	cr_expect_eq(e.sys, EAGAIN);
	cr_assert_eq(control_send(ends[0], "keep", &fds, &e), 0, "%s", e.text);
	text_clear(&message);
	cr_assert_eq(control_receive(ends[1], &message, &got, &e), 1, "%s", e.text);
	cr_expect_str_eq(message.data, "keep");
	cr_assert_eq(got.count, 1);
	cr_assert(fstat(scratch, &mine) == 0 && fstat(got.fds[0], &theirs) == 0);
	cr_expect_eq(mine.st_ino, theirs.st_ino);
	cr_expect(fcntl(got.fds[0], F_GETFD) & FD_CLOEXEC);
	control_fds_close(&got);
	close(ends[0]);
	cr_expect_eq(control_receive(ends[1], &message, NULL, &e), 0);
	cr_expect_eq(control_send(ends[1], "late", NULL, &e), -1);
	cr_expect_eq(e.sys, EPIPE);
	close(ends[1]);
}

/* State folders of tests and of long user names are longer than an address may be. */
Test(control, a_socket_at_a_long_path)
{
	SCRATCH();
	char name[201] = { 0 };
	autoclose int folder = -1, listener = -1, socket = -1, again = -1;
	struct error e = { 0 };

	memset(name, 'x', sizeof name - 1);
	cr_assert_eq(mkdir(name, 0700), 0);
	folder = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_expect_eq(control_connect(folder, "control", &e), -1);
	cr_expect_eq(e.sys, ENOENT);
	listener = control_listen(folder, "control", &e);
	cr_assert_geq(listener, 0, "%s", e.text);
	socket = control_connect(folder, "control", &e);
	cr_assert_geq(socket, 0, "%s", e.text);
	close(take_fd(&listener));
	cr_expect_eq(control_connect(folder, "control", &e), -1);
	cr_expect_eq(e.sys, ECONNREFUSED);
	again = control_listen(folder, "control", &e);
	cr_expect_geq(again, 0, "%s", e.text);
}

Test(control, last_words_are_heard_of_who_did_not_listen)
{
	autorelease(text) struct text message = { 0 };
	struct error e = { 0 };
	int ends[2];

	cr_assert_eq(control_pair(ends, &e), 0);
	cr_assert_eq(control_send(ends[0], "a question", NULL, &e), 0);
	cr_assert_eq(control_send(ends[1], "failed 1 0\n\n\nno", NULL, &e), 0);
	close(ends[1]); /* with the question unread: the first that comes is a reset */
	cr_expect_eq(control_receive(ends[0], &message, NULL, &e), 1);
	cr_expect_str_eq(message.data, "failed 1 0\n\n\nno");
	cr_expect_eq(control_receive(ends[0], &message, NULL, &e), 0);
	close(ends[0]);
}
