/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.c - the table of limits, and the loops that check and write them.
 *
 * A row says which field of struct limits goes into which file of which controller, on v2 and on v1. Rows are written from top to
 * bottom; the order matters twice on v1: memory before memory+swap (which must not be smaller), period before quota.
 */
#include "cgroups/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cgroups/group.h"
#include "specs/limits.h"

struct limit_row {
	const char *name;  /* for messages */
	const char *field; /* in app.json */
	enum controller controller;
	const char *v2_file; /* NULL: nothing to write there */
	const char *v1_file;
	size_t offset; /* in struct limits: int64_t, or char * with is_text */
	/* The file's content; what is said is never LIMIT_UNSET. */
	void (*format)(const struct limits *limits, int64_t value, bool is_v2, struct text *ret);
	const char *v2_other, *v1_other; /* the file's name where the I/O scheduler is BFQ */
	size_t default_offset;           /* of the bool that says that nobody wrote it; 0: none */
	bool is_text;
};

static void format_number(const struct limits *limits, int64_t value, bool is_v2, struct text *ret)
{
	(void)limits;
	if (value == LIMIT_NONE)
		text_add(ret, is_v2 ? "max" : "-1");
	else
		text_addf(ret, "%" PRId64, value);
}

/* Without reservation: nothing is protected on v2, and reclaim begins nowhere on v1. */
static void format_reservation(const struct limits *limits, int64_t value, bool is_v2, struct text *ret)
{
	(void)limits;
	text_addf(ret, "%" PRId64, value == LIMIT_NONE && is_v2 ? 0 : value);
}

/* v1 limits the sum of memory and swap. */
static void format_swap(const struct limits *limits, int64_t value, bool is_v2, struct text *ret)
{
	bool is_sum = !is_v2 && value != LIMIT_NONE;

	if (is_sum && __builtin_add_overflow(value, limits->memory, &value))
		value = LIMIT_NONE;
	format_number(limits, value, is_v2, ret);
}

static int64_t period_of(const struct limits *limits)
{
	return limits->cpu_period_us > 0 ? limits->cpu_period_us : 100000;
}

static void format_period(const struct limits *limits, int64_t value, bool is_v2, struct text *ret)
{
	(void)value;
	(void)is_v2;
	text_addf(ret, "%" PRId64, period_of(limits));
}

static void format_quota(const struct limits *limits, int64_t value, bool is_v2, struct text *ret)
{
	format_number(limits, value, is_v2, ret);
	if (is_v2)
		text_addf(ret, " %" PRId64, period_of(limits));
}

/* The kernel's own scale between the two: weight 100 is 1024 shares; it takes 2 to 262144 shares. */
static void format_weight(const struct limits *limits, int64_t value, bool is_v2, struct text *ret)
{
	int64_t shares = (value * 1024 + 50) / 100;

	(void)limits;
	text_addf(ret, "%" PRId64, is_v2 ? value : shares < 2 ? 2 : shares);
}

static void format_pids(const struct limits *limits, int64_t value, bool is_v2, struct text *ret)
{
	(void)is_v2;
	format_number(limits, value, /* is_v2= */ true, ret); /* "max" on v1, too */
}

#define AT(member) offsetof(struct limits, member)

