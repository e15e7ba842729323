/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_mark.c - which run of an app in the background is under way.
 */
#include "runtime/apps/run_mark.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "runtime/apps/exit_gather.h"
#include "runtime/state/state.h"
#include "runtime/supervise/app_settings.h"
#include "runtime/supervise/lines.h"

#define MARK "run"

enum { BOOT_MOST = 64 };

struct mark {
	char *boot;
	int64_t number;
};

static const struct line_row mark_rows[] = {
	{ "boot", LINE_TEXT, offsetof(struct mark, boot) },
	{ "number", LINE_NUMBER, offsetof(struct mark, number) },
	{ 0 },
};

/* NULL: the kernel does not tell. */
static char *this_boot(void)
{
	autorelease(text) struct text boot = { 0 };
	struct error ignored = { 0 };

	if (file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", BOOT_MOST, &boot, &ignored) || !boot.length)
		return NULL;
	boot.data[strcspn(boot.data, "\n")] = '\0';
	return text_take(&boot);
}

void run_mark_set(int definition, int64_t number)
{
	autofree char *boot = this_boot();
	const struct mark mark = { boot, number };
	struct error ignored = { 0 };

	if (boot)
		(void)lines_write(definition, MARK, mark_rows, &mark, &ignored);
}

void run_mark_clear(int definition)
{
	(void)unlinkat(definition, MARK, 0); /* there is none where the start came to nothing */
}

/* 0: there is none, or its boot cannot be told. */
static int64_t read_mark(int definition, bool *ret_rebooted)
{
	autofree char *boot = this_boot();
	struct mark mark = { 0 };
	struct error ignored = { 0 };
	int64_t number = 0;

	if (lines_read(definition, MARK, mark_rows, &mark, &ignored) == 0 && boot && mark.boot) {
		number = mark.number;
		*ret_rebooted = strcmp(mark.boot, boot) != 0;
	}
	lines_release(mark_rows, &mark);
	return number;
}

int64_t run_mark_lost(const struct places *places, const char *name, int definition, bool *ret_rebooted)
{
	int64_t number = read_mark(definition, ret_rebooted);

	if (!number || *ret_rebooted)
		return number;
	/* Twice, because a run may end meanwhile, and the next one begin. */
	return !state_exists(places, name) && read_mark(definition, ret_rebooted) == number ? number : 0;
}

bool run_mark_last_end(const struct places *places, const char *name, int definition, struct last_end *ret)
{
	struct error ignored = { 0 };
	bool is_rebooted = false;
	int64_t lost = run_mark_lost(places, name, definition, &is_rebooted);

	*ret = (struct last_end){ .starts = lost, .code = -1 };
	return lost || lines_read(definition, LAST_END_FILE, last_end_rows, ret, &ignored) == 0;
}

void run_mark_settle(const struct places *places, const char *name, int definition)
{
	bool is_rebooted = false;
	const struct last_end end = { .starts = run_mark_lost(places, name, definition, &is_rebooted), .code = -1, .ended = time(NULL) };
	struct error e = { 0 };

	if (!end.starts)
		return;
	if (exit_gather_lost(places, name, definition, &end, is_rebooted, &e) ||
	    lines_write(definition, LAST_END_FILE, last_end_rows, &end, &e))
		log_warning("%s, continuing", e.text);
	run_mark_clear(definition);
}
