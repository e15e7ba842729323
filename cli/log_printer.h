/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_printer.h - records of logs (runtime/logs/log_reader.h) on stdout and stderr: what their hearer does in box logs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "base/text.h"
#include "runtime/supervise/log_record.h"

struct error;

struct log_printer {
	bool is_json, has_times;
	const char *who; /* in front of each line: whose it is; "": nothing is. Borrowed, and may change between records */
	bool is_terminal[STDERR_FILENO + 1];
	const char *inside[LOG_BOX + 1]; /* whose line of the stream is not at its end; NULL: nobody's */
	struct text out;
	int fd; /* where out goes */
};

void log_printer_init(struct log_printer *p, bool is_json, bool has_times, const char *who);
void log_printer_release(struct log_printer *p);

/* Prints what has not been printed yet. */
int log_printer_end(struct log_printer *p, struct error *e);

/* Of struct log_hearer; data is the printer. */
int log_printer_hear(const struct log_record *record, const char *json, size_t length, void *data, struct error *e);
bool log_printer_show(void *data);
void log_printer_missed(uint64_t files, void *data);
