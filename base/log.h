/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - what box tells beside errors: warnings, debug lines, and the trace of steps.
 *
 * Libraries return errors and never print them; warnings end with ", ignoring" or ", continuing". The log goes to
 * stderr as text ("box: warning: …"), or to a file in runc's two forms: as JSON lines {"level","msg","time"}, or as
 * time="…" level=warning msg="…".
 */
#pragma once

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

enum log_form { LOG_FORM_TEXT, LOG_FORM_PAIRS, LOG_FORM_JSON };

struct log_setup {
	enum log_level level;
	enum log_form form;
	int fd; /* where lines go; kept open by the caller */
};

void log_setup(const struct log_setup *setup);

/* Whether lines go somewhere else than stderr. */
bool log_is_redirected(void);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* BOX_TRACE=FILE: one line per step with its duration. trace_open reads the variable (secure_getenv). */
void trace_open(void);
/* Ends the step that began at the previous call: "12345 us  child  mounts". Nothing where no trace is wanted. */
void trace_step(const char *role, const char *step);
/* Ends the trace of this process; its descriptor is closed. */
void trace_close(void);
