/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit_lists.c - limits that are said per block device, page size, network interface, RDMA device, or v2 file.
 *
 * Every list becomes lines: one write of "FILE" with one line each. What a host has no file for is an error, as with the other limits.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cgroups/group.h"
#include "cgroups/limit_rows.h"
#include "cgroups/limits.h"
#include "specs/limits.h"

/* One block device's throttles. */
static const struct {
	const char *name, *v2_key, *v1_file, *oci_field;
	size_t offset;
} io_rows[] = {
	{ "read_bps", "rbps", "blkio.throttle.read_bps_device", "throttleReadBpsDevice", offsetof(struct io_limit, read_bps) },
	{ "write_bps", "wbps", "blkio.throttle.write_bps_device", "throttleWriteBpsDevice", offsetof(struct io_limit, write_bps) },
	{ "read_iops", "riops", "blkio.throttle.read_iops_device", "throttleReadIOPSDevice", offsetof(struct io_limit, read_iops) },
	{ "write_iops", "wiops", "blkio.throttle.write_iops_device", "throttleWriteIOPSDevice", offsetof(struct io_limit, write_iops) },
};
enum { IO_ROW_COUNT = sizeof io_rows / sizeof *io_rows };

static int64_t number_at(const void *base, size_t offset)
{
	int64_t value;

	memcpy(&value, (const char *)base + offset, sizeof value);
	return value;
}

/* As the user knows it. The caller frees it. */
static char *device_name(const struct io_limit *io)
{
	return io->device ? text_format("%s", io->device) : text_format("%u:%u", io->major, io->minor);
}

static int in_io(const struct io_limit *io, size_t index, size_t row, struct error *e)
{
	if (!io->device)
		return error_at(e, "linux.resources.blockIO.%s", io_rows[row].oci_field);
	return error_at(e, "resources.limits.io[%zu].%s", index, io_rows[row].name);
}

static int write_io(const struct cgroup *group, const struct branch *branch, const struct io_limit *io, size_t index, struct error *e)
{
	autorelease(text) struct text line = { 0 };
	autofree char *name = device_name(io);
	size_t first = 0;

	text_addf(&line, "%u:%u", io->major, io->minor);
	for (size_t i = 0; i < IO_ROW_COUNT; i++) {
		int64_t value = number_at(io, io_rows[i].offset);
		autofree char *one = NULL;

		if (value == LIMIT_UNSET)
			continue;
		if (branch->tree.is_v2) {
			first = strchr(line.data, '=') ? first : i;
			text_addf(&line, " %s=", io_rows[i].v2_key);
			/* 0 is v1's word for no limit, and OCI's. */
			format_number(NULL, value == 0 ? LIMIT_NONE : value, /* is_v2= */ true, &line);
			continue;
		}
		/* v1 has a file for each, where 0 means no limit. */
		one = text_format("%u:%u %" PRId64, io->major, io->minor, value == LIMIT_NONE ? 0 : value);
		if (group_write(branch, io_rows[i].v1_file, one) == 0)
			continue;
		error_sys(e, "limit %s of %s to %" PRId64 " (%s of %s)", io_rows[i].name, name, value, io_rows[i].v1_file,
			  version_words(group->version));
		if (e->sys == ENODEV)
			(void)error_hint(e, "name a whole disk (/dev/sda), not a partition");
		return in_io(io, index, i, e);
	}
	if (!branch->tree.is_v2 || group_write(branch, "io.max", line.data) == 0)
		return 0;
	error_sys(e, "limit io of %s to \"%s\" (io.max of %s)", name, line.data, version_words(group->version));
	if (e->sys == ENODEV)
		(void)error_hint(e, "name a whole disk (/dev/sda), not a partition");
	return in_io(io, index, first, e);
}

/* A list whose every item is one line of one file. */
struct line_kind {
	const char *name;  /* for messages */
	const char *field; /* in config.json */
	enum controller controller;
	const char *v2_file, *v1_file;   /* NULL: such a host cannot do it */
	const char *v2_other, *v1_other; /* the file's name with another I/O scheduler */
};

static const struct line_kind weight_lines = { "the io weight",  "linux.resources.blockIO.weightDevice", CONTROLLER_IO,
					       "io.bfq.weight",  "blkio.weight_device",
					       "io.weight",      "blkio.bfq.weight_device" };
static const struct line_kind leaf_lines = { .name = "the io leaf weight", .field = "linux.resources.blockIO.weightDevice",
					     .controller = CONTROLLER_IO, .v1_file = "blkio.leaf_weight_device" };
static const struct line_kind priority_lines = { .name = "the network priority", .field = "linux.resources.network.priorities",
						 .controller = CONTROLLER_NET_PRIO, .v1_file = "net_prio.ifpriomap" };
static const struct line_kind rdma_lines = { .name = "rdma", .field = "linux.resources.rdma", .controller = CONTROLLER_RDMA,
					     .v2_file = "rdma.max", .v1_file = "rdma.max" };

