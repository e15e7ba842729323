/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_refused.c - refused system calls are counted, and answered as before.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "runtime/supervise/progress.h"
#include "runtime/supervise/refused.h"

static char folder[] = "/tmp/box-refused-XXXXXX";
static int state = -1;

static void begin(void)
{
	cr_assert_not_null(mkdtemp(folder));
	state = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(state, 0);
}

static void end(void)
{
	struct error e = { 0 };

	close(state);
	(void)folder_remove(AT_FDCWD, folder, &e);
}

TestSuite(refused, .init = begin, .fini = end);

/* A filter that asks about all numbers from first on to last. */
static int load(unsigned first, unsigned last)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { .len = sizeof code / sizeof *code, .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

/* An app that makes count calls with the numbers from first on, and ends with 0 where each of them failed with wanted. Its listener. */
static int start_app(unsigned first, unsigned kinds, int count, int wanted, pid_t *ret_pid)
{
	struct message message;
	struct error e = { 0 };
	int ends[2], listener;

	cr_assert_eq(channel_open(ends, &e), 0, "%s", e.text);
	*ret_pid = fork();
	if (*ret_pid == 0) {
		char word;

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		message = (struct message){ .stage = 1, .fd_count = 1, .fds = { load(first, first + kinds - 1) } };
		if (message.fds[0] < 0 || channel_send(ends[1], &message, &e))
			_exit(2);
		close(message.fds[0]);
		close(ends[0]);
		(void)!read(ends[1], &word, 1); /* until the other side has it */
		for (int i = 0; i < count; i++)
			if (syscall(first + (unsigned)i % kinds, -1, -1, -1, -1, -1, -1) != -1 || errno != wanted)
				_exit(3);
		_exit(0);
	}
	cr_assert_eq(channel_receive(ends[0], &message, &e), 1, "%s", e.text);
	listener = message.fds[0];
	close(ends[1]);
	close(ends[0]);
	return listener;
}

/* The supervisor's loop until the app has ended: its exit code. */
static int serve(struct refused *r, pid_t pid)
{
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		struct pollfd polled;
		int64_t left = refused_watch(r, &polled) - clock_boot_ms();

		(void)poll(&polled, 1, left < 0 ? 0 : left < 20 ? (int)left : 20);
		refused_serve(r, &polled, clock_boot_ms());
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

Test(refused, every_call_is_counted_by_its_number)
{
	struct refused_record found;
	struct refused r;
	struct error e = { 0 };
	pid_t pid;
	int listener = start_app(SYS_acct, 1, 7, EPERM, &pid);

	cr_expect_eq(refused_read(state, &found, &e), -1);
	cr_expect_eq(e.sys, ENOENT);
	cr_assert_eq(refused_begin(&r, state, listener, 1, clock_boot_ms(), &e), 0, "%s", e.text);
	cr_expect_eq(serve(&r, pid), 0);
	refused_end(&r);
	cr_assert_eq(refused_read(state, &found, &e), 0, "%s", e.text);
	cr_expect_eq(found.kinds, 1u);
	cr_expect_eq(found.calls[0].number, (uint32_t)SYS_acct);
	cr_expect_eq(found.calls[0].count, 7u);
	/* A supervisor that takes over goes on counting; a new run does not. */
	cr_assert_eq(refused_begin(&r, state, listener, 0, 0, &e), 0, "%s", e.text);
	cr_expect_eq(r.record->calls[0].count, 7u);
	refused_end(&r);
	cr_assert_eq(refused_begin(&r, state, listener, 1, 0, &e), 0, "%s", e.text);
	cr_expect_eq(r.record->kinds, 0u);
	refused_end(&r);
}

Test(refused, more_kinds_than_are_told_apart)
{
	struct refused_record found;
	struct refused r;
	struct error e = { 0 };
	pid_t pid;
	int listener = start_app(10000, 40, 80, EPERM, &pid);

	cr_assert_eq(refused_begin(&r, state, listener, 1, clock_boot_ms(), &e), 0, "%s", e.text);
	cr_expect_eq(serve(&r, pid), 0);
	refused_end(&r);
	cr_assert_eq(refused_read(state, &found, &e), 0, "%s", e.text);
	cr_expect_eq(found.kinds, (uint32_t)REFUSED_KINDS);
	cr_expect_eq(found.others, 16u);
}

Test(refused, an_app_that_does_nothing_else_has_to_wait)
{
	enum { CALLS = REFUSED_BURST + REFUSED_PER_SECOND / 2 };
	struct refused r;
	struct error e = { 0 };
	int64_t began;
	pid_t pid;
	int listener = start_app(SYS_acct, 1, CALLS, EPERM, &pid);

	cr_assert_eq(refused_begin(&r, state, listener, 1, clock_boot_ms(), &e), 0, "%s", e.text);
	began = clock_boot_ms();
	cr_expect_eq(serve(&r, pid), 0);
	cr_expect_geq(clock_boot_ms() - began, 400);
	cr_expect_eq(r.record->calls[0].count, (uint64_t)CALLS);
	refused_end(&r);
}

Test(refused, when_everybody_is_gone_nothing_waits)
{
	struct pollfd polled;
	struct refused r;
	struct error e = { 0 };
	pid_t pid;
	int listener = start_app(SYS_acct, 1, 0, EPERM, &pid), status;

	cr_assert_eq(refused_begin(&r, state, listener, 1, clock_boot_ms(), &e), 0, "%s", e.text);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	(void)refused_watch(&r, &polled);
	cr_expect_eq(poll(&polled, 1, 1000), 1);
	refused_serve(&r, &polled, clock_boot_ms());
	cr_expect_eq(refused_watch(&r, &polled), INT64_MAX);
	cr_expect_eq(polled.fd, -1, "or the loop would spin");
	refused_end(&r);
	/* An app whose listener nobody holds goes on as well. */
	listener = start_app(SYS_acct, 1, 3, ENOSYS, &pid);
	close(listener);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
