/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.c - the loops that check the rows of limits against a host, and write them into a group.
 *
 * The kernel refuses (EINVAL) what does not fit the other values of the moment: more memory than memory and swap together, more burst than
 * quota, a short period with the quota of a long one. Which of two has to come first depends on whether they rise or fall, and so on what
 * the group has now. So a refused value is tried once more after all others are written: by then what did not fit has changed, or never
 * will.
 */
#include "cgroups/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cgroups/group.h"
#include "cgroups/limit_rows.h"
#include "specs/limits.h"

enum { ROWS_MAX = 32 };

/* A host without any swap cannot break a promise about it. */
static bool host_has_swap(void)
{
	autorelease(text) struct text swaps = { 0 };
	struct error ignored = { 0 };
	const char *line;

	if (file_read(AT_FDCWD, "/proc/swaps", (size_t)1 << 20, &swaps, &ignored) || !swaps.data)
		return false;
	line = strchr(swaps.data, '\n'); /* the first line is a heading */
	return line && line[1];
}

static bool is_about_swap(const struct limit_row *row)
{
	return row->v1_file && strcmp(row->v1_file, "memory.memsw.limit_in_bytes") == 0;
}

/* A limit that cannot be enforced: a warning where it is box's default, an error where somebody wrote it. */
static int refuse_row(const struct limits *limits, const struct limit_row *row, bool is_oci, const char *why, const char *fix,
		      struct error *e)
{
	autorelease(text) struct text value = { 0 };
	autorelease(text) struct text field = { 0 };

	row_format(limits, row, /* is_v2= */ true, /* is_other= */ false, &value);
	if (row_is_default(limits, row)) {
		if (!is_about_swap(row))
			log_warning("the default limit of %s %s is not enforced: %s, continuing", value.data, row->name, why);
		else if (host_has_swap())
			log_warning("the default limit of swap is not enforced: %s, continuing", why);
		return 0;
	}
	error_set(e, ERROR_UNSUPPORTED, "limit %s to %s: %s", row->name, value.data, why);
	if (fix)
		(void)error_hint(e, "%s", fix);
	return error_at(e, "%s", row_field(row, is_oci, &field));
}

char *limits_why_missing(const struct layout *layout, enum controller controller)
{
	bool is_v2 = layout->version == CGROUP_V2;

	if (layout->count == 0)
		return alloc_copy(layout->reason);
	return text_format("the controller \"%s\" is not available to box on this host (%s)", controller_name(controller, is_v2),
			   version_words(layout->version));
}

const char *limits_fix_missing(const struct layout *layout)
{
	if (layout->count == 0)
		return layout->fix;
	return layout->version == CGROUP_V2 ? "a controller must be in cgroup.controllers, and not disabled by "
					      "cgroup_disable= on the kernel's command line"
					    : "mount the controller (mount -t cgroup -o NAME none "
					      "/sys/fs/cgroup/NAME), or boot with cgroup v2";
}

static int check_row(const struct limits *limits, const struct limit_row *row, const struct layout *layout, bool is_oci, unsigned *wanted,
		     struct error *e)
{
	const struct tree *tree = layout_tree(layout, row->controller);
	autofree char *why = NULL;

	if (!row_is_said(limits, row))
		return 0;
	if (tree && (tree->is_v2 ? row->v2_file : row->v1_file)) {
		*wanted |= CONTROLLER_BIT(row->controller);
		return 0;
	}
	if (row_is_unlimited(limits, row) || (row->flags & ROW_PART))
		return 0;
	if (tree)
		return refuse_row(limits, row, is_oci, "cgroup v2 has no such limit", "leave it out, or boot with cgroup v1", e);
	why = limits_why_missing(layout, row->controller);
	return refuse_row(limits, row, is_oci, why, limits_fix_missing(layout), e);
}

/* What no kernel could do. */
static int check_sums(const struct limits *limits, struct error *e)
{
	if (limits->memory_and_swap <= 0 || limits->memory <= 0 || limits->memory_and_swap >= limits->memory)
		return 0;
	error_set(e, ERROR_SPEC, "limit memory and swap together to %" PRId64 ": that is less than the limit of memory, %" PRId64,
		  limits->memory_and_swap, limits->memory);
	return error_at(e, "linux.resources.memory.swap");
}

int limits_check(const struct limits *limits, const struct layout *layout, bool is_oci, unsigned *ret_controllers, struct error *e)
{
	const struct limits settled = limits_settled(limits);
	unsigned wanted = 0;

	for (const struct limit_row *row = limit_rows(); row->name; row++)
		if (check_row(&settled, row, layout, is_oci, &wanted, e))
			return -1;
	if (check_sums(&settled, e) || lists_check(&settled, layout, is_oci, &wanted, e))
		return -1;
	*ret_controllers = wanted;
	return 0;
}

