/* SPDX-License-Identifier: Apache-2.0 */
/*
 * figures.c - what a running container uses, as numbers.
 */
#include "runtime/figures.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/names.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/box.h"
#include "runtime/state/state.h"
#include "specs/limits.h"

enum { NET_LIMIT = 1 << 20, HEAD_LINES = 2, SENT_COLUMN = 8 };
enum { STAT_TIMES = 14 }; /* proc(5): utime, stime, cutime, cstime */

/* The number in a column of "eth0: 1 2 3 …", counted from 0. */
static int64_t column(const char *line, const char *end, int number)
{
	while (number-- > 0 && line < end) {
		line += strspn(line, " ");
		line += strcspn(line, " \n");
	}
	return line < end ? (int64_t)strtoull(line, NULL, 10) : 0;
}

void figures_add_network(const char *text, int64_t *received, int64_t *sent)
{
	const char *end;

	for (int line = 0; *text; text = *end ? end + 1 : end, line++) {
		const char *name = text + strspn(text, " "), *colon;

		end = text + strcspn(text, "\n");
		colon = memchr(name, ':', (size_t)(end - name));
		if (line < HEAD_LINES || !colon || text_starts(name, "lo:"))
			continue;
		*received += column(colon + 1, end, 0);
		*sent += column(colon + 1, end, SENT_COLUMN);
	}
}

static bool has_own_network(pid_t pid)
{
	char path[48], ours[48] = "", theirs[48] = "";

	(void)snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid); /* always fits */
	return readlink("/proc/self/ns/net", ours, sizeof ours - 1) > 0 && readlink(path, theirs, sizeof theirs - 1) > 0 &&
	       strcmp(ours, theirs) != 0;
}

static void read_network(pid_t pid, struct figures *figures)
{
	autorelease(text) struct text lines = { 0 };
	struct error ignored = { 0 };
	char path[48];

	figures->received_bytes = figures->sent_bytes = LIMIT_UNSET;
	(void)snprintf(path, sizeof path, "/proc/%d/net/dev", (int)pid); /* always fits */
	if (!has_own_network(pid) || file_read(AT_FDCWD, path, NET_LIMIT, &lines, &ignored))
		return; /* the host's counters are not the container's */
	figures->received_bytes = figures->sent_bytes = 0;
	figures_add_network(lines.data ? lines.data : "", &figures->received_bytes, &figures->sent_bytes);
}

/* Where no controller counts for the group: what its processes have used, and those that they have waited for. In ticks. */
static int64_t sum_cpu(const struct cgroup *group)
{
	struct error ignored = { 0 };
	int64_t ticks = 0;
	size_t count = 0;
	int *pids = NULL;

	if (cgroup_pids(group, &pids, &count, &ignored))
		return LIMIT_UNSET;
	for (size_t i = 0; i < count; i++) {
		uint64_t fields[STAT_TIMES + 4];

		if (process_stat_fields(pids[i], fields, STAT_TIMES + 4))
			continue; /* gone meanwhile */
		for (int k = 0; k < 4; k++)
			ticks += (int64_t)fields[STAT_TIMES + k];
	}
	free(pids);
	return ticks * (1000000 / sysconf(_SC_CLK_TCK));
}

int figures_read(const struct places *places, const char *name, struct figures *ret, struct error *e)
{
	struct cgroup *group = NULL;
	struct record record = { 0 };
	struct timespec now;
	bool alive = false;
	int result;

	if (name_check(name, e) || state_read(places, name, &record, &alive, e))
		return -1;
	result = alive ? cgroup_open(record.cgroup ? record.cgroup : "", &group, e)
		       : error_set(e, ERROR_MISSING, "look at %s: container not running", name);
	if (result == 0)
		result = cgroup_stats(group, &ret->group, e);
	if (result == 0 && ret->group.cpu_us == LIMIT_UNSET)
		ret->group.cpu_us = sum_cpu(group);
	if (result == 0) {
		read_network((pid_t)record.pid, ret);
		(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
		ret->now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	}
	cgroup_free(group);
	record_release(&record);
	return result;
}

int64_t figures_cpu_share(const struct figures *before, const struct figures *after)
{
	int64_t passed = after->now_us - before->now_us, used = after->group.cpu_us - before->group.cpu_us;

	if (before->group.cpu_us == LIMIT_UNSET || after->group.cpu_us == LIMIT_UNSET || passed <= 0 || used <= 0)
		return 0;
	return used * 10000 / passed;
}
