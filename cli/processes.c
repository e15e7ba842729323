/* SPDX-License-Identifier: Apache-2.0 */
/*
 * processes.c - what /proc tells about a process of a container. Read from outside: nothing in the container is asked.
 */
#include "cli/processes.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

/* Numbers of proc(5), "/proc/pid/stat". */
enum { FIELD_PARENT = 4, FIELD_USER_TIME = 14, FIELD_SYSTEM_TIME = 15, FIELD_START = 22, FIELD_COUNT = 23 };
enum { STATUS_LIMIT = 16384, COMMAND_LIMIT = 1 << 22 };

/* What lies in /proc/PID/NAME, empty where it is gone. */
static void read_of(int pid, const char *name, size_t limit, struct text *ret)
{
	struct error ignored = { 0 };
	char path[48];

	(void)snprintf(path, sizeof path, "/proc/%d/%s", pid, name); /* always fits */
	if (file_read(AT_FDCWD, path, limit, ret, &ignored))
		text_clear(ret); /* gone since it was listed */
}

/* "NSpid:\t4711\t1" */
int process_inner_pid(int pid)
{
	autorelease(text) struct text status = { 0 };
	const char *at, *end;

	read_of(pid, "status", STATUS_LIMIT, &status);
	at = status.length ? strstr(status.data, "\nNSpid:\t") : NULL;
	end = at ? strchr(at + 1, '\n') : NULL;
	while (end && end > at && end[-1] != '\t')
		end--;
	return end ? (int)strtol(end, NULL, 10) : 0;
}

char *process_command(int pid)
{
	autorelease(text) struct text name = { 0 };
	struct text words = { 0 };

	read_of(pid, "cmdline", COMMAND_LIMIT, &words);
	for (size_t i = 0; i + 1 < words.length; i++)
		if (!words.data[i])
			words.data[i] = ' ';
	/* A program that has written its title over its words leaves the rest of the room blank. */
	while (words.length && (!words.data[words.length - 1] || words.data[words.length - 1] == ' '))
		words.data[--words.length] = '\0';
	if (words.length)
		return text_take(&words);
	read_of(pid, "comm", STATUS_LIMIT, &name);
	text_addf(&words, "[%.*s]", (int)(name.length ? strcspn(name.data, "\n") : 0), name.length ? name.data : "");
	return text_take(&words);
}

int64_t process_id_inside(const char *map, int64_t outside)
{
	intmax_t inside, from, count;

	for (int length = 0; sscanf(map, "%jd %jd %jd%n", &inside, &from, &count, &length) == 3; map += length)
		if (outside >= from && outside - from < count)
			return inside + (outside - from);
	return -1;
}

/* The second number of "Uid:": real, effective, saved, file system. */
static int64_t effective_user(int pid)
{
	autorelease(text) struct text status = { 0 };
	autorelease(text) struct text map = { 0 };
	const char *at;
	intmax_t user;

	read_of(pid, "status", STATUS_LIMIT, &status);
	read_of(pid, "uid_map", STATUS_LIMIT, &map);
	at = status.length ? strstr(status.data, "\nUid:\t") : NULL;
	if (!at || !map.length || sscanf(at + 1, "Uid:\t%*d\t%jd", &user) != 1)
		return -1;
	return process_id_inside(map.data, user);
}

int process_facts_read(int pid, struct process_facts *ret)
{
	int64_t tick_us = 1000000 / sysconf(_SC_CLK_TCK);
	uint64_t fields[FIELD_COUNT];
	struct timespec now;

	if (process_stat_fields(pid, fields, FIELD_COUNT))
		return -1;
	(void)clock_gettime(CLOCK_BOOTTIME, &now); /* cannot fail */
	*ret = (struct process_facts){
		.parent = (int64_t)fields[FIELD_PARENT], .user = effective_user(pid),
		.cpu_us = (int64_t)(fields[FIELD_USER_TIME] + fields[FIELD_SYSTEM_TIME]) * tick_us,
		.age_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 - (int64_t)fields[FIELD_START] * tick_us,
	};
	return 0;
}