static const struct limit_row rows[] = {
	{ "memory", "resources.limits.memory", CONTROLLER_MEMORY, "memory.max", "memory.limit_in_bytes", AT(memory),
	  .format = format_number },
	{ "swap", "resources.limits.swap", CONTROLLER_MEMORY, "memory.swap.max", "memory.memsw.limit_in_bytes",
	  AT(swap), .format = format_swap, .default_offset = AT(swap_is_default) },
	{ "memory reservation", "resources.reservations.memory", CONTROLLER_MEMORY, "memory.low",
	  "memory.soft_limit_in_bytes", AT(memory_reservation), .format = format_reservation },
	{ "pids", "resources.limits.pids", CONTROLLER_PIDS, "pids.max", "pids.max", AT(pids), .format = format_pids,
	  .default_offset = AT(pids_is_default) },
	{ "cpu period", "resources.limits.cpus", CONTROLLER_CPU, NULL, "cpu.cfs_period_us", AT(cpu_quota_us),
	  .format = format_period },
	{ "cpus", "resources.limits.cpus", CONTROLLER_CPU, "cpu.max", "cpu.cfs_quota_us", AT(cpu_quota_us),
	  .format = format_quota },
	{ "cpu weight", "resources.limits.cpu_weight", CONTROLLER_CPU, "cpu.weight", "cpu.shares", AT(cpu_weight),
	  .format = format_weight },
	{ "cpuset", "resources.limits.cpuset", CONTROLLER_CPUSET, "cpuset.cpus", "cpuset.cpus", AT(cpuset),
	  .is_text = true },
	{ "cpuset mems", "resources.limits.cpuset_mems", CONTROLLER_CPUSET, "cpuset.mems", "cpuset.mems",
	  AT(cpuset_mems), .is_text = true },
	{ "io weight", "resources.limits.io_weight", CONTROLLER_IO, "io.weight", "blkio.weight", AT(io_weight),
	  .format = format_number, .v2_other = "io.bfq.weight", .v1_other = "blkio.bfq.weight" },
};
enum { ROW_COUNT = sizeof rows / sizeof *rows, ROW_MEMORY = 0, ROW_SWAP = 1 };

/* One block device's throttles. */
static const struct {
	const char *name, *v2_key, *v1_file;
	size_t offset;
} io_rows[] = {
	{ "read_bps", "rbps", "blkio.throttle.read_bps_device", offsetof(struct io_limit, read_bps) },
	{ "write_bps", "wbps", "blkio.throttle.write_bps_device", offsetof(struct io_limit, write_bps) },
	{ "read_iops", "riops", "blkio.throttle.read_iops_device", offsetof(struct io_limit, read_iops) },
	{ "write_iops", "wiops", "blkio.throttle.write_iops_device", offsetof(struct io_limit, write_iops) },
};
enum { IO_ROW_COUNT = sizeof io_rows / sizeof *io_rows };

static int64_t number_at(const void *base, size_t offset)
{
	int64_t value;

	memcpy(&value, (const char *)base + offset, sizeof value);
	return value;
}

static const char *text_at(const struct limits *limits, const struct limit_row *row)
{
	const char *value;

	memcpy(&value, (const char *)limits + row->offset, sizeof value);
	return value;
}

static bool is_said(const struct limits *limits, const struct limit_row *row)
{
	return row->is_text ? text_at(limits, row) != NULL : number_at(limits, row->offset) != LIMIT_UNSET;
}

static bool is_unlimited(const struct limits *limits, const struct limit_row *row)
{
	return !row->is_text && number_at(limits, row->offset) == LIMIT_NONE;
}

static bool is_default(const struct limits *limits, const struct limit_row *row)
{
	return row->default_offset && *((const bool *)limits + row->default_offset);
}

static void format_row(const struct limits *limits, const struct limit_row *row, bool is_v2, struct text *ret)
{
	if (row->is_text)
		text_add(ret, text_at(limits, row));
	else
		row->format(limits, number_at(limits, row->offset), is_v2, ret);
}

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

/* A limit that cannot be enforced: a warning where it is box's default, an error where somebody wrote it. */
static int refuse_row(const struct limits *limits, const struct limit_row *row, const char *why, const char *fix,
		      struct error *e)
{
	autorelease(text) struct text value = { 0 };

	format_row(limits, row, /* is_v2= */ true, &value);
	if (is_default(limits, row)) {
		if (row != &rows[ROW_SWAP])
			log_warning("the default limit of %s %s is not enforced: %s, continuing", value.data, row->name,
				    why);
		else if (host_has_swap())
			log_warning("the default limit of swap is not enforced: %s, continuing", why);
		return 0;
	}
	error_set(e, ERROR_UNSUPPORTED, "limit %s to %s: %s", row->name, value.data, why);
	if (fix)
		(void)error_hint(e, "%s", fix);
	return error_at(e, "%s", row->field);
}

