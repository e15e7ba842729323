/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_health.c - when an app is healthy, by a clock of the test's own; and the record that others read.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "runtime/supervise/health.h"
#include "runtime/supervise/health_plan.h"
#include "runtime/supervise/health_record.h"

static char folder[] = "/tmp/box-health-XXXXXX";
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

TestSuite(health, .init = begin, .fini = end);

/* Checks at those times, in seconds from the start of the app: "+" a success, "-" a failure. What the app is after each: "s", "h", "u";
 * and capitals where that is an event. */
struct story {
	char times[80], checks[24], expected[24];
	int retries, start_period_s;
};

ParameterizedTestParameters(health, stories)
{
	static struct story stories[] = {
		{ "10 20 30", "+++", "Hhh", 3, 0 },
		{ "10 20 30 40", "---+", "ssUH", 3, 0 },
		{ "10 20 30 40 50 60", "+--+--", "Hhhhhh", 3, 0 },
		{ "10 20 30 40 50 60", "+---+-", "HhhUHh", 3, 0 },
		{ "10 20 30", "-++", "UHh", 1, 0 },
		{ "10 20 30 40", "----", "Uuuu", 1, 0 },
		{ "1 2 3 4 9 10 11 12", "--------", "sssssssU", 3, 10 },
		{ "1 2 3 4 5", "-+---", "sHhhU", 3, 10 },
	};

	return cr_make_param_array(struct story, stories, sizeof stories / sizeof *stories);
}

ParameterizedTest(struct story *story, health, stories)
{
	const struct health_plan plan = { .retries = story->retries, .start_period_ms = story->start_period_s * 1000 };
	struct health_record record = { .status = HEALTH_STARTING };
	char *at = story->times, found[24] = "";

	for (size_t i = 0; story->checks[i]; i++) {
		int64_t began_ms = strtol(at, &at, 10) * 1000;
		enum health_event event = health_judge(&plan, &record, began_ms, story->checks[i] == '+');
		char letter = health_word(record.status)[0];

		cr_expect(event == HEALTH_SAME || (event == HEALTH_WELL) == (record.status == HEALTH_HEALTHY));
		found[i] = event == HEALTH_SAME ? letter : (char)(letter - 'a' + 'A');
	}
	cr_expect_str_eq(found, story->expected, "%s %s: found %s, expected %s", story->times, story->checks, found, story->expected);
}

Test(health, intervals)
{
	const struct health_plan plan = { .start_period_ms = 20000, .start_interval_ms = 2000, .interval_ms = 30000 };
	struct health_record record = { .status = HEALTH_STARTING };

	cr_expect_eq(health_pause(&plan, &record, 0), 2000);
	cr_expect_eq(health_pause(&plan, &record, 19999), 2000);
	cr_expect_eq(health_pause(&plan, &record, 20000), 30000, "the period is over");
	record.status = HEALTH_HEALTHY;
	cr_expect_eq(health_pause(&plan, &record, 5000), 30000, "it has started");
}

Test(health, a_plan_is_read_as_it_was_written)
{
	static char probe[] = PROBE_HTTP, remedy[] = REMEDY_RESTART, path[] = "/a?b=c d", host[] = "x";
	const struct health_plan plan = { .probe = probe, .remedy = remedy, .path = path, .host = host, .port = 80, .retries = 3,
					  .interval_ms = 1, .timeout_ms = 2, .start_period_ms = 3, .start_interval_ms = 4, .has_network = 1 };
	struct health_plan found = { 0 };
	struct error e = { 0 };

	cr_assert_eq(health_plan_read(state, &found, &e), 0, "%s", e.text);
	cr_expect_null(found.probe, "no file: no check");
	cr_assert_eq(health_plan_write(state, &plan, &e), 0, "%s", e.text);
	cr_assert_eq(health_plan_read(state, &found, &e), 0, "%s", e.text);
	cr_expect_str_eq(found.probe, PROBE_HTTP);
	cr_expect_str_eq(found.remedy, REMEDY_RESTART);
	cr_expect_str_eq(found.path, "/a?b=c d");
	cr_expect_str_eq(found.host, "x");
	cr_expect_null(found.test);
	cr_expect_eq(found.port * 100000 + found.retries * 10000 + found.interval_ms * 1000 + found.timeout_ms * 100 +
			     found.start_period_ms * 10 + found.start_interval_ms, 8031234);
	cr_expect_eq(found.has_network, 1);
	health_plan_release(&found);
	cr_expect_null(found.path);
}

Test(health, the_last_five_results_are_kept)
{
	static struct health_record copy; /* larger than a stack should be */
	struct error e = { 0 };
	struct health_record *record;

	cr_expect_eq(health_record_read(state, &copy, &e), -1);
	cr_expect_eq(e.sys, ENOENT);
	cr_expect_eq(health_record_status(state), HEALTH_UNCHECKED);
	record = health_record_open(state, &e);
	cr_assert_not_null(record, "%s", e.text);
	for (int i = 0; i < 8; i++) {
		struct health_result *next = health_record_next(record);

		next->code = i;
		next->length = 1;
		next->output[0] = (char)('a' + i);
		health_record_begin(record);
		record->count++;
		record->status = HEALTH_UNHEALTHY;
		health_record_end(record);
		health_record_next(record)->code = -77; /* a check under way is nobody's business */
	}
	health_record_close(record);
	cr_assert_eq(health_record_read(state, &copy, &e), 0, "%s", e.text);
	cr_assert_eq(health_record_kept(&copy), 5u);
	for (uint32_t ago = 0; ago < 5; ago++)
		cr_expect_eq(health_record_result(&copy, ago)->output[0], (char)('h' - (char)ago));
	cr_expect_eq(health_record_status(state), HEALTH_UNHEALTHY);
	record = health_record_open(state, &e);
	cr_expect_eq(record->count, 8u, "it outlives its supervisor");
	health_record_close(record);
}

Test(health, records_that_are_none)
{
	static struct health_record copy;
	struct error e = { 0 };
	struct health_record *record;
	int fd = openat(state, HEALTH_RECORD_FILE, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	cr_assert_eq(write_all(fd, "short", 5), 0);
	close(fd);
	cr_expect_eq(health_record_read(state, &copy, &e), -1);
	cr_expect_str_eq(e.text, "read the health of an app: its supervisor is of another version of box");
	cr_expect_eq(health_record_status(state), HEALTH_UNCHECKED);
	record = health_record_open(state, &e);
	cr_assert_not_null(record);
	cr_expect_eq(record->count + record->status, 0u, "begun anew");
	/* The supervisor was killed in the middle of a change. */
	health_record_begin(record);
	health_record_close(record);
	cr_expect_eq(health_record_read(state, &copy, &e), 0);
	record = health_record_open(state, &e);
	cr_expect_eq(record->sequence % 2, 0u);
	health_record_close(record);
}

Test(health, without_a_check_nothing_is_waited_for)
{
	const struct health_plan none = { 0 };
	const struct probe_app app = { .pidfd = -1 };
	struct pollfd polls[HEALTH_POLLS];
	struct error e = { 0 };
	struct health h;

	cr_assert_eq(health_open(&h, &none, &app, state, &e), 0, "%s", e.text);
	health_begin(&h, -1, 0, true, 0);
	cr_expect_eq(health_watch(&h, polls), INT64_MAX);
	cr_expect(polls[0].fd == -1 && polls[1].fd == -1);
	cr_expect_eq(faccessat(state, HEALTH_RECORD_FILE, F_OK, 0), -1, "no file either");
	health_close(&h);
}
