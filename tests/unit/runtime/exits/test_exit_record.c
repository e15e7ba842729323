/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_exit_record.c - records of ends: kept, read again, and told in words.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "runtime/exits/exit_record.h"
#include "runtime/supervise/health_record.h"

static char folder[] = "/tmp/box-exits-XXXXXX";
static int definition = -1;

static void begin(void)
{
	cr_assert_not_null(mkdtemp(folder));
	definition = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(definition, 0);
}

static void end(void)
{
	struct error e = { 0 };

	close(definition);
	(void)folder_remove(AT_FDCWD, folder, &e);
}

TestSuite(exit_record, .init = begin, .fini = end);

static struct exit_record sample(void)
{
	static struct health_record health = { .status = HEALTH_UNHEALTHY, .streak = 3, .count = 1 };
	struct exit_record record = { .number = 1, .name = alloc_copy("web"), .code = -1, .signal = SIGKILL, .ran_ms = 125000,
				      .started = exit_record_time(1700000000123), .ended = exit_record_time(1700000125123) };

	health.results[0] = (struct health_result){ .began_ms = 1700000100000, .lasted_ms = 2000, .code = 1, .length = 8,
						    .output = "bad\x1b[1m\n" };
	exit_record_add_health(&record, &health);
	list_add(&record.refused, "mount=2");
	list_add(&record.refused, "bpf=1");
	list_add(&record.lines, "stdout good bye");
	return record;
}

Test(exit_record, what_is_written_is_read)
{
	struct exit_record record = sample(), found = { 0 };
	struct text first = { 0 }, second = { 0 };
	struct error e = { 0 };

	cr_expect_str_eq(record.started, "2023-11-14T22:13:20.123Z");
	cr_expect_eq(exit_record_read(definition, 0, &found, &e), -1);
	cr_expect_eq(e.kind, ERROR_MISSING);
	cr_assert_eq(exit_record_write(definition, &record, &e), 0, "%s", e.text);
	cr_assert_eq(exit_record_read(definition, 0, &found, &e), 0, "%s", e.text);
	exit_record_dump(&record, &first);
	exit_record_dump(&found, &second);
	cr_expect_str_eq(first.data, second.data);
	cr_expect_str_eq(found.health.checks[0].output, "bad\x1b[1m\n", "as it was written");
	cr_expect_str_eq(found.refused.items[0], "mount=2");
	text_release(&first);
	text_release(&second);
	exit_record_release(&record);
	exit_record_release(&found);
}

Test(exit_record, the_last_ten_are_kept)
{
	struct exit_record record = sample(), found = { 0 };
	struct list numbers = { 0 };
	struct error e = { 0 };

	for (record.number = 1; record.number <= 13; record.number++)
		cr_assert_eq(exit_record_write(definition, &record, &e), 0, "%s", e.text);
	exit_record_numbers(definition, &numbers);
	cr_assert_eq(numbers.count, 10u);
	cr_expect_str_eq(numbers.items[0], "4");
	cr_expect_str_eq(numbers.items[9], "13");
	cr_assert_eq(exit_record_read(definition, 0, &found, &e), 0, "%s", e.text);
	cr_expect_eq(found.number, 13);
	exit_record_release(&found);
	cr_assert_eq(exit_record_read(definition, 9, &found, &e), 0, "%s", e.text);
	cr_expect_eq(found.number, 9);
	exit_record_release(&found);
	cr_expect_eq(exit_record_read(definition, 3, &found, &e), -1);
	cr_expect_str_eq(e.text, "run 3 has no record");
	cr_expect_str_eq(e.hint, "those of runs 4 to 13 are kept");
	list_release(&numbers);
	exit_record_release(&record);
}

static void expect(const struct exit_record *record, const char *words)
{
	struct exit_reasons reasons = { 0 };
	char *headline = exit_record_headline(record);
	struct text found = { 0 };

	text_add(&found, headline);
	exit_record_reasons(record, &reasons);
	for (size_t i = 0; i < reasons.count; i++)
		text_addf(&found, "\n%s%s%s", reasons.items[i].text, reasons.items[i].field ? " -> " : "",
			  reasons.items[i].field ? reasons.items[i].field : "");
	cr_expect_str_eq(found.data, words, "found:\n%s\nexpected:\n%s", found.data, words);
	free(headline);
	exit_reasons_release(&reasons);
	text_release(&found);
}

