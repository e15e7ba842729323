/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waiting.c - what box up waits for, said once it takes long enough for somebody to ask.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/report.h"
#include "cli/up/up.h"

enum { PATIENT_MS = 3000 };

void up_tell_waiting(const struct up *up, int64_t begin_ms, const char *format, ...)
{
	/* A service is a process of its own (perform.c), which waits for one thing at a time: a line each, whatever it still waits for. */
	static bool is_told;
	char words[512];
	va_list args;

	if (is_told || up->options->quiet || clock_boot_ms() - begin_ms < PATIENT_MS)
		return;
	is_told = true;
	va_start(args, format);
	(void)vsnprintf(words, sizeof words, format, args); /* cut is fine */
	va_end(args);
	report_line(words);
}
