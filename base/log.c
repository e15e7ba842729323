/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.c - warnings, debug lines, and the trace of steps.
 */
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json_text.h"
#include "base/text.h"

static struct log_setup current = { .level = LOG_LEVEL_WARNING, .fd = STDERR_FILENO };
static int trace_fd = -1;
static struct timespec trace_last;

static const char *const level_names[] = { "error", "warning", "info", "debug" };

void log_setup(const struct log_setup *setup)
{
	current = *setup;
}

bool log_is_redirected(void)
{
	return current.fd != STDERR_FILENO;
}

/* Both of runc's forms quote in the same way. */
static void add_line(struct text *line, const char *level, const char *words)
{
	autorelease(text) struct text escaped = { 0 };
	char when[CLOCK_TEXT];

	clock_print(time(NULL), 0, /* digits= */ 0, when);
	switch (current.form) {
	case LOG_FORM_TEXT:
		text_add_escaped(&escaped, words, strlen(words));
		text_addf(line, "box: %s: %s\n", level, escaped.data ? escaped.data : "");
		break;
	case LOG_FORM_PAIRS:
		text_addf(line, "time=\"%s\" level=%s msg=", when, level);
		json_add_text(line, words);
		text_add(line, "\n");
		break;
	case LOG_FORM_JSON:
		text_addf(line, "{\"level\":\"%s\",\"msg\":", level);
		json_add_text(line, words);
		text_addf(line, ",\"time\":\"%s\"}\n", when);
		break;
	}
}

__attribute__((format(printf, 2, 0))) static void log_line(enum log_level level, const char *format, va_list args)
{
	autorelease(text) struct text line = { 0 };
	int saved = errno;
	char buffer[2048];

	if (level > current.level)
		return;
	(void)vsnprintf(buffer, sizeof buffer, format, args); /* cut is fine */
	add_line(&line, level_names[level], buffer);
	(void)write_all(current.fd, line.data, line.length); /* nowhere left to tell */
	errno = saved;
}

#define DEFINE_LOG(name, level)                  \
	void name(const char *format, ...)       \
	{                                        \
		va_list args;                    \
                                                 \
		va_start(args, format);          \
		log_line(level, format, args);   \
		va_end(args);                    \
	}

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warning, LOG_LEVEL_WARNING)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)

void trace_open(void)
{
	const char *path = secure_getenv("BOX_TRACE");

	if (!path || !*path)
		return;
	trace_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	(void)clock_gettime(CLOCK_MONOTONIC, &trace_last); /* cannot fail with this clock */
}

void trace_step(const char *role, const char *step)
{
	struct timespec now;
	char line[160];
	int length;

	if (trace_fd < 0)
		return;
	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
	length = snprintf(line, sizeof line, "%8ld us  %-8s %s\n",
			  (now.tv_sec - trace_last.tv_sec) * 1000000L + (now.tv_nsec - trace_last.tv_nsec) / 1000, role, step);
	if (length > 0 && write(trace_fd, line, (size_t)length) < 0)
		trace_fd = -1; /* a trace that cannot be written is dropped */
	trace_last = now;
}

void trace_close(void)
{
	if (trace_fd >= 0)
		close(trace_fd);
	trace_fd = -1;
}
