/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats_json.c - the figures of a group as the JSON of "runc events --stats".
 *
 * One function per member of "data". Its shape is v1's, and its units are runc's: nanoseconds, swap together with memory, 2^64-1 (v2) or
 * what the kernel says (v1) for no limit.
 */
#include "cgroups/stats_json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_text.h"
#include "base/text.h"
#include "cgroups/group.h"
#include "cgroups/stats_lines.h"

#define FILE_SIZE_MAX ((size_t)4 << 20) /* io figures of a host with thousands of disks */

/* A file of the branch that has the controller; NULL where there is none. The caller frees it. */
static char *read_whole(const struct branch *branch, const char *file)
{
	struct text content = { 0 };
	struct error ignored = { 0 };

	if (!branch || branch->folder < 0)
		return NULL;
	if (file_read(branch->folder, file, FILE_SIZE_MAX, &content, &ignored) == 0)
		return text_take(&content);
	text_release(&content);
	return NULL;
}

static uint64_t read_number(const struct branch *branch, const char *file)
{
	autofree char *content = read_whole(branch, file);

	return lines_number(content);
}

static void begin(struct text *ret, const char *key)
{
	json_add_key(ret, key);
	text_add_char(ret, '{');
}

static void add_row(struct text *ret, const char *key, const struct branch *branch, const char *file)
{
	autofree char *row = read_whole(branch, file);

	if (!row || !*row)
		return;
	json_add_key(ret, key);
	lines_add_row(ret, row);
}

static void add_cpu(const struct cgroup *group, struct text *ret)
{
	const struct branch *used = group_branch(group, CONTROLLER_CPUACCT), *limited = group_branch(group, CONTROLLER_CPU);
	bool used_v2 = used && used->tree.is_v2, limited_v2 = limited && limited->tree.is_v2;
	autofree char *stat = read_whole(limited ? limited : used_v2 ? used : NULL, "cpu.stat");
	autofree char *used_stat = used_v2 ? read_whole(used, "cpu.stat") : NULL;

	begin(ret, "cpu");
	begin(ret, "usage");
	json_add_nonzero(ret, "total", used_v2 ? lines_key(used_stat, "usage_usec") * 1000 : read_number(used, "cpuacct.usage"));
	if (!used_v2) {
		add_row(ret, "percpu", used, "cpuacct.usage_percpu");
		add_row(ret, "percpu_kernel", used, "cpuacct.usage_percpu_sys");
		add_row(ret, "percpu_user", used, "cpuacct.usage_percpu_user");
	}
	json_add_number(ret, "kernel", used_v2 ? lines_key(used_stat, "system_usec") * 1000 : read_number(used, "cpuacct.usage_sys"));
	json_add_number(ret, "user", used_v2 ? lines_key(used_stat, "user_usec") * 1000 : read_number(used, "cpuacct.usage_user"));
	text_add_char(ret, '}');
	begin(ret, "throttling");
	json_add_nonzero(ret, "periods", lines_key(stat, "nr_periods"));
	json_add_nonzero(ret, "throttledPeriods", lines_key(stat, "nr_throttled"));
	json_add_nonzero(ret, "throttledTime", limited_v2 ? lines_key(stat, "throttled_usec") * 1000 : lines_key(stat, "throttled_time"));
	text_add(ret, "}}");
}

static void add_set(struct text *ret, const char *key, const struct branch *branch, const char *v2_file, const char *v1_file)
{
	autofree char *set = read_whole(branch, branch && branch->tree.is_v2 ? v2_file : v1_file);

	if (!set || !*set || *set == '\n')
		return;
	json_add_key(ret, key);
	lines_add_set(ret, set);
}

static void add_cpuset(const struct cgroup *group, struct text *ret)
{
	static const char *const flags[] = { "cpu_exclusive", "mem_hardwall", "mem_exclusive", "memory_migrate", "memory_spread_page",
					     "memory_spread_slab", "memory_pressure", "sched_load_balance" };
	const struct branch *branch = group_branch(group, CONTROLLER_CPUSET);
	bool is_v1 = branch && !branch->tree.is_v2;
	autofree char *level = is_v1 ? read_whole(branch, "cpuset.sched_relax_domain_level") : NULL;

	begin(ret, "cpuset");
	add_set(ret, "cpus", branch, "cpuset.cpus.effective", "cpuset.cpus");
	add_set(ret, "mems", branch, "cpuset.mems.effective", "cpuset.mems");
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		autofree char *file = text_format("cpuset.%s", flags[i]);

		json_add_number(ret, flags[i], is_v1 ? read_number(branch, file) : 0);
	}
	json_add_key(ret, "sched_relax_domain_level");
	text_addf(ret, "%ld}", level ? strtol(level, NULL, 10) : 0);
}

