/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - what people see of a build, on stderr.
 *
 *     plain  a line when a step begins and one when it ends; each line of its output with its number in front:
 *            "#3 [app 2/5] RUN make", "#3 0.41 cc -c main.c", "#3 DONE 1.2s", "#4 CACHED"
 *     tty    the same steps, with the last line of those that run below, redrawn as they go on
 *     quiet  nothing but the output of a step that fails
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum build_log_style { BUILD_LOG_PLAIN, BUILD_LOG_TTY, BUILD_LOG_QUIET };

struct build_log;

struct build_log *build_log_new(enum build_log_style style);
void build_log_free(struct build_log *log);

/* A step, by what it is called: its number. */
unsigned build_log_add(struct build_log *log, const char *words);
void build_log_output(struct build_log *log, unsigned number, const char *bytes, size_t length);
/* how: "DONE", "CACHED", "ERROR". shows_time: with the time since it was added. A failed one's last lines are told in any style. */
void build_log_end(struct build_log *log, unsigned number, const char *how, bool shows_time);
void build_log_fail(struct build_log *log, unsigned number);
