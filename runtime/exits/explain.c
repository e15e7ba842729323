/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.c - why an app ended: what can be found out before its cgroup is removed.
 *
 * Facts come from the cgroup's counters, from the kernel's log where it may be read, and from the counters of the
 * app's own network namespace; nothing is guessed from exit codes alone.
 */
#include "runtime/exits/explain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "runtime/exits/exit_record.h"
#include "runtime/exits/oom_record.h"
#include "specs/container.h"

/* The task that the newest record of the kernel's log about this container's group names. */
static void find_victim(const struct cgroup *cgroup, struct text *ret)
{
	autoclose int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char record[2048];
	ssize_t got;

	while (log >= 0 && ((got = read(log, record, sizeof record - 1)) > 0 || (got < 0 && (errno == EPIPE || errno == EINTR)))) {
		if (got <= 0)
			continue; /* EPIPE: records were overwritten meanwhile; the next read goes on behind them */
		record[got] = '\0';
		oom_record_victim(record, cgroup_path(cgroup), ret);
	}
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
static bool has_sought_network(int net_counters)
{
	autorelease(text) struct text table = { 0 };
	struct error ignored = { 0 };

	if (net_counters < 0 || file_read_fd(net_counters, "network counters", 1 << 16, &table, &ignored) || !table.data)
		return false;
	return snmp_value(table.data, "Ip", "OutNoRoutes") > 0 || snmp_value(table.data, "Udp", "NoPorts") > 0;
}

/* What the host does not tell, and no limit, is 0. */
static int64_t known(int64_t value)
{
	return value > 0 ? value : 0;
}

void explain_gather(const struct cgroup *group, int net_counters, struct exit_record *ret)
{
	autorelease(text) struct text victim = { 0 };
	struct cgroup_stats stats;
	struct error ignored = { 0 };

	ret->sought_network = has_sought_network(net_counters);
	if (cgroup_stats(group, &stats, &ignored))
		return;
	ret->oom_kills = known(stats.oom_kills);
	ret->memory_max = known(stats.memory_max);
	ret->memory_peak = known(stats.memory_peak);
	ret->pids_max = known(stats.pids_max);
	ret->pids_refused = known(stats.pids_refused);
	if (ret->oom_kills)
		find_victim(group, &victim);
	if (victim.length)
		ret->victim = text_take(&victim);
}

void explain_end(const struct container *container, const struct cgroup *group, const struct process_end *end, int net_counters,
		 struct exit_record *ret, struct list *epilogue)
{
	bool has_none = container->namespaces[NAMESPACE_NETWORK].choice == NAMESPACE_NEW;
	struct exit_reasons reasons = { 0 };

	ret->code = end->signal ? -1 : end->code;
	explain_gather(group, has_none ? net_counters : -1, ret);
	exit_record_reasons(ret, &reasons);
	for (size_t i = 0; i < reasons.count; i++)
		list_add(epilogue, reasons.items[i].text);
	exit_reasons_release(&reasons);
}
