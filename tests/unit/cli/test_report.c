/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_report.c - what box says: errors, tables, JSON, and that nothing steers a terminal.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/report.h"

static int caught;

/* From here on stderr is a pipe. */
static void catch_stderr(void)
{
	int ends[2];

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	cr_assert_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	close(ends[1]);
	caught = ends[0];
}

static const char *said(void)
{
	static struct text text;
	struct error e = { 0 };

	text_clear(&text);
	close(STDERR_FILENO);
	cr_assert_eq(file_read_fd(caught, "stderr", 1 << 20, &text, &e), 0);
	close(caught);
	return text.data ? text.data : "";
}

Test(report, an_error_is_one_line_with_its_field)
{
	struct error e = { .kind = ERROR_SPEC, .field = "volumes[2].target", .text = "mount /data: no such folder" };

	catch_stderr();
	report_error(NULL, "app.json", &e);
	cr_expect_str_eq(said(), "box: volumes[2].target: mount /data: no such folder\n");
}

Test(report, the_hint_is_a_line_of_its_own)
{
	struct error e = { .kind = ERROR_USAGE, .text = "unknown option --nme", .hint = "did you mean --name?" };

	catch_stderr();
	report_error(NULL, NULL, &e);
	cr_expect_str_eq(said(), "box: unknown option --nme\n  hint: did you mean --name?\n");
}

Test(report, what_an_image_wrote_does_not_steer_the_terminal)
{
	struct error e = { .kind = ERROR_IMAGE, .text = "open \x1b]0;owned\x07/a\nb\x9b" "2J", .hint = "\x1b[31mred" };
	const char *words;

	catch_stderr();
	report_error(NULL, NULL, &e);
	words = said();
	cr_expect_str_eq(words, "box: open \\x1b]0;owned\\x07/a\\nb\\x9b2J\n  hint: \\x1b[31mred\n");
}

Test(report, the_exit_code_follows_the_kind)
{
	cr_expect_eq(report_run_status(&(struct error){ .kind = ERROR_NOT_FOUND }), 127);
	cr_expect_eq(report_run_status(&(struct error){ .kind = ERROR_NOT_EXECUTABLE }), 126);
	cr_expect_eq(report_run_status(&(struct error){ .kind = ERROR_SPEC }), 125);
	cr_expect_eq(report_run_status(&(struct error){ .kind = ERROR_INTERNAL }), 125);
	catch_stderr();
	cr_expect_eq(report_failure(&(struct error){ .kind = ERROR_USAGE, .text = "a" }), 125);
	cr_expect_eq(report_failure(&(struct error){ .kind = ERROR_MISSING, .text = "b" }), 1);
	cr_expect_str_eq(said(), "box: a\nbox: b\n");
}

static void fill(struct list *cells)
{
	static const char *const words[] = { "NAME", "COMMAND", "PID", "web", "node index.js --port 8080", "17", "b\xc3\xa4r", "a\tb", "4711" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		list_add(cells, words[i]);
}

Test(report, a_table_is_as_wide_as_its_cells)
{
	struct list cells = { 0 };
	struct text out = { 0 };

	fill(&cells);
	report_table(&cells, 3, /* width= */ 0, &out);
	cr_expect_str_eq(out.data, "NAME  COMMAND                    PID\n"
				   "web   node index.js --port 8080  17\n"
				   "b\xc3\xa4r   a\\tb                       4711\n");
	list_release(&cells);
	text_release(&out);
}

Test(report, a_table_fits_the_terminal)
{
	struct list cells = { 0 };
	struct text out = { 0 };

	fill(&cells);
	report_table(&cells, 3, /* width= */ 24, &out);
	cr_expect_str_eq(out.data, "NAME  COMMAND       PID\n"
				   "web   node index.\xe2\x80\xa6  17\n"
				   "b\xc3\xa4r   a\\tb          4711\n", "%s", out.data);
	/* Columns stay readable where the terminal is too narrow for them. */
	text_clear(&out);
	report_table(&cells, 3, /* width= */ 5, &out);
	cr_expect_not_null(strstr(out.data, "node in\xe2\x80\xa6"), "%s", out.data);
	list_release(&cells);
	text_release(&out);
}

Test(report, a_full_disk_is_an_error)
{
	struct text text = { 0 };
	struct error e = { 0 };
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	cr_assert_geq(full, 0);
	cr_assert_eq(dup2(full, STDOUT_FILENO), STDOUT_FILENO);
	close(full);
	cr_expect_eq(report_text(&text, &e), 0, "nothing to write is no error");
	text_add(&text, "words");
	cr_expect_eq(report_text(&text, &e), -1);
	cr_expect_not_null(strstr(e.text, "write to stdout"), "%s", e.text);
	cr_expect_not_null(strstr(e.text, "[ENOSPC]"), "%s", e.text);
	text_release(&text);
}