struct memory_figures {
	uint64_t limit, usage, max, failcnt;
};

static void add_memory_part(struct text *ret, const char *key, const struct memory_figures *figures)
{
	begin(ret, key);
	json_add_number(ret, "limit", figures->limit);
	json_add_nonzero(ret, "usage", figures->usage);
	json_add_nonzero(ret, "max", figures->max);
	json_add_number(ret, "failcnt", figures->failcnt);
	text_add_char(ret, '}');
}

/* part: "", "memsw.", "kmem." or "kmem.tcp." */
static struct memory_figures v1_memory(const struct branch *branch, const char *part)
{
	autofree char *limit = text_format("memory.%slimit_in_bytes", part), *usage = text_format("memory.%susage_in_bytes", part);
	autofree char *max = text_format("memory.%smax_usage_in_bytes", part), *failcnt = text_format("memory.%sfailcnt", part);

	return (struct memory_figures){ read_number(branch, limit), read_number(branch, usage), read_number(branch, max),
					read_number(branch, failcnt) };
}

static void add_memory(const struct cgroup *group, struct text *ret)
{
	const struct branch *branch = group_branch(group, CONTROLLER_MEMORY);
	bool is_v2 = branch && branch->tree.is_v2;
	struct memory_figures all = { 0 }, swap = { 0 }, kernel = { 0 }, tcp = { 0 };
	autofree char *stat = read_whole(branch, "memory.stat");
	autofree char *events = is_v2 ? read_whole(branch, "memory.events") : NULL;

	if (is_v2) {
		all = (struct memory_figures){ read_number(branch, "memory.max"), read_number(branch, "memory.current"),
					       read_number(branch, "memory.peak"), lines_key(events, "max") };
		swap = (struct memory_figures){ read_number(branch, "memory.swap.max"), read_number(branch, "memory.swap.current"),
						read_number(branch, "memory.swap.peak"), 0 };
		/* v1's figure is the sum. */
		swap.usage += all.usage;
		swap.limit = __builtin_add_overflow(swap.limit, all.limit, &swap.limit) ? UINT64_MAX : swap.limit;
	} else {
		all = v1_memory(branch, "");
		swap = v1_memory(branch, "memsw.");
		kernel = v1_memory(branch, "kmem.");
		tcp = v1_memory(branch, "kmem.tcp.");
	}
	begin(ret, "memory");
	json_add_nonzero(ret, "cache", lines_key(stat, is_v2 ? "file" : "cache"));
	add_memory_part(ret, "usage", &all);
	add_memory_part(ret, "swap", &swap);
	add_memory_part(ret, "kernel", &kernel);
	add_memory_part(ret, "kernelTCP", &tcp);
	if (stat && *stat) {
		json_add_key(ret, "raw");
		lines_add_object(ret, stat);
	}
	text_add_char(ret, '}');
}

static void add_pids(const struct cgroup *group, struct text *ret)
{
	const struct branch *branch = group_branch(group, CONTROLLER_PIDS);
	uint64_t limit = read_number(branch, "pids.max");

	begin(ret, "pids");
	json_add_nonzero(ret, "current", read_number(branch, "pids.current"));
	json_add_nonzero(ret, "limit", limit == UINT64_MAX ? 0 : limit);
	text_add_char(ret, '}');
}

/* The first of some files that counted something. */
static void add_blkio_list(struct text *ret, const char *key, const struct branch *branch, const char *name)
{
	static const char *const shapes[] = { "blkio.bfq.%s_recursive", "blkio.%s_recursive", "blkio.throttle.%s_recursive",
					      "blkio.throttle.%s" };

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		const char *percent = strchr(shapes[i], '%');
		autofree char *file = text_format("%.*s%s%s", (int)(percent - shapes[i]), shapes[i], name, percent + 2);
		autofree char *lines = read_whole(branch, file);

		/* "Total 0" alone: another I/O scheduler counts. */
		if (!lines || !strchr(lines, ':'))
			continue;
		json_add_key(ret, key);
		lines_add_blkio(ret, lines);
		return;
	}
}

