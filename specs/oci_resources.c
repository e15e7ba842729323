/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_resources.c - OCI's linux.resources, also as update --resources reads them.
 *
 * Engines fill in every number that they have a variable for, and a Go program's number that nobody set is 0: in memory, cpu, pids and
 * blockIO 0 means that nothing was said. cpu.burst and cpu.idle alone can really be 0.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "specs/oci_document.h"

enum { SHARES_LEAST = 2, SHARES_MOST = 262144, WEIGHT_LEAST = 10, WEIGHT_MOST = 1000, SWAPPINESS_MOST = 100 };

#define AT(member) OCI_PLACE(oci_resources, member)
#define COUNT(member) offsetof(struct oci_resources, member)

static const struct field rule_fields[] = {
	{ "allow", FIELD_BOOL, OCI_PLACE(oci_device_rule, allow), .flags = FIELD_NULLS | FIELD_REQUIRED },
	{ "type", FIELD_TEXT, OCI_PLACE(oci_device_rule, type) },
	{ "major", FIELD_INTEGER, OCI_PLACE(oci_device_rule, major), .flags = FIELD_UNSET, .min = -1, .max = INT32_MAX },
	{ "minor", FIELD_INTEGER, OCI_PLACE(oci_device_rule, minor), .flags = FIELD_UNSET, .min = -1, .max = INT32_MAX },
	{ "access", FIELD_TEXT, OCI_PLACE(oci_device_rule, access) },
	{ 0 },
};

static const struct field memory_fields[] = {
	{ "limit", FIELD_INTEGER, AT(limits.memory), .flags = FIELD_NULLS | FIELD_UNSET, .min = -1, .max = INT64_MAX },
	{ "reservation", FIELD_INTEGER, AT(limits.memory_reservation), .flags = FIELD_UNSET, .min = -1, .max = INT64_MAX },
	{ "swap", FIELD_INTEGER, AT(limits.memory_and_swap), .flags = FIELD_UNSET, .min = -1, .max = INT64_MAX },
	{ "kernel", FIELD_OPAQUE, .flags = 0 }, /* gone since Linux 5.4 and 6.1 */
	{ "kernelTCP", FIELD_OPAQUE, .flags = 0 }, /* likewise */
	{ "swappiness", FIELD_INTEGER, AT(limits.swappiness), .flags = FIELD_UNSET, .max = SWAPPINESS_MOST },
	{ "disableOOMKiller", FIELD_BOOL, AT(oom_kill_disabled) },
	{ "useHierarchy", FIELD_OPAQUE, .flags = 0 }, /* always so since Linux 5.11 */
	{ "checkBeforeUpdate", FIELD_BOOL, AT(limits.memory_checked_first) },
	{ 0 },
};

static const struct field cpu_fields[] = {
	{ "shares", FIELD_INTEGER, AT(limits.cpu_shares), .flags = FIELD_NULLS | FIELD_UNSET, .max = INT64_MAX },
	{ "quota", FIELD_INTEGER, AT(limits.cpu_quota_us), .flags = FIELD_UNSET, .min = -1, .max = INT64_MAX },
	{ "burst", FIELD_INTEGER, AT(limits.cpu_burst_us), .flags = FIELD_UNSET, .max = INT64_MAX },
	{ "period", FIELD_INTEGER, AT(limits.cpu_period_us), .flags = FIELD_UNSET, .max = INT64_MAX },
	{ "realtimeRuntime", FIELD_INTEGER, AT(limits.cpu_rt_runtime_us), .flags = FIELD_UNSET, .min = -1, .max = INT64_MAX },
	{ "realtimePeriod", FIELD_INTEGER, AT(limits.cpu_rt_period_us), .flags = FIELD_UNSET, .max = INT64_MAX },
	{ "cpus", FIELD_TEXT, AT(limits.cpuset) },
	{ "mems", FIELD_TEXT, AT(limits.cpuset_mems) },
	{ "idle", FIELD_INTEGER, AT(limits.cpu_idle), .flags = FIELD_UNSET, .max = 1 },
	{ 0 },
};

