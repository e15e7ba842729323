/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_log.c - one line per event, whatever the words hold.
 */
#include <errno.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "tests/unit/base/scratch.h"

static void expect_log(enum log_level level, enum log_form form, const char *start, const char *part)
{
	SCRATCH();
	autorelease(text) struct text content = { 0 };
	struct error e = { 0 };
	autoclose int fd = open("log", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	const struct log_setup setup = { .level = level, .form = form, .fd = fd };

	log_setup(&setup);
	errno = 7;
	log_warning("say \"%s\"\n\033[31m", "hi");
	cr_expect_eq(errno, 7);
	log_debug("detail");
	cr_assert_eq(file_read(AT_FDCWD, "log", 1000, &content, &e), 0);
	cr_expect(text_starts(content.data ? content.data : "", start), "%s", content.data);
	cr_expect(strstr(content.data ? content.data : "", part), "%s", content.data);
	cr_expect_not(memchr(content.data, '\033', content.length));
	log_setup(&(struct log_setup){ .level = LOG_LEVEL_WARNING, .fd = 2 });
}

Test(log, text_lines)
{
	expect_log(LOG_LEVEL_WARNING, LOG_FORM_TEXT, "box: warning: say \"hi\"\\n\\x1b[31m\n", "hi");
	expect_log(LOG_LEVEL_DEBUG, LOG_FORM_TEXT, "box: warning: ", "box: debug: detail\n");
}

Test(log, json_lines)
{
	expect_log(LOG_LEVEL_WARNING, LOG_FORM_JSON, "{\"level\":\"warning\",\"msg\":\"say \\\"hi\\\"\\u000a\\u001b[31m\",\"time\":\"", "Z\"}\n");
}

Test(log, pairs)
{
	expect_log(LOG_LEVEL_WARNING, LOG_FORM_PAIRS, "time=\"20", "Z\" level=warning msg=\"say \\\"hi\\\"\\u000a\\u001b[31m\"\n");
}

Test(log, quiet_below_its_level)
{
	SCRATCH();
	autoclose int fd = open("log", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct stat st;

	log_setup(&(struct log_setup){ .level = LOG_LEVEL_ERROR, .fd = fd });
	log_warning("x");
	log_info("x");
	log_debug("x");
	cr_expect(fstat(fd, &st) == 0 && st.st_size == 0);
	log_error("x");
	cr_expect(fstat(fd, &st) == 0 && st.st_size == 14, "%jd bytes", (intmax_t)st.st_size);
}

Test(log, trace_of_steps)
{
	SCRATCH();
	autorelease(text) struct text content = { 0 };
	struct error e = { 0 };
	autofree char *path = text_format("%s/trace", scratch_folder.path);

	trace_step("box", "before it is open");
	cr_assert_eq(setenv("BOX_TRACE", path, 1), 0);
	trace_open();
	trace_step("child", "mounts");
	cr_assert_eq(file_read(AT_FDCWD, "trace", 1000, &content, &e), 0, "%s", e.text);
	cr_expect(strstr(content.data, " us  child    mounts\n"), "%s", content.data);
}
