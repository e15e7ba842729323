/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/file.h"
#include "runtime/supervise/ooms.h"

#define QUIET "low 0\nhigh 0\nmax 7\noom 0\noom_kill 0\noom_group_kill 0\n"

static void set(int fd, const char *content)
{
	cr_assert(ftruncate(fd, 0) == 0 && pwrite(fd, content, strlen(content), 0) == (ssize_t)strlen(content));
}

static int counts(const char *content)
{
	int fd = file_in_memory("counts", content, strlen(content));

	cr_assert(fd >= 0);
	return fd;
}

/* What the loop of the supervisor does at that time. */
static bool serve_at(struct ooms *o, bool is_ready, int64_t now_ms)
{
	struct pollfd poll = { 0 };

	(void)ooms_watch(o, &poll);
	poll.revents = is_ready && poll.fd >= 0 ? poll.events : 0;
	return ooms_serve(o, &poll, now_ms);
}

Test(ooms, a_kill_is_told_once_and_then_it_rests)
{
	int fds[] = { counts(QUIET) };
	struct ooms o;
	struct pollfd poll;

	ooms_begin(&o, fds, 1, 0);
	cr_expect(ooms_watch(&o, &poll) == INT64_MAX && poll.fd == fds[0] && poll.events == POLLPRI);
	cr_expect(!serve_at(&o, false, 1000));
	set(fds[0], "low 0\noom 1\noom_kill 2\n");
	cr_expect(serve_at(&o, true, 1000));
	cr_expect_eq(o.seen, 2);
	/* It does not listen for a second; then it looks, and listens again. */
	cr_expect(ooms_watch(&o, &poll) == 1000 + OOM_REST_MS && poll.fd == -1);
	set(fds[0], "oom_kill 3\n");
	cr_expect(!serve_at(&o, true, 1500));
	cr_expect(serve_at(&o, false, 2000));
	cr_expect(!serve_at(&o, false, 3000));
	cr_expect(ooms_watch(&o, &poll) == INT64_MAX && poll.fd == fds[0]);
}

Test(ooms, a_signal_before_the_count_is_looked_at_again)
{
	int fds[] = { counts("oom_kill_disable 0\nunder_oom 0\noom_kill 4\n"), eventfd(1, EFD_NONBLOCK) };
	struct ooms o;
	struct pollfd poll;
	int64_t now = 5000;

	ooms_begin(&o, fds, 2, 4);
	cr_expect(ooms_watch(&o, &poll) == INT64_MAX && poll.fd == fds[1] && poll.events == POLLIN);
	cr_expect(!serve_at(&o, true, now));
	now = ooms_watch(&o, &poll);
	cr_expect(now > 5000 && now < 5100, "it looks again at %jd", (intmax_t)now);
	set(fds[0], "oom_kill 5\n");
	cr_expect(serve_at(&o, false, now));
	/* Without any kill it listens again in the end. */
	for (int i = 0; i < 10 && now != INT64_MAX; i++) {
		cr_expect(!serve_at(&o, false, now) || i == 0);
		now = ooms_watch(&o, &poll);
	}
	cr_expect(now == INT64_MAX && poll.fd == fds[1]);
	cr_expect(read(fds[1], &(uint64_t){ 0 }, sizeof(uint64_t)) < 0, "the signal was not taken");
}

Test(ooms, the_last_look_and_nobody_who_tells)
{
	int fds[] = { counts(QUIET) };
	struct ooms o;
	struct pollfd poll;

	ooms_begin(&o, fds, 1, 0);
	set(fds[0], "oom_kill 1\n");
	cr_expect(ooms_end(&o));
	cr_expect(!ooms_end(&o));
	ooms_begin(&o, NULL, 0, 0);
	cr_expect(ooms_watch(&o, &poll) == INT64_MAX && poll.fd == -1);
	cr_expect(!ooms_end(&o));
	/* A kernel that does not count: it is not asked again. */
	fds[0] = counts("under_oom 0\n");
	ooms_begin(&o, fds, 1, 0);
	cr_expect(!serve_at(&o, true, 1));
	cr_expect(ooms_watch(&o, &poll) == INT64_MAX && poll.fd == -1);
}