/* Why a controller is missing, in words; the caller frees it. */
static char *why_missing(const struct layout *layout, enum controller controller)
{
	bool is_v2 = layout->version == CGROUP_V2;

	if (layout->count == 0)
		return alloc_copy(layout->reason);
	return text_format("the controller \"%s\" is not available to box on this host (%s)",
			   controller_name(controller, is_v2), version_words(layout->version));
}

static const char *fix_missing(const struct layout *layout)
{
	if (layout->count == 0)
		return layout->fix;
	return layout->version == CGROUP_V2 ? "a controller must be in cgroup.controllers, and not disabled by "
					      "cgroup_disable= on the kernel's command line"
					    : "mount the controller (mount -t cgroup -o NAME none "
					      "/sys/fs/cgroup/NAME), or boot with cgroup v2";
}

static int check_row(const struct limits *limits, const struct limit_row *row, const struct layout *layout,
		     unsigned *wanted, struct error *e)
{
	autofree char *why = NULL;

	if (!is_said(limits, row))
		return 0;
	if (layout_tree(layout, row->controller)) {
		*wanted |= CONTROLLER_BIT(row->controller);
		return 0;
	}
	/* The next row says the same of the same field. */
	if (is_unlimited(limits, row) || !row->v2_file)
		return 0;
	why = why_missing(layout, row->controller);
	return refuse_row(limits, row, why, fix_missing(layout), e);
}

int limits_check(const struct limits *limits, const struct layout *layout, unsigned *ret_controllers, struct error *e)
{
	unsigned wanted = 0;

	for (size_t i = 0; i < ROW_COUNT; i++)
		if (check_row(limits, &rows[i], layout, &wanted, e))
			return -1;
	if (limits->io_count && !layout_tree(layout, CONTROLLER_IO)) {
		autofree char *why = why_missing(layout, CONTROLLER_IO);

		error_set(e, ERROR_UNSUPPORTED, "limit io of %s: %s", limits->io[0].device, why);
		(void)error_hint(e, "%s", fix_missing(layout));
		return error_at(e, "resources.limits.io[0]");
	}
	if (limits->io_count)
		wanted |= CONTROLLER_BIT(CONTROLLER_IO);
	*ret_controllers = wanted;
	return 0;
}

/* The branch that takes the row's value. On v2 a controller that nobody asked for at the start is switched on now. */
static const struct branch *branch_for(const struct cgroup *group, enum controller controller)
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

static int explain_write(const struct cgroup *group, const struct limits *limits, const struct limit_row *row,
			 const struct branch *branch, const char *file, const char *value, struct error *e)
{
	if (errno == ENOENT && row == &rows[ROW_SWAP])
		return refuse_row(limits, row, "this kernel does not account swap", "boot with swapaccount=1", e);
	if (errno == ENOENT && row->v2_other)
		return refuse_row(limits, row, "no disk of this host has an I/O scheduler with weights",
				  "use the BFQ scheduler: echo bfq > /sys/block/DISK/queue/scheduler", e);
	error_sys(e, "limit %s to %s (%s of %s, controller %s)", row->name, value, file, version_words(group->version),
		  controller_name(row->controller, branch->tree.is_v2));
	if (e->sys == EBUSY && row->controller == CONTROLLER_MEMORY)
		(void)error_hint(e, "the container uses more than that now");
	else if (e->sys == EINVAL || e->sys == ERANGE || e->sys == EACCES)
		(void)error_hint(e, "the kernel, or the group above it, does not allow this value");
	return error_at(e, "%s", row->field);
}

static int write_row(const struct cgroup *group, const struct limits *limits, const struct limit_row *row,
		     const struct branch *branch, struct error *e)
{
	bool is_v2 = branch->tree.is_v2;
	const char *file = is_v2 ? row->v2_file : row->v1_file;
	const char *other = is_v2 ? row->v2_other : row->v1_other;
	autorelease(text) struct text value = { 0 };

	if (!file)
		return 0;
	if (row == &rows[ROW_SWAP] && !is_v2 && limits->memory < 0 && limits->swap != LIMIT_NONE)
		return refuse_row(limits, row,
				  "cgroup v1 can only limit memory and swap together, and no memory limit is set",
				  "set resources.limits.memory, too", e);
	format_row(limits, row, is_v2, &value);
	if (group_write(branch, file, value.data) == 0)
		return 0;
	if (errno == ENOENT && other) {
		file = other;
		if (group_write(branch, file, value.data) == 0)
			return 0;
	}
	return explain_write(group, limits, row, branch, file, value.data, e);
}