const struct branch *limits_branch(const struct cgroup *group, enum controller controller)
{
	const struct path_wish wish = { .needed = CONTROLLER_BIT(controller) };
	const struct branch *branch = group_branch(group, controller);
	autoclose int parent = -1;
	struct error e = { 0 };

	if (branch || group->version != CGROUP_V2 || !group->count)
		return branch;
	branch = &group->branches[0];
	parent = path_walk(branch, group->path, &wish, &e);
	return parent >= 0 ? branch : NULL;
}

static int explain_write(const struct cgroup *group, const struct limits *limits, const struct limit_row *row, const struct branch *branch,
			 const char *file, const char *value, struct error *e)
{
	autorelease(text) struct text field = { 0 };

	if (errno == ENOENT && is_about_swap(row))
		return refuse_row(limits, row, group->joins_all, "this kernel does not account swap", "boot with swapaccount=1", e);
	if (errno == ENOENT && row->v2_other)
		return refuse_row(limits, row, group->joins_all, "no disk of this host has an I/O scheduler with weights",
				  "use the BFQ scheduler: echo bfq > /sys/block/DISK/queue/scheduler", e);
	error_sys(e, "limit %s to %s (%s of %s, controller %s)", row->name, value, file, version_words(group->version),
		  controller_name(row->controller, branch->tree.is_v2));
	if (e->sys == EBUSY && row->controller == CONTROLLER_MEMORY)
		(void)error_hint(e, "the container uses more than that now");
	else if (e->sys == EINVAL || e->sys == ERANGE || e->sys == EACCES)
		(void)error_hint(e, "the kernel, or the group above it, does not allow this value");
	return error_at(e, "%s", row_field(row, group->joins_all, &field));
}

static int write_row(const struct cgroup *group, const struct limits *limits, const struct limit_row *row, const struct branch *branch,
		     struct error *e)
{
	bool is_v2 = branch->tree.is_v2;
	const char *file = is_v2 ? row->v2_file : row->v1_file;
	const char *other = is_v2 ? row->v2_other : row->v1_other;
	autorelease(text) struct text value = { 0 };

	if (!file) {
		/* A row that another one says is written there; a limit that v2 does not have has been refused, but for an update. */
		if ((row->flags & ROW_PART) || row_is_unlimited(limits, row))
			return 0;
		return refuse_row(limits, row, group->joins_all, "cgroup v2 has no such limit", NULL, e);
	}
	if (row->offset == offsetof(struct limits, swap) && !is_v2 && limits->memory < 0 && limits->swap != LIMIT_NONE)
		return refuse_row(limits, row, group->joins_all,
				  "cgroup v1 can only limit memory and swap together, and no memory limit is set",
				  "set resources.limits.memory, too", e);
	row_format(limits, row, is_v2, /* is_other= */ false, &value);
	if (group_write(branch, file, value.data) == 0)
		return 0;
	if (errno == ENOENT && other) {
		file = other;
		row_format(limits, row, is_v2, /* is_other= */ true, &value);
		if (group_write(branch, file, value.data) == 0)
			return 0;
	}
	if (errno == ENOENT && row_is_unlimited(limits, row))
		return 0; /* as there is no such limit, there is none */
	return explain_write(group, limits, row, branch, file, value.data, e);
}

static int write_one(const struct cgroup *group, const struct limits *limits, const struct limit_row *row, bool is_fresh, struct error *e)
{
	const struct branch *branch;

	if (!row_is_said(limits, row) || (is_fresh && row_is_unlimited(limits, row)))
		return 0;
	branch = limits_branch(group, row->controller);
	if (branch)
		return write_row(group, limits, row, branch, e);
	/* A fresh group without the controller passed limits_check: it was a default, and the warning is out. */
	if (is_fresh || row_is_unlimited(limits, row))
		return 0;
	return refuse_row(limits, row, group->joins_all, "the running container is not in a group of that controller",
			  group->joins_all ? limits_fix_missing(&(struct layout){ .version = group->version, .count = 1 })
					   : "start the container anew with this limit: on cgroup v1 it joins only the controllers it was "
					     "started with",
			  e);
}

static int write_rows(const struct cgroup *group, const struct limits *limits, bool is_fresh, struct error *e)
{
	const struct limit_row *rows = limit_rows(), *again[ROWS_MAX];
	size_t count = 0;

	for (size_t i = 0; rows[i].name; i++) {
		if (write_one(group, limits, &rows[i], is_fresh, e) == 0)
			continue;
		if (e->sys != EINVAL || count == ROWS_MAX)
			return -1;
		again[count++] = &rows[i];
		error_clear(e);
	}
	for (size_t i = 0; i < count; i++)
		if (write_one(group, limits, again[i], is_fresh, e))
			return -1;
	return 0;
}