static const struct field pids_fields[] = {
	{ "limit", FIELD_INTEGER, AT(limits.pids), .flags = FIELD_NULLS | FIELD_UNSET, .min = -1, .max = INT64_MAX },
	{ 0 },
};

static const struct field throttle_fields[] = {
	{ "major", FIELD_INTEGER, OCI_PLACE(oci_throttle, major), .flags = FIELD_NULLS | FIELD_REQUIRED, .max = INT32_MAX },
	{ "minor", FIELD_INTEGER, OCI_PLACE(oci_throttle, minor), .flags = FIELD_REQUIRED, .max = INT32_MAX },
	{ "rate", FIELD_INTEGER, OCI_PLACE(oci_throttle, rate), .flags = FIELD_UNSET, .max = INT64_MAX },
	{ 0 },
};

static const struct field weight_fields[] = {
	{ "major", FIELD_INTEGER, OCI_PLACE(oci_weight, major), .flags = FIELD_NULLS | FIELD_REQUIRED, .max = INT32_MAX },
	{ "minor", FIELD_INTEGER, OCI_PLACE(oci_weight, minor), .flags = FIELD_REQUIRED, .max = INT32_MAX },
	{ "weight", FIELD_INTEGER, OCI_PLACE(oci_weight, weight), .flags = FIELD_UNSET, .max = WEIGHT_MOST },
	{ "leafWeight", FIELD_INTEGER, OCI_PLACE(oci_weight, leaf_weight), .flags = FIELD_UNSET, .max = WEIGHT_MOST },
	{ 0 },
};

#define THROTTLE(kind)                                                                                     \
	FIELD_OBJECT_LIST, AT(throttles[kind].items), .sub = throttle_fields, .size = sizeof(struct oci_throttle), \
		.count_offset = COUNT(throttles[kind].count)

static const struct field block_fields[] = {
	{ "weight", FIELD_INTEGER, AT(limits.blkio_weight), .flags = FIELD_NULLS | FIELD_UNSET, .max = WEIGHT_MOST },
	{ "leafWeight", FIELD_INTEGER, AT(limits.blkio_leaf_weight), .flags = FIELD_UNSET, .max = WEIGHT_MOST },
	{ "weightDevice", FIELD_OBJECT_LIST, AT(weights), .sub = weight_fields, .size = sizeof(struct oci_weight),
	  .count_offset = COUNT(weight_count) },
	{ "throttleReadBpsDevice", THROTTLE(THROTTLE_READ_BPS) },
	{ "throttleWriteBpsDevice", THROTTLE(THROTTLE_WRITE_BPS) },
	{ "throttleReadIOPSDevice", THROTTLE(THROTTLE_READ_IOPS) },
	{ "throttleWriteIOPSDevice", THROTTLE(THROTTLE_WRITE_IOPS) },
	{ 0 },
};

static const struct field hugepage_fields[] = {
	{ "pageSize", FIELD_TEXT, OCI_PLACE(hugepage_limit, page_size), .flags = FIELD_NULLS | FIELD_REQUIRED },
	{ "limit", FIELD_UNSIGNED, OCI_PLACE(hugepage_limit, bytes), .flags = FIELD_REQUIRED },
	{ 0 },
};

static const struct field priority_fields[] = {
	{ "name", FIELD_TEXT, OCI_PLACE(oci_net_priority, name), .flags = FIELD_NULLS | FIELD_REQUIRED },
	{ "priority", FIELD_INTEGER, OCI_PLACE(oci_net_priority, priority), .flags = FIELD_REQUIRED, .max = UINT32_MAX },
	{ 0 },
};

static const struct field network_fields[] = {
	{ "classID", FIELD_INTEGER, AT(limits.net_class), .flags = FIELD_NULLS | FIELD_UNSET, .max = UINT32_MAX },
	{ "priorities", FIELD_OBJECT_LIST, AT(priorities), .sub = priority_fields, .size = sizeof(struct oci_net_priority),
	  .count_offset = COUNT(priority_count) },
	{ 0 },
};

