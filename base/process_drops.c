/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process_drops.c - whether a signal would reach a process at all.
 */
#include "base/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

/* What stands behind key at the beginning of a line of a file of /proc; NULL without such a line. */
static const char *line_value(const struct text *file, const char *key)
{
	const char *at = file->data;

	while (at && !text_starts(at, key)) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	return at ? at + strlen(key) : NULL;
}

static uint64_t mask_value(const struct text *status, const char *key)
{
	const char *value = line_value(status, key);

	return value ? strtoull(value, NULL, 16) : 0;
}

/* "NSpid:\t4711\t1": a number per pid namespace, the innermost last. */
static bool is_first_of_namespace(const struct text *status)
{
	const char *value = line_value(status, "NSpid:\t");
	const char *end = value ? strchr(value, '\n') : NULL;

	return end && end - value > 2 && end[-1] == '1' && end[-2] == '\t';
}

/* While a thread waits in sigtimedwait(2), as tini does all the time, the kernel shows what it waits for as not blocked (6.18). "128
 * 0x7f…" is the number of the call in which a thread sleeps. */
static bool waits_for_signals(long pid)
{
	autofree char *path = text_format("/proc/%ld/task", pid);
	autoclosedir DIR *threads = opendir(path);
	const struct dirent *thread;

	while (threads && (thread = readdir(threads))) {
		autofree char *file = text_format("%s/syscall", thread->d_name);
		autorelease(text) struct text call = { 0 };
		struct error ignored = { 0 };

		if (file_read(dirfd(threads), file, 4096, &call, &ignored) == 0 && strtol(call.data, NULL, 10) == SYS_rt_sigtimedwait)
			return true;
	}
	return false;
}

/* Should the pid be another process' by the time its file is read, the answer is wrong and harms nobody: signals go by pidfd. */
bool process_drops(int pidfd, int signal)
{
	autorelease(text) struct text info = { 0 };
	autorelease(text) struct text status = { 0 };
	struct error ignored = { 0 };
	char path[40];
	const char *pid;
	uint64_t taken;

	(void)snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd); /* always fits */
	if (file_read(AT_FDCWD, path, 4096, &info, &ignored) || !(pid = line_value(&info, "Pid:\t")))
		return false;
	(void)snprintf(path, sizeof path, "/proc/%ld/status", strtol(pid, NULL, 10)); /* always fits */
	if (file_read(AT_FDCWD, path, 16384, &status, &ignored) || !is_first_of_namespace(&status))
		return false;
	taken = mask_value(&status, "SigBlk:\t") | mask_value(&status, "SigIgn:\t") | mask_value(&status, "SigCgt:\t");
	return !(taken >> (signal - 1) & 1) && !waits_for_signals(strtol(pid, NULL, 10));
}
