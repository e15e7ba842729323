/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_kernel.c - single settings of OCI's linux object: memory policy, personality, clocks, network devices, cache allocation.
 */
#include "specs/oci_kernel.h"

#include <jansson.h>
#include <linux/magic.h>
#include <linux/mempolicy.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/vfs.h>

#include "base/error.h"
#include "specs/oci_document.h"

enum { NANOSECONDS_MOST = 999999999, MEMORY_FLAG_SHIFT = 13 };

/* In the order of the kernel's numbers (linux/mempolicy.h). */
const char *const oci_memory_modes[] = {
	"MPOL_DEFAULT", "MPOL_PREFERRED", "MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_LOCAL", "MPOL_PREFERRED_MANY", "MPOL_WEIGHTED_INTERLEAVE",
	NULL,
};

/* Bits 13, 14 and 15 of the mode. */
const char *const oci_memory_flags[] = { "MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES", NULL };
enum { FLAG_RELATIVE = 1 << 1, FLAG_STATIC = 1 << 2 };

static const char *const domains[] = { "LINUX", "LINUX32", NULL };

const struct field oci_memory_policy_fields[] = {
	{ "mode", FIELD_ENUM, OCI_AT(linux_part.memory_mode), .flags = FIELD_NULLS | FIELD_REQUIRED, .min = 1, .names = oci_memory_modes },
	{ "nodes", FIELD_TEXT, OCI_AT(oci.memory_nodes) },
	{ "flags", FIELD_FLAGS, OCI_AT(linux_part.memory_flags), .names = oci_memory_flags },
	{ 0 },
};

const struct field oci_personality_fields[] = {
	{ "domain", FIELD_ENUM, OCI_AT(linux_part.personality), .flags = FIELD_NULLS | FIELD_REQUIRED, .min = 1, .names = domains },
	{ "flags", FIELD_TEXT_LIST, OCI_AT(linux_part.personality_flags) },
	{ 0 },
};

static const struct field monotonic_fields[] = {
	{ "secs", FIELD_INTEGER, OCI_AT(oci.monotonic_offset_s), .flags = FIELD_NULLS },
	{ "nanosecs", FIELD_INTEGER, OCI_AT(oci.monotonic_offset_ns), .max = NANOSECONDS_MOST },
	{ 0 },
};

static const struct field boottime_fields[] = {
	{ "secs", FIELD_INTEGER, OCI_AT(oci.boottime_offset_s), .flags = FIELD_NULLS },
	{ "nanosecs", FIELD_INTEGER, OCI_AT(oci.boottime_offset_ns), .max = NANOSECONDS_MOST },
	{ 0 },
};

const struct field oci_time_fields[] = {
	{ "monotonic", FIELD_OBJECT, 0, .flags = FIELD_NULLS, .sub = monotonic_fields },
	{ "boottime", FIELD_OBJECT, 0, .sub = boottime_fields },
	{ 0 },
};

/* set_mempolicy(2): which modes take nodes, and which must have them. */
static int check_nodes(const char *nodes, int mode, struct error *e)
{
	bool has_nodes = nodes && *nodes;

	if (has_nodes && strspn(nodes, "0123456789,-") != strlen(nodes)) {
		error_set(e, ERROR_SPEC, "expected a list of nodes such as \"0-1,3\", found \"%.64s\"", nodes);
		return error_at(e, "nodes");
	}
	if (has_nodes && (mode == MPOL_DEFAULT || mode == MPOL_LOCAL))
		return error_set(e, ERROR_SPEC, "%s takes no \"nodes\"", oci_memory_modes[mode]);
	if (!has_nodes && mode != MPOL_DEFAULT && mode != MPOL_LOCAL && mode != MPOL_PREFERRED)
		return error_set(e, ERROR_SPEC, "%s needs \"nodes\"", oci_memory_modes[mode]);
	return 0;
}

static int take_memory_policy(struct oci_document *doc, struct error *e)
{
	uint64_t flags = doc->linux_part.memory_flags;
	int mode = doc->linux_part.memory_mode - 1;

	if (mode < 0)
		return 0;
	if ((flags & FLAG_STATIC) && (flags & FLAG_RELATIVE))
		return error_set(e, ERROR_SPEC, "nodes cannot be static and relative at once");
	doc->oci.memory_policy = mode | (int)(flags << MEMORY_FLAG_SHIFT);
	return check_nodes(doc->oci.memory_nodes, mode, e);
}

static int take_personality(struct oci_document *doc, struct error *e)
{
	if (doc->linux_part.personality)
		doc->oci.personality = doc->linux_part.personality == 1 ? PER_LINUX : PER_LINUX32;
	if (!doc->linux_part.personality_flags.count)
		return 0;
	error_set(e, ERROR_UNSUPPORTED, "the specification has no flags yet, found \"%.64s\"", doc->linux_part.personality_flags.items[0]);
	return error_at(e, "flags");
}

/* dev_valid_name() of the kernel. */
static bool is_device_name(const char *name)
{
	return *name && strlen(name) < IFNAMSIZ && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !strpbrk(name, "/: \t\n\v\f\r");
}

static int take_net_device(struct oci_part *oci, size_t index, struct error *e)
{
	struct net_device *device = &oci->net_devices[index];
	const char *name;

	if (device->renamed && !*device->renamed) {
		free(device->renamed);
		device->renamed = NULL;
	}
	name = device->renamed ? device->renamed : device->name;
	if (!is_device_name(device->name) || !is_device_name(name))
		return error_set(e, ERROR_SPEC, "\"%.64s\" is no name of a network device", is_device_name(name) ? device->name : name);
	/* The kernel finds a number for each. */
	for (size_t i = 0; i < index && !strstr(name, "%d"); i++) {
		const struct net_device *other = &oci->net_devices[i];

		if (strcmp(other->renamed ? other->renamed : other->name, name) == 0)
			return error_set(e, ERROR_SPEC, "two devices are called \"%s\" in the container", name);
	}
	return 0;
}

int oci_kernel_take(struct oci_document *doc, struct error *e)
{
	struct oci_part *oci = &doc->oci;

	oci->has_time_offsets = oci->monotonic_offset_s || oci->monotonic_offset_ns || oci->boottime_offset_s || oci->boottime_offset_ns;
	if (take_memory_policy(doc, e))
		return error_at(e, "memoryPolicy");
	if (take_personality(doc, e))
		return error_at(e, "personality");
	for (size_t i = 0; i < oci->net_device_count; i++) {
		if (take_net_device(oci, i, e)) {
			error_at(e, "%s", oci->net_devices[i].name);
			return error_at(e, "netDevices");
		}
	}
	return 0;
}

int oci_intel_rdt_check(const json_t *linux_part, struct error *e)
{
	const json_t *rdt = json_object_get(linux_part, "intelRdt");
	struct statfs fs;

	if (!rdt || json_is_null(rdt))
		return 0;
	if (statfs("/sys/fs/resctrl", &fs) == 0 && fs.f_type == RDTGROUP_SUPER_MAGIC)
		error_set(e, ERROR_UNSUPPORTED, "box does not support cache and memory bandwidth allocation yet");
	else
		error_set(e, ERROR_UNSUPPORTED, "this host cannot allocate caches and memory bandwidth: no resctrl file system is mounted on "
						"/sys/fs/resctrl");
	return error_at(e, "intelRdt");
}