static const struct field rdma_fields[] = {
	{ "hcaHandles", FIELD_INTEGER, OCI_PLACE(oci_rdma, handles), .flags = FIELD_NULLS | FIELD_UNSET, .max = UINT32_MAX },
	{ "hcaObjects", FIELD_INTEGER, OCI_PLACE(oci_rdma, objects), .flags = FIELD_UNSET, .max = UINT32_MAX },
	{ 0 },
};

const struct field oci_resource_fields[] = {
	{ "devices", FIELD_OBJECT_LIST, AT(rules), .flags = FIELD_NULLS, .sub = rule_fields, .size = sizeof(struct oci_device_rule),
	  .count_offset = COUNT(rule_count) },
	{ "memory", FIELD_OBJECT, 0, .sub = memory_fields },
	{ "cpu", FIELD_OBJECT, 0, .sub = cpu_fields },
	{ "pids", FIELD_OBJECT, 0, .sub = pids_fields },
	{ "blockIO", FIELD_OBJECT, 0, .sub = block_fields },
	{ "hugepageLimits", FIELD_OBJECT_LIST, AT(limits.hugepages), .sub = hugepage_fields, .size = sizeof(struct hugepage_limit),
	  .count_offset = COUNT(limits.hugepage_count) },
	{ "network", FIELD_OBJECT, 0, .sub = network_fields },
	{ "rdma", FIELD_OBJECT_MAP, AT(rdma), .sub = rdma_fields, .size = sizeof(struct oci_rdma), .count_offset = COUNT(rdma_count) },
	{ "unified", FIELD_MAP, AT(limits.unified) },
	{ 0 },
};

static int check_range(const char *key, int64_t value, int64_t least, int64_t most, struct error *e)
{
	if (value == LIMIT_UNSET || (value >= least && value <= most))
		return 0;
	error_set(e, ERROR_SPEC, "expected 0 or a whole number from %jd to %jd, found %jd", (intmax_t)least, (intmax_t)most, (intmax_t)value);
	return error_at(e, "%s", key);
}

static void forget_zero(int64_t *value)
{
	if (!*value)
		*value = LIMIT_UNSET;
}

static void forget_empty(char **text)
{
	if (*text && !**text) {
		free(*text);
		*text = NULL;
	}
}

static void forget_zeros(struct limits *l)
{
	int64_t *numbers[] = { &l->memory, &l->memory_reservation, &l->memory_and_swap, &l->cpu_shares, &l->cpu_quota_us, &l->cpu_period_us,
			       &l->cpu_rt_runtime_us, &l->cpu_rt_period_us, &l->pids, &l->blkio_weight, &l->blkio_leaf_weight,
			       &l->net_class };

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		forget_zero(numbers[i]);
	forget_empty(&l->cpuset);
	forget_empty(&l->cpuset_mems);
}

/* Without access nothing would be granted, and everything forbidden: as written, where that is safe. */
static int take_rule(struct oci_resources *r, const struct oci_device_rule *from, struct error *e)
{
	bool has_access = from->access && *from->access, has_type = from->type && *from->type;
	struct device_rule *to;

	if (has_type && (strlen(from->type) != 1 || !strchr("abcu", from->type[0]))) {
		error_set(e, ERROR_SPEC, "expected \"a\", \"b\" or \"c\", found \"%.64s\"", from->type);
		return error_at(e, "type");
	}
	if (has_access ? strspn(from->access, "rwm") != strlen(from->access) || strlen(from->access) > 3 : from->allow) {
		error_set(e, ERROR_SPEC, "expected letters of \"rwm\", found \"%.64s\"", has_access ? from->access : "");
		return error_at(e, "access");
	}
	to = alloc_append(&r->limits.device_rules, &r->limits.device_rule_count, sizeof *to);
	*to = (struct device_rule){ .is_allowed = from->allow, .type = has_type ? from->type[0] : 'a',
				    .major = from->major == LIMIT_UNSET ? -1 : (int)from->major,
				    .minor = from->minor == LIMIT_UNSET ? -1 : (int)from->minor };
	to->type = to->type == 'u' ? 'c' : to->type; /* mknod(1): an unbuffered character device */
	for (const char *c = "rwm"; *c; c++)
		if (!has_access || strchr(from->access, *c))
			to->access[strlen(to->access)] = *c;
	return 0;
}

