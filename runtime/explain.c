/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.c - why an app ended, in sentences.
 *
 * Facts come from the cgroup's counters, from the kernel's log where it may be read, and from the counters of the
 * app's own network namespace; nothing is guessed from exit codes alone.
 */
#include "runtime/explain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "base/process.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "specs/container.h"

/* Finds the newest "oom-kill:" record of the kernel's log that names this container's group, and copies the task it chose. */
static void find_victim(const struct cgroup *cgroup, struct text *ret)
{
	autoclose int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	autofree char *group = text_format("%s,", cgroup_path(cgroup));
	char record[2048];
	ssize_t got;

	while (log >= 0 && ((got = read(log, record, sizeof record - 1)) > 0 || (got < 0 && (errno == EPIPE || errno == EINTR)))) {
		const char *task, *end;

		if (got <= 0)
			continue; /* EPIPE: records were overwritten meanwhile; the next read goes on behind them */
		record[got] = '\0';
		task = strstr(record, "oom-kill:") && strstr(record, group) ? strstr(record, "task=") : NULL;
		end = task ? strchr(task, ',') : NULL;
		if (!end)
			continue;
		text_clear(ret);
		text_add_escaped(ret, task + strlen("task="), (size_t)(end - task) - strlen("task="));
	}
}

static void explain_memory(const struct cgroup *group, const struct cgroup_stats *stats, struct list *epilogue)
{
	autorelease(text) struct text line = { 0 };
	autorelease(text) struct text victim = { 0 };
	char limit[32], peak[32];

	if (stats->oom_kills <= 0)
		return;
	text_add(&line, "out of memory: ");
	if (stats->memory_max > 0)
		text_addf(&line, "the limit is %s (resources.limits.memory)", size_format((uint64_t)stats->memory_max, limit));
	else
		text_add(&line, "the host has none left");
	if (stats->memory_peak > 0)
		text_addf(&line, ", the peak was %s", size_format((uint64_t)stats->memory_peak, peak));
	find_victim(group, &victim);
	if (victim.length)
		text_addf(&line, "; the kernel killed %s", victim.data);
	else
		text_addf(&line, "; the kernel killed %jd process%s", (intmax_t)stats->oom_kills, stats->oom_kills == 1 ? "" : "es");
	list_take(epilogue, text_take(&line));
}

static void explain_pids(const struct cgroup_stats *stats, struct list *epilogue)
{
	if (stats->pids_refused <= 0)
		return;
	list_addf(epilogue, "the limit of %jd processes (resources.limits.pids) was reached: %jd new process%s refused",
		  (intmax_t)stats->pids_max, (intmax_t)stats->pids_refused, stats->pids_refused == 1 ? " was" : "es were");
}

/* The value of a column of /proc/net/snmp, which has a line of names and a line of values per protocol. */
static int64_t snmp_value(const char *table, const char *protocol, const char *column)
{
	autofree char *start = text_format("%s: ", protocol);
	const char *names = strstr(table, start);
	const char *values = names ? strstr(names + 1, start) : NULL;
	size_t length = strlen(column);

	for (; names && values; names = strpbrk(names + 1, " \n"), values = strpbrk(values + 1, " \n")) {
		if (*names == '\n' || *values == '\n')
			return 0;
		if (*names == ' ' && strncmp(names + 1, column, length) == 0 && (names[1 + length] == ' ' || names[1 + length] == '\n'))
			return strtoll(values + 1, NULL, 10);
	}
	return 0;
}

/* Without a network, an attempt to reach one leaves a trace: a packet without a route, or a DNS question to a
 * port on loopback where nobody listens (what the C library does without a name server). */
static void explain_network(const struct container *c, int net_counters, struct list *epilogue)
{
	autorelease(text) struct text table = { 0 };
	struct error ignored = { 0 };

	if (c->namespaces[NAMESPACE_NETWORK].choice != NAMESPACE_NEW || net_counters < 0)
		return;
	if (file_read_fd(net_counters, "network counters", 1 << 16, &table, &ignored) || !table.data)
		return;
	if (snmp_value(table.data, "Ip", "OutNoRoutes") > 0 || snmp_value(table.data, "Udp", "NoPorts") > 0)
		list_add(epilogue, "the program tried to reach a network and has none: \"network_mode\": \"host\" gives it the host's");
}

void explain_end(const struct container *container, const struct cgroup *group, const struct process_end *end, int net_counters,
		 struct list *epilogue)
{
	struct cgroup_stats stats;
	struct error ignored = { 0 };

	if (cgroup_stats(group, &stats, &ignored) == 0) {
		explain_memory(group, &stats, epilogue);
		explain_pids(&stats, epilogue);
	}
	if (end->code != 0)
		explain_network(container, net_counters, epilogue);
}
