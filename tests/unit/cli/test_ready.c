/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ready.c - when an instance is ready, and when it has failed.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "cli/commands.h"
#include "cli/up/up.h"
#include "runtime/supervise/progress.h"

/* A state folder with one instance, "web", whose supervisor is as far as was noted. Each test has a process of its own. */
static char folder[] = "/tmp/box-ready-XXXXXX";
static struct places places = { .state = folder, .store = folder };
static const struct call call = { .places = &places };
static const struct up_options options;
static const struct up up = { .call = &call, .options = &options };
static int top = -1, web = -1;

static void begin(void)
{
	cr_assert_not_null(mkdtemp(folder));
	top = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_eq(mkdirat(top, "web", 0700), 0);
	web = openat(top, "web", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(web, 0);
}

static void end(void)
{
	struct error e = { 0 };

	(void)folder_remove(AT_FDCWD, folder, &e);
}

TestSuite(ready, .init = begin, .fini = end, .timeout = 10);

static void note(enum phase phase, int64_t starts)
{
	const struct progress progress = { .phase = phase, .starts = starts, .definition = folder, .program = folder };
	struct error e = { 0 };

	cr_assert_eq(progress_write(web, &progress, &e), 0, "%s", e.text);
}

/* Behind so many milliseconds, while the test waits. */
static void note_later(unsigned ms, enum phase phase, int64_t starts)
{
	if (fork() == 0) {
		usleep(ms * 1000);
		note(phase, starts);
		_exit(0);
	}
}

static void expect_failure(bool is_checked, struct up_patience patience, const char *words)
{
	struct error e = { 0 };

	cr_assert_eq(up_wait_ready(&up, "web", is_checked, patience, &e), -1);
	cr_expect_not_null(strstr(e.text, words), "%s", e.text);
}

static void expect_ready(struct up_patience patience)
{
	struct error e = { 0 };

	cr_expect_eq(up_wait_ready(&up, "web", /* is_checked= */ false, patience, &e), 0, "%s", e.text);
}

Test(ready, an_end_that_does_not_end_is_waited_for_as_long_as_a_health_check)
{
	int64_t before = clock_boot_ms();

	note(PHASE_ENDING, 1);
	expect_failure(false, (struct up_patience){ .timeout_us = 200000 }, "what its end has to do is not done");
	cr_expect_geq(clock_boot_ms() - before, 200);
	note(PHASE_LEAVING, 1);
	expect_failure(true, (struct up_patience){ .timeout_us = 1000 }, "what its end has to do is not done");
	/* The longer of both. */
	before = clock_boot_ms();
	expect_failure(false, (struct up_patience){ .timeout_us = 1000, .monitor_us = 200000 }, "what its end has to do is not done");
	cr_expect_geq(clock_boot_ms() - before, 200);
}

Test(ready, one_that_was_started_anew_meanwhile_has_failed)
{
	note(PHASE_RUNNING, 1);
	note_later(100, PHASE_RUNNING, 2);
	expect_failure(false, (struct up_patience){ .monitor_us = 5000000 }, "web has ended before it was ready");
	note(PHASE_ENDING, 2);
	note_later(100, PHASE_RUNNING, 3);
	expect_failure(false, (struct up_patience){ .timeout_us = 5000000 }, "web has ended before it was ready");
}

Test(ready, without_a_check_it_is_enough_to_run_for_the_monitor_time)
{
	int64_t before = clock_boot_ms();

	note(PHASE_RUNNING, 1);
	expect_ready((struct up_patience){ .timeout_us = 5000000 });
	cr_expect_lt(clock_boot_ms() - before, 1000);
	expect_ready((struct up_patience){ .monitor_us = 200000 });
	cr_expect_geq(clock_boot_ms() - before, 200);
	note(PHASE_PLANNING, 0); /* a job, which waits for its time */
	expect_ready((struct up_patience){ .monitor_us = 5000000 });
}

Test(ready, with_a_check_it_has_to_become_healthy_in_time)
{
	note(PHASE_RUNNING, 1);
	expect_failure(true, (struct up_patience){ .timeout_us = 100000, .monitor_us = 1 }, "web is not healthy after 0 seconds");
}

Test(ready, one_that_waits_for_its_next_start_or_is_gone_has_failed)
{
	struct error e = { 0 };

	note(PHASE_STARTING, 1);
	expect_failure(false, (struct up_patience){ .timeout_us = 5000000, .monitor_us = 5000000 }, "web has ended before it was ready");
	cr_assert_eq(folder_remove(top, "web", &e), 0);
	expect_failure(true, (struct up_patience){ .timeout_us = 5000000 }, "web has ended before it was ready");
}

Test(ready, of_several_the_one_that_fails_is_named)
{
	struct list names = { 0 };
	const char *failed = NULL;
	struct error e = { 0 };

	note(PHASE_RUNNING, 1);
	list_add(&names, "web");
	cr_expect_eq(up_wait_all(&up, &names, false, (struct up_patience){ 0 }, &failed, &e), 0);
	cr_expect_null(failed);
	list_add(&names, "other");
	cr_expect_eq(up_wait_all(&up, &names, false, (struct up_patience){ 0 }, &failed, &e), -1);
	cr_expect_str_eq(failed, "other");
	list_release(&names);
}