static int take_rules(struct oci_resources *r, struct error *e)
{
	for (size_t i = 0; i < r->rule_count; i++) {
		if (take_rule(r, &r->rules[i], e)) {
			error_at(e, "[%zu]", i);
			return error_at(e, "devices");
		}
	}
	return 0;
}

static struct io_limit *io_of_device(struct limits *l, const struct oci_throttle *device)
{
	struct io_limit *io;

	for (size_t i = 0; i < l->io_count; i++)
		if (l->io[i].major == (unsigned)device->major && l->io[i].minor == (unsigned)device->minor)
			return &l->io[i];
	io = alloc_append(&l->io, &l->io_count, sizeof *io);
	*io = (struct io_limit){ .major = (unsigned)device->major, .minor = (unsigned)device->minor, .read_bps = LIMIT_UNSET,
				 .write_bps = LIMIT_UNSET, .read_iops = LIMIT_UNSET, .write_iops = LIMIT_UNSET };
	return io;
}

/* Four lists in the file are one per device here. A rate of 0 takes a limit away (v1: the kernel's own form for it). */
static int take_throttles(struct oci_resources *r, struct error *e)
{
	enum { DEVICES_MOST = 256 };
	static const size_t places[THROTTLE_COUNT] = {
		[THROTTLE_READ_BPS] = offsetof(struct io_limit, read_bps), [THROTTLE_WRITE_BPS] = offsetof(struct io_limit, write_bps),
		[THROTTLE_READ_IOPS] = offsetof(struct io_limit, read_iops), [THROTTLE_WRITE_IOPS] = offsetof(struct io_limit, write_iops),
	};

	for (int kind = 0; kind < THROTTLE_COUNT; kind++) {
		if (r->throttles[kind].count > DEVICES_MOST) { /* each is searched for */
			error_set(e, ERROR_SPEC, "limits for more than %d devices", DEVICES_MOST);
			return error_at(e, "blockIO");
		}
		for (size_t i = 0; i < r->throttles[kind].count; i++) {
			const struct oci_throttle *from = &r->throttles[kind].items[i];
			char *io = (char *)io_of_device(&r->limits, from);

			if (from->rate != LIMIT_UNSET)
				*(int64_t *)(void *)(io + places[kind]) = from->rate ? from->rate : LIMIT_NONE;
		}
	}
	return 0;
}

static int take_weights(struct oci_resources *r, struct error *e)
{
	struct limits *l = &r->limits;

	for (size_t i = 0; i < r->weight_count; i++) {
		struct oci_weight *from = &r->weights[i];
		struct io_weight *to = alloc_append(&l->io_weights, &l->io_weight_count, sizeof *to);

		forget_zero(&from->weight);
		forget_zero(&from->leaf_weight);
		*to = (struct io_weight){ .major = (unsigned)from->major, .minor = (unsigned)from->minor, .weight = from->weight,
					  .leaf_weight = from->leaf_weight };
		if (check_range("weight", to->weight, WEIGHT_LEAST, WEIGHT_MOST, e) ||
		    check_range("leafWeight", to->leaf_weight, WEIGHT_LEAST, WEIGHT_MOST, e)) {
			error_at(e, "[%zu]", i);
			return error_at(e, "weightDevice");
		}
	}
	if (check_range("weight", l->blkio_weight, WEIGHT_LEAST, WEIGHT_MOST, e) ||
	    check_range("leafWeight", l->blkio_leaf_weight, WEIGHT_LEAST, WEIGHT_MOST, e))
		return -1;
	return 0;
}