static void add_blkio(const struct cgroup *group, struct text *ret)
{
	static const struct {
		const char *key, *name;
	} lists[] = {
		{ "ioServiceBytesRecursive", "io_service_bytes" }, { "ioServicedRecursive", "io_serviced" },
		{ "ioQueueRecursive", "io_queued" },		   { "ioServiceTimeRecursive", "io_service_time" },
		{ "ioWaitTimeRecursive", "io_wait_time" },	   { "ioMergedRecursive", "io_merged" },
		{ "ioTimeRecursive", "time" },			   { "sectorsRecursive", "sectors" },
	};
	const struct branch *branch = group_branch(group, CONTROLLER_IO);

	begin(ret, "blkio");
	if (branch && branch->tree.is_v2) {
		autofree char *lines = read_whole(branch, "io.stat");

		if (lines && strchr(lines, ':')) {
			json_add_key(ret, "ioServiceBytesRecursive");
			lines_add_io(ret, lines, "rbytes", "wbytes");
			json_add_key(ret, "ioServicedRecursive");
			lines_add_io(ret, lines, "rios", "wios");
		}
	} else {
		for (size_t i = 0; branch && i < sizeof lists / sizeof *lists; i++)
			add_blkio_list(ret, lists[i].key, branch, lists[i].name);
	}
	text_add_char(ret, '}');
}

static void add_page_size(struct text *ret, const struct branch *branch, const char *size)
{
	bool is_v2 = branch->tree.is_v2;
	autofree char *usage = text_format("hugetlb.%s.%s", size, is_v2 ? "current" : "usage_in_bytes");
	autofree char *max = text_format("hugetlb.%s.max_usage_in_bytes", size);
	autofree char *failures = text_format("hugetlb.%s.%s", size, is_v2 ? "events" : "failcnt");
	autofree char *failed = read_whole(branch, failures);

	begin(ret, size);
	json_add_nonzero(ret, "usage", read_number(branch, usage));
	json_add_nonzero(ret, "max", is_v2 ? 0 : read_number(branch, max));
	json_add_number(ret, "failcnt", is_v2 ? lines_key(failed, "max") : lines_number(failed));
	text_add_char(ret, '}');
}

/* One member per page size of the host, by the files that the kernel made for it. */
static void add_hugetlb(const struct cgroup *group, struct text *ret)
{
	const struct branch *branch = group_branch(group, CONTROLLER_HUGETLB);
	int fd = branch && branch->folder >= 0 ? openat(branch->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	autoclosedir DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (fd >= 0 && !entries)
		close(fd);
	begin(ret, "hugetlb");
	while (entries && (entry = readdir(entries))) {
		const char *size = entry->d_name + strlen("hugetlb."), *dot;
		autofree char *copy = NULL;

		if (!text_starts(entry->d_name, "hugetlb.") || !(dot = strchr(size, '.')) ||
		    strcmp(dot, branch->tree.is_v2 ? ".current" : ".usage_in_bytes") != 0)
			continue;
		copy = alloc_copy_bytes(size, (size_t)(dot - size));
		add_page_size(ret, branch, copy);
	}
	text_add_char(ret, '}');
}

int cgroup_stats_json(const struct cgroup *group, const char *id, struct text *ret, struct error *e)
{
	if (group->count && group->branches[0].folder < 0)
		return error_set(e, ERROR_MISSING, "read the figures of %s: its cgroup %s is gone", id, group->path);
	text_add(ret, "{\"type\":\"stats\",\"id\":");
	json_add_text(ret, id);
	begin(ret, "data");
	add_cpu(group, ret);
	add_cpuset(group, ret);
	add_memory(group, ret);
	add_pids(group, ret);
	add_blkio(group, ret);
	add_hugetlb(group, ret);
	text_add(ret, ",\"intel_rdt\":{},\"network_interfaces\":null}}");
	return 0;
}
