/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lines.c - small files of lines, and what supervisors keep in them.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "runtime/supervise/lines.h"
#include "runtime/supervise/progress.h"
#include "runtime/supervise/app_settings.h"
#include "tests/unit/base/scratch.h"

struct thing {
	char *word;
	int64_t number;
};

static const struct line_row rows[] = {
	{ "word", LINE_TEXT, offsetof(struct thing, word) },
	{ "number", LINE_NUMBER, offsetof(struct thing, number) },
	{ 0 },
};

Test(lines, come_back)
{
	SCRATCH();
	const struct thing thing = { .word = (char *)"two words and a = sign", .number = -5 };
	struct thing back = { 0 };
	struct error e = { 0 };

	cr_assert_eq(lines_write(scratch, "file", rows, &thing, &e), 0, "%s", e.text);
	cr_assert_eq(lines_read(scratch, "file", rows, &back, &e), 0, "%s", e.text);
	cr_expect_str_eq(back.word, thing.word);
	cr_expect_eq(back.number, -5);
	lines_release(rows, &back);
	cr_expect_null(back.word);
}

Test(lines, of_other_versions)
{
	SCRATCH();
	struct thing back = { .number = 7 };
	struct error e = { 0 };

	put("file", "later 1\nnumber x\n\nword\nword a\nword b\nwithout an end");
	cr_assert_eq(lines_read(scratch, "file", rows, &back, &e), 0, "%s", e.text);
	cr_expect_str_eq(back.word, "b");
	cr_expect_eq(back.number, 7, "what is no number leaves it as it was");
	lines_release(rows, &back);
	cr_expect_eq(lines_read(scratch, "missing", rows, &back, &e), -1);
	cr_expect_eq(e.sys, ENOENT);
}

Test(lines, a_line_end_would_begin_another_key)
{
	SCRATCH();
	const struct thing thing = { .word = (char *)"a\nnumber 5" };
	struct error e = { 0 };

	cr_expect_eq(lines_write(scratch, "file", rows, &thing, &e), -1);
	cr_expect(strstr(e.text, "line end"), "%s", e.text);
	cr_expect(!has_file("file"));
}

Test(progress, that_makes_no_sense)
{
	SCRATCH();
	struct progress progress = { 0 };
	struct error e = { 0 };

	put(PROGRESS_FILE, "phase 99\ndefinition /a\nprogram /b\n");
	cr_expect_eq(progress_read(scratch, &progress, &e), -1);
	put(PROGRESS_FILE, "phase 1\ndefinition /a\n");
	cr_expect_eq(progress_read(scratch, &progress, &e), -1);
	put(PROGRESS_FILE, "phase 1\ndefinition /a\nprogram /b\n");
	cr_assert_eq(progress_read(scratch, &progress, &e), 0, "%s", e.text);
	cr_expect_eq(progress.phase, PHASE_RUNNING);
	progress_release(&progress);
}

Test(app_settings, wanted)
{
	SCRATCH();
	struct app_settings settings = { 0 };
	struct error e = { 0 };

	cr_expect(!wanted_read(scratch));
	cr_assert_eq(wanted_write(scratch, true, &e), 0, "%s", e.text);
	cr_expect(wanted_read(scratch));
	cr_assert_eq(wanted_write(scratch, false, &e), 0, "%s", e.text);
	cr_expect(!wanted_read(scratch));
	put("settings", "name web\nstate /run/box\n");
	cr_expect_eq(app_settings_read(scratch, &settings, &e), -1);
	cr_expect(strstr(e.text, "something is missing"), "%s", e.text);
}