/* A period without a quota: the quota stays as it is. */
static int write_period(const struct cgroup *group, const struct limits *limits, bool is_fresh, struct error *e)
{
	const struct branch *branch = group_branch(group, CONTROLLER_CPU);
	autofree char *value = NULL;
	char now[64] = "";
	bool is_v2;

	if (limits->cpu_quota_us != LIMIT_UNSET || limits->cpu_period_us <= 0 || (is_fresh && limits->cpu_period_us == 100000) || !branch)
		return 0;
	is_v2 = branch->tree.is_v2;
	if (is_v2 && group_read(branch, "cpu.max", now, sizeof now) < 0)
		return error_sys(e, "read cpu.max of cgroup %s%s", branch->tree.root, group->path);
	now[strcspn(now, " \n")] = '\0';
	value = text_format("%s%s%" PRId64, now, is_v2 ? " " : "", limits->cpu_period_us);
	if (group_write(branch, is_v2 ? "cpu.max" : "cpu.cfs_period_us", value) == 0)
		return 0;
	error_sys(e, "limit cpu period to %" PRId64 " (controller cpu)", limits->cpu_period_us);
	return error_at(e, "linux.resources.cpu.period");
}

static int64_t read_number(const struct branch *branch, const char *file)
{
	char number[32];

	return branch && group_read(branch, file, number, sizeof number) > 0 && strncmp(number, "max", 3) != 0 ? strtoll(number, NULL, 10)
														: LIMIT_UNSET;
}

/* A quota without a period: the period stays as it is. */
static void settle_period(const struct cgroup *group, struct limits *limits)
{
	const struct branch *branch = group_branch(group, CONTROLLER_CPU);
	const char *file = branch && branch->tree.is_v2 ? "cpu.max" : "cpu.cfs_period_us";
	char now[64];

	if (limits->cpu_quota_us == LIMIT_UNSET || limits->cpu_period_us != LIMIT_UNSET || !branch ||
	    group_read(branch, file, now, sizeof now) <= 0)
		return;
	limits->cpu_period_us = strtoll(branch->tree.is_v2 ? now + strcspn(now, " ") : now, NULL, 10);
}

/* v2: swap is what the sum leaves beside memory, as it is now where no new limit of it was said. */
static int settle_v2_swap(const struct cgroup *group, struct limits *limits, struct error *e)
{
	const struct branch *branch = group_branch(group, CONTROLLER_MEMORY);

	if (!branch || !branch->tree.is_v2 || limits->memory_and_swap <= 0 || limits->memory > 0)
		return 0;
	if (limits->memory == LIMIT_UNSET)
		limits->memory = read_number(branch, "memory.max");
	if (limits->memory > 0)
		return 0;
	error_set(e, ERROR_SPEC, "limit memory and swap together to %" PRId64 ": cgroup v2 limits swap alone, and no memory limit is set",
		  limits->memory_and_swap);
	return error_at(e, "linux.resources.memory.swap");
}

/* v1 looks by itself; v2 would take the limit and then kill for it. */
static int check_use(const struct cgroup *group, const struct limits *limits, struct error *e)
{
	const struct branch *branch = group_branch(group, CONTROLLER_MEMORY);
	int64_t used;

	if (!limits->memory_checked_first || limits->memory <= 0 || !branch || !branch->tree.is_v2)
		return 0;
	used = read_number(branch, "memory.current");
	if (used <= limits->memory)
		return 0;
	error_set(e, ERROR_KERNEL, "limit memory to %" PRId64 ": the container uses %" PRId64 " now", limits->memory, used);
	return error_at(e, "linux.resources.memory.limit");
}

/* What is to be written, as far as it can be known before. */
static int settle(const struct cgroup *group, const struct limits *limits, struct limits *ret, struct error *e)
{
	*ret = limits_settled(limits);
	return settle_v2_swap(group, ret, e) || check_sums(ret, e) || check_use(group, ret, e) ? -1 : 0;
}

int limits_write(const struct cgroup *group, const struct limits *limits, bool is_fresh, struct error *e)
{
	struct limits settled;

	if (settle(group, limits, &settled, e))
		return -1;
	if (!is_fresh)
		settle_period(group, &settled);
	if (write_rows(group, &settled, is_fresh, e) || write_period(group, &settled, is_fresh, e))
		return -1;
	return lists_write(group, &settled, e);
}

int cgroup_update(const struct cgroup *group, const struct limits *limits, struct error *e)
{
	struct limits settled;

	/* The unit first: systemd writes into the same files, and less exactly. */
	if (group->unit && (settle(group, limits, &settled, e) || unit_set(group, &settled, e)))
		return -1;
	if (limits_write(group, limits, /* is_fresh= */ false, e))
		return -1;
	return limits->device_rule_count ? cgroup_devices(group, limits->device_rules, limits->device_rule_count, e) : 0;
}