/* other is the line for the other file; NULL: the same. */
static int write_line(const struct cgroup *group, const struct line_kind *kind, const char *line, const char *other, struct error *e)
{
	const struct branch *branch = limits_branch(group, kind->controller);
	bool is_v2 = branch && branch->tree.is_v2;
	const char *file = is_v2 ? kind->v2_file : kind->v1_file;
	const char *other_file = is_v2 ? kind->v2_other : kind->v1_other;

	if (!branch || !file) {
		error_set(e, ERROR_UNSUPPORTED, "limit %s to \"%s\": %s", kind->name, line,
			  branch ? "cgroup v2 has no such limit" : "the running container is not in a group of that controller");
		return error_at(e, "%s", kind->field);
	}
	if (group_write(branch, file, line) == 0)
		return 0;
	if (errno == ENOENT && other_file && group_write(branch, other_file, other ? other : line) == 0)
		return 0;
	error_sys(e, "limit %s to \"%s\" (%s of %s, controller %s)", kind->name, line, file, version_words(group->version),
		  controller_name(kind->controller, is_v2));
	return error_at(e, "%s", kind->field);
}

static int write_weight(const struct cgroup *group, const struct io_weight *io, struct error *e)
{
	autofree char *line = text_format("%u:%u %" PRId64, io->major, io->minor, io->weight);
	autofree char *leaf = text_format("%u:%u %" PRId64, io->major, io->minor, io->leaf_weight);
	const struct branch *branch = group_branch(group, CONTROLLER_IO);
	autofree char *other = text_format("%u:%u %" PRId64, io->major, io->minor,
					   branch && branch->tree.is_v2 ? io_weight_of_blkio(io->weight) : io->weight);

	if (io->weight != LIMIT_UNSET && io->weight != 0 && write_line(group, &weight_lines, line, other, e))
		return -1;
	return io->leaf_weight != LIMIT_UNSET && io->leaf_weight != 0 ? write_line(group, &leaf_lines, leaf, NULL, e) : 0;
}

/* "2MB", "1GB", "64KB": it becomes part of a file's name. */
static bool is_page_size(const char *size)
{
	size_t digits = strspn(size, "0123456789");

	return digits > 0 && digits < 8 && size[digits] && strchr("KMG", size[digits]) && strcmp(size + digits + 1, "B") == 0;
}

static int write_hugepages(const struct cgroup *group, const struct hugepage_limit *limit, size_t index, struct error *e)
{
	autofree char *v2_file = text_format("hugetlb.%s.max", limit->page_size);
	autofree char *v1_file = text_format("hugetlb.%s.limit_in_bytes", limit->page_size);
	autofree char *v2_reserved = text_format("hugetlb.%s.rsvd.max", limit->page_size);
	autofree char *v1_reserved = text_format("hugetlb.%s.rsvd.limit_in_bytes", limit->page_size);
	autofree char *field = text_format("linux.resources.hugepageLimits[%zu]", index);
	const struct line_kind kind = { .name = "huge pages", .field = field, .controller = CONTROLLER_HUGETLB, .v2_file = v2_file,
					.v1_file = v1_file };
	const struct branch *branch = group_branch(group, CONTROLLER_HUGETLB);
	autorelease(text) struct text value = { 0 };

	format_number(NULL, limit->bytes, branch && branch->tree.is_v2, &value);
	if (write_line(group, &kind, value.data, NULL, e)) {
		if (e->sys == ENOENT)
			(void)error_hint(e, "this host has no huge pages of that size: ls /sys/kernel/mm/hugepages");
		return -1;
	}
	/* What is reserved and not yet used counts, too: else an app dies of a page that mmap(2) promised. Linux 5.7. */
	branch = group_branch(group, CONTROLLER_HUGETLB);
	if (branch && group_write(branch, branch->tree.is_v2 ? v2_reserved : v1_reserved, value.data) && errno != ENOENT) {
		error_sys(e, "limit reserved huge pages to \"%s\"", value.data);
		return error_at(e, "%s", field);
	}
	return 0;
}

/* The controller of "memory.high=1"; CONTROLLER_COUNT where it is none that v2 has, or no plain file name. */
static enum controller unified_controller(const char *item)
{
	const char *equals = strchr(item, '='), *dot = strchr(item, '.');
	char word[16] = "";
	unsigned bits;

	if (!equals || !dot || dot > equals || memchr(item, '/', (size_t)(equals - item)) || (size_t)(dot - item) >= sizeof word)
		return CONTROLLER_COUNT;
	memcpy(word, item, (size_t)(dot - item));
	bits = controllers_parse(word);
	for (unsigned c = 0; c < CONTROLLER_COUNT; c++)
		if (bits == CONTROLLER_BIT(c))
			return c;
	return CONTROLLER_COUNT;
}