/* "2MB", which becomes part of a file's name. */
static bool is_page_size(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && digits < 8 && text[0] != '0' && strlen(text) == digits + 2 && strchr("KMG", text[digits]) && text[digits + 1] == 'B';
}

static int take_hugepages(struct limits *l, struct error *e)
{
	for (size_t i = 0; i < l->hugepage_count; i++) {
		struct hugepage_limit *limit = &l->hugepages[i];

		if (!is_page_size(limit->page_size)) {
			error_set(e, ERROR_SPEC, "expected a page size such as \"2MB\", found \"%.64s\"", limit->page_size);
			error_at(e, "hugepageLimits[%zu].pageSize", i);
			return -1;
		}
		/* It was read as an unsigned number: what has the highest bit is more than any machine has. */
		if (limit->bytes < 0)
			limit->bytes = LIMIT_NONE;
	}
	return 0;
}

/* Words that become part of a line for the kernel. */
static bool is_word(const char *name)
{
	return *name && !strpbrk(name, " \t\n");
}

static int take_network_and_rdma(struct oci_resources *r, struct error *e)
{
	for (size_t i = 0; i < r->priority_count; i++) {
		if (!is_word(r->priorities[i].name)) {
			error_set(e, ERROR_SPEC, "\"%.64s\" is no name of a network device", r->priorities[i].name);
			return error_at(e, "network.priorities[%zu].name", i);
		}
		list_addf(&r->limits.net_priorities, "%s %jd", r->priorities[i].name, (intmax_t)r->priorities[i].priority);
	}
	for (size_t i = 0; i < r->rdma_count; i++) {
		const struct oci_rdma *from = &r->rdma[i];
		struct text line = { 0 };

		if (!is_word(from->name)) {
			error_set(e, ERROR_SPEC, "\"%.64s\" is no name of a device", from->name);
			return error_at(e, "rdma");
		}
		text_add(&line, from->name);
		if (from->handles != LIMIT_UNSET)
			text_addf(&line, " hca_handle=%jd", (intmax_t)from->handles);
		if (from->objects != LIMIT_UNSET)
			text_addf(&line, " hca_object=%jd", (intmax_t)from->objects);
		list_take(&r->limits.rdma, text_take(&line));
	}
	return 0;
}

/* Names of files in the cgroup's own folder, not of others. */
static int check_unified(const struct list *unified, struct error *e)
{
	for (size_t i = 0; i < unified->count; i++) {
		size_t length = strcspn(unified->items[i], "=");

		if (memchr(unified->items[i], '/', length) || !memchr(unified->items[i], '.', length)) {
			error_set(e, ERROR_SPEC, "expected a file of a cgroup such as \"memory.high\", found \"%.*s\"",
				  (int)(length > 64 ? 64 : length), unified->items[i]);
			return error_at(e, "unified");
		}
	}
	return 0;
}

int oci_resources_take(struct oci_resources *r, struct error *e)
{
	struct limits *l = &r->limits;

	forget_zeros(l);
	l->oom_kill_disabled = r->oom_kill_disabled ? 1 : LIMIT_UNSET;
	/* The kernel takes any number of shares and moves it into its range. */
	if (l->cpu_shares != LIMIT_UNSET)
		l->cpu_shares = l->cpu_shares < SHARES_LEAST ? SHARES_LEAST : l->cpu_shares > SHARES_MOST ? SHARES_MOST : l->cpu_shares;
	if (l->memory > 0 && l->memory_and_swap > 0 && l->memory_and_swap < l->memory) {
		error_set(e, ERROR_SPEC, "memory and swap together (%jd) are less than the memory (%jd)", (intmax_t)l->memory_and_swap,
			  (intmax_t)l->memory);
		return error_at(e, "memory.swap");
	}
	if (take_weights(r, e))
		return error_at(e, "blockIO");
	if (take_rules(r, e) || take_throttles(r, e) || take_hugepages(l, e) || take_network_and_rdma(r, e) || check_unified(&l->unified, e))
		return -1;
	return 0;
}