static int write_one(const struct cgroup *group, const struct limits *limits, const struct limit_row *row,
		     bool is_fresh, struct error *e)
{
	const struct branch *branch;

	if (!is_said(limits, row) || (is_fresh && is_unlimited(limits, row)))
		return 0;
	branch = branch_for(group, row->controller);
	if (branch) {
		if (write_row(group, limits, row, branch, e) == 0)
			return 0;
		/* v1: a new memory limit above the old memory+swap. That one has to rise first. */
		if (row != &rows[ROW_MEMORY] || is_fresh || branch->tree.is_v2 || e->sys != EINVAL ||
		    limits->swap == LIMIT_UNSET)
			return -1;
		error_clear(e);
		return write_row(group, limits, &rows[ROW_SWAP], branch, e) || write_row(group, limits, row, branch, e)
			       ? -1
			       : 0;
	}
	/* A fresh group without the controller passed limits_check: it was a default, and the warning is out. */
	if (is_fresh || is_unlimited(limits, row))
		return 0;
	return refuse_row(limits, row, "the running container is not in a group of that controller",
			  "start the container anew with this limit: on cgroup v1 it joins only the controllers it was "
			  "started with",
			  e);
}

static int write_io(const struct cgroup *group, const struct branch *branch, const struct io_limit *io, struct error *e)
{
	autorelease(text) struct text line = { 0 };

	text_addf(&line, "%u:%u", io->major, io->minor);
	for (size_t i = 0; i < IO_ROW_COUNT; i++) {
		int64_t value = number_at(io, io_rows[i].offset);
		autofree char *one = NULL;

		if (value == LIMIT_UNSET)
			continue;
		if (branch->tree.is_v2) {
			text_addf(&line, " %s=", io_rows[i].v2_key);
			format_number(NULL, value, /* is_v2= */ true, &line);
			continue;
		}
		/* v1 has a file for each, where 0 means no limit. */
		one = text_format("%u:%u %" PRId64, io->major, io->minor, value == LIMIT_NONE ? 0 : value);
		if (group_write(branch, io_rows[i].v1_file, one) == 0)
			continue;
		error_sys(e, "limit %s of %s to %" PRId64 " (%s of %s)", io_rows[i].name, io->device, value,
			  io_rows[i].v1_file, version_words(group->version));
		return error_at(e, "%s", io_rows[i].name);
	}
	if (branch->tree.is_v2 && group_write(branch, "io.max", line.data))
		return error_sys(e, "limit io of %s to \"%s\" (io.max of %s)", io->device, line.data,
				 version_words(group->version));
	return 0;
}

int limits_write(const struct cgroup *group, const struct limits *limits, bool is_fresh, struct error *e)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (write_one(group, limits, &rows[i], is_fresh, e))
			return -1;
	for (size_t i = 0; i < limits->io_count; i++) {
		const struct branch *branch = branch_for(group, CONTROLLER_IO);

		if (!branch) {
			error_set(e, ERROR_UNSUPPORTED,
				  "limit io of %s: the running container is not in a group of that controller",
				  limits->io[i].device);
			return error_at(e, "resources.limits.io[%zu]", i);
		}
		if (write_io(group, branch, &limits->io[i], e) == 0)
			continue;
		if (e->sys == ENODEV)
			(void)error_hint(e, "name a whole disk (/dev/sda), not a partition");
		return error_at(e, "resources.limits.io[%zu]", i);
	}
	return 0;
}

int cgroup_update(const struct cgroup *group, const struct limits *limits, struct error *e)
{
	return limits_write(group, limits, /* is_fresh= */ false, e);
}