static int write_unified(const struct cgroup *group, const char *item, struct error *e)
{
	const char *equals = strchr(item, '=');
	autofree char *file = alloc_copy_bytes(item, (size_t)(equals - item));
	autofree char *field = text_format("linux.resources.unified.%s", file);
	const struct line_kind kind = { .name = file, .field = field, .controller = unified_controller(item), .v2_file = file };
	/* A file that takes several lines takes one per write. */
	autofree char *lines = text_format("%s", equals + 1);
	char *state = NULL;

	for (char *line = strtok_r(lines, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
		if (write_line(group, &kind, line, NULL, e))
			return -1;
	return 0;
}

int lists_write(const struct cgroup *group, const struct limits *limits, struct error *e)
{
	const struct branch *branch = limits->io_count ? limits_branch(group, CONTROLLER_IO) : NULL;

	for (size_t i = 0; i < limits->io_count; i++) {
		autofree char *name = device_name(&limits->io[i]);

		if (!branch) {
			error_set(e, ERROR_UNSUPPORTED, "limit io of %s: the running container is not in a group of that controller", name);
			return in_io(&limits->io[i], i, 0, e);
		}
		if (write_io(group, branch, &limits->io[i], i, e))
			return -1;
	}
	for (size_t i = 0; i < limits->io_weight_count; i++)
		if (write_weight(group, &limits->io_weights[i], e))
			return -1;
	for (size_t i = 0; i < limits->hugepage_count; i++)
		if (write_hugepages(group, &limits->hugepages[i], i, e))
			return -1;
	for (size_t i = 0; i < limits->net_priorities.count; i++)
		if (write_line(group, &priority_lines, limits->net_priorities.items[i], NULL, e))
			return -1;
	for (size_t i = 0; i < limits->rdma.count; i++)
		if (write_line(group, &rdma_lines, limits->rdma.items[i], NULL, e))
			return -1;
	for (size_t i = 0; i < limits->unified.count; i++)
		if (write_unified(group, limits->unified.items[i], e))
			return -1;
	return 0;
}

/* What is said of a controller needs a tree that has it. */
static int check_tree(const struct layout *layout, enum controller controller, bool needs_v2, const char *what, const char *field,
		      unsigned *controllers, struct error *e)
{
	const struct tree *tree = layout_tree(layout, controller);
	autofree char *why = NULL;

	if (tree && (tree->is_v2 || !needs_v2)) {
		*controllers |= CONTROLLER_BIT(controller);
		return 0;
	}
	why = tree ? text_format("the controller \"%s\" is one of cgroup v1 on this host, which has no such file",
				 controller_name(controller, /* is_v2= */ true))
		   : limits_why_missing(layout, controller);
	error_set(e, ERROR_UNSUPPORTED, "limit %s: %s", what, why);
	if (limits_fix_missing(layout))
		(void)error_hint(e, "%s", limits_fix_missing(layout));
	return error_at(e, "%s", field);
}

static int check_unified(const struct limits *limits, const struct layout *layout, unsigned *controllers, struct error *e)
{
	for (size_t i = 0; i < limits->unified.count; i++) {
		const char *item = limits->unified.items[i];
		enum controller controller = unified_controller(item);

		if (controller == CONTROLLER_COUNT) {
			error_set(e, ERROR_SPEC, "write \"%.100s\" to the cgroup: expected the file of a cgroup v2 controller, such as "
				  "\"memory.high\"", item);
			return error_at(e, "linux.resources.unified");
		}
		if (check_tree(layout, controller, /* needs_v2= */ true, item, "linux.resources.unified", controllers, e))
			return -1;
	}
	return 0;
}

static int check_hugepages(const struct limits *limits, const struct layout *layout, unsigned *controllers, struct error *e)
{
	for (size_t i = 0; i < limits->hugepage_count; i++) {
		if (!is_page_size(limits->hugepages[i].page_size)) {
			error_set(e, ERROR_SPEC, "limit huge pages of the size \"%.40s\": expected a size such as \"2MB\"",
				  limits->hugepages[i].page_size);
			return error_at(e, "linux.resources.hugepageLimits[%zu].pageSize", i);
		}
		if (check_tree(layout, CONTROLLER_HUGETLB, /* needs_v2= */ false, "huge pages", "linux.resources.hugepageLimits", controllers, e))
			return -1;
	}
	return 0;
}

int lists_check(const struct limits *limits, const struct layout *layout, bool is_oci, unsigned *controllers, struct error *e)
{
	if (limits->io_count) {
		autofree char *name = device_name(&limits->io[0]);
		autofree char *what = text_format("io of %s", name);
		const char *field = is_oci ? "linux.resources.blockIO" : "resources.limits.io[0]";

		if (check_tree(layout, CONTROLLER_IO, /* needs_v2= */ false, what, field, controllers, e))
			return -1;
	}
	if (limits->io_weight_count &&
	    check_tree(layout, CONTROLLER_IO, /* needs_v2= */ false, weight_lines.name, weight_lines.field, controllers, e))
		return -1;
	if (limits->net_priorities.count &&
	    check_tree(layout, CONTROLLER_NET_PRIO, /* needs_v2= */ false, priority_lines.name, priority_lines.field, controllers, e))
		return -1;
	if (limits->rdma.count && check_tree(layout, CONTROLLER_RDMA, /* needs_v2= */ false, rdma_lines.name, rdma_lines.field, controllers, e))
		return -1;
	return check_hugepages(limits, layout, controllers, e) || check_unified(limits, layout, controllers, e) ? -1 : 0;
}