Test(exit_record, in_words)
{
	static char stop[] = "box stop", health[] = "health", text[] = "exec /x: No such file or directory [ENOENT]", field[] = "command",
		    victim[] = "python3";

	expect(&(struct exit_record){ .code = 0, .ran_ms = 20 }, "ended with exit code 0 after 20 ms");
	expect(&(struct exit_record){ .code = 3, .ran_ms = 1520 }, "ended with exit code 3 after 1.5s");
	expect(&(struct exit_record){ .code = 139 }, "ended with exit code 139 after 0 ms\n"
						     "code 139 is how a shell, or box's init, says that a child of it was ended by SIGSEGV");
	expect(&(struct exit_record){ .code = 255 }, "ended with exit code 255 after 0 ms");
	expect(&(struct exit_record){ .code = -1, .ran_ms = 7200000 }, "ended, and nobody saw how after 2h 0m");
	expect(&(struct exit_record){ .code = -1 },
	       "began, and nobody saw its end: all of box's processes were killed, or its state folder was removed");
	expect(&(struct exit_record){ .code = -1, .signal = SIGKILL, .ran_ms = 86400000, .oom_kills = 1, .memory_max = 64 << 20,
				      .memory_peak = 64 << 20, .victim = victim },
	       "ended by SIGKILL after 1 days: out of memory\n"
	       "out of memory: the limit is 64 MiB (resources.limits.memory), the peak was 64 MiB; the kernel killed python3"
	       " -> resources.limits.memory");
	expect(&(struct exit_record){ .code = -1, .signal = SIGKILL },
	       "ended by SIGKILL after 0 ms\nsomebody sent SIGKILL: neither box nor the kernel for want of memory");
	expect(&(struct exit_record){ .code = -1, .signal = SIGKILL, .stopped_by = stop },
	       "ended by SIGKILL after 0 ms: asked to end by box stop\n"
	       "it was killed: it had not ended by its stop_signal within stop_grace_period, or, as process 1 without a handler, "
	       "cannot hear that signal (\"init\": true helps) -> stop_grace_period");
	expect(&(struct exit_record){ .code = -1, .signal = SIGSEGV, .core = true },
	       "ended by SIGSEGV after 0 ms\nSIGSEGV is the program's own doing: it crashed, and left a core");
	expect(&(struct exit_record){ .code = -1, .failure = { .text = text, .field = field } },
	       "could not be started\nexec /x: No such file or directory [ENOENT] -> command");
	expect(&(struct exit_record){ .code = 1, .pids_max = 8, .pids_refused = 1 },
	       "ended with exit code 1 after 0 ms\n"
	       "the limit of 8 processes (resources.limits.pids) was reached: 1 new process was refused -> resources.limits.pids");
	struct exit_record ill = sample();

	ill.stopped_by = health;
	ill.signal = SIGTERM;
	expect(&ill, "ended by SIGTERM after 2m 5s: it was unhealthy, and box asked it to end\n"
		     "it was unhealthy: 3 checks failed in a row -> healthcheck\n"
		     "check at 2023-11-14T22:15:00Z failed (code 1) after 2.0s: bad\\x1b[1m\n"
		     "system calls that its seccomp profile refused: mount (2), bpf (1) -> security.seccomp");
}

struct complaint {
	char line[96];
	int64_t code;
	char stopped_by[16]; /* empty: nobody */
	char words[192];     /* how the reason begins; empty: there is none */
	bool has_field;
};

ParameterizedTestParameters(exit_record, complaints)
{
	static struct complaint cases[] = {
		{ "stderr touch: /x: Read-only file system", 1, "", "it says that it cannot write: with \"read_only\" only /tmp", true },
		{ "stderr [emerg] mkdir() \"/v\" failed (30: Read-only file system)", 1, "", "it says that it cannot write", true },
		{ "stderr chown: changing ownership of '.': Invalid argument", 1, "", "it says that it cannot become a user", false },
		{ "stderr error: failed switching to \"node\": invalid argument", 1, "", "it says that it cannot become a user", false },
		{ "stderr setpriv: setresgid failed: Invalid argument", 127, "", "it says that it cannot become a user", false },
		{ "stderr setgid(33): Invalid argument", 1, "", "it says that it cannot become a user", false },
		{ "stderr read: Invalid argument", 1, "", "", false },
		{ "stderr touch: /x: Read-only file system", 0, "", "", false },
		{ "stderr touch: /x: Read-only file system", 1, "box stop", "", false },
	};

	return cr_make_param_array(struct complaint, cases, sizeof cases / sizeof *cases);
}

ParameterizedTest(struct complaint *c, exit_record, complaints)
{
	struct exit_record record = { .code = c->code, .stopped_by = *c->stopped_by ? c->stopped_by : NULL };
	struct exit_reasons reasons = { 0 };

	list_add(&record.lines, "stdout begun");
	list_add(&record.lines, c->line);
	exit_record_reasons(&record, &reasons);
	cr_assert_eq(reasons.count, *c->words ? 1 : 0, "%s: %zu reasons", c->line, reasons.count);
	if (reasons.count) {
		cr_expect_eq(strncmp(reasons.items[0].text, c->words, strlen(c->words)), 0, "%s", reasons.items[0].text);
		cr_expect_eq(reasons.items[0].field != NULL, c->has_field);
	}
	exit_reasons_release(&reasons);
	list_release(&record.lines);
}
