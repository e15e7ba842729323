/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_block.c - the "oci" block of app.json over the container that app.json describes.
 *
 * The rows are those of config.json wherever one is allowed at all, so that both mean the same; the checks of single values and between
 * parts are those of config.json too (oci_*_take, oci_check), against the namespaces that the app really has.
 */
#include "specs/oci_block.h"

#include <jansson.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "specs/field_json.h"
#include "specs/oci_document.h"
#include "specs/oci_kernel.h"
#include "specs/oci_scheduling.h"

#define SAID_BY(key, words) { key, FIELD_UNSUPPORTED, .help = "app.json says this itself: write " words }
#define DECIDED(key, why) { key, FIELD_UNSUPPORTED, .help = why }

static const struct field process_fields[] = {
	{ "rlimits", FIELD_OBJECT_LIST, OCI_AT(process.rlimits), .flags = FIELD_NULLS, .sub = oci_rlimit_fields,
	  .size = sizeof(struct oci_rlimit), .count_offset = offsetof(struct oci_document, process.rlimit_count) },
	{ "oomScoreAdj", FIELD_INTEGER, OCI_AT(oci.oom_score_adj), .flags = FIELD_UNSET, .min = -1000, .max = 1000 },
	{ "scheduler", FIELD_OBJECT, 0, .sub = oci_scheduler_fields },
	{ "ioPriority", FIELD_OBJECT, 0, .sub = oci_io_priority_fields },
	SAID_BY("args", "\"entrypoint\" and \"command\""),
	SAID_BY("env", "\"environment\""),
	SAID_BY("cwd", "\"working_dir\""),
	SAID_BY("user", "\"user\" and \"group_add\""),
	SAID_BY("capabilities", "\"cap_add\" and \"cap_drop\""),
	SAID_BY("noNewPrivileges", "\"security\": {\"no_new_privileges\": …}"),
	DECIDED("terminal", "whether an app has a terminal is said where it is started: box run -t"),
	DECIDED("consoleSize", "an app's terminal has the size of the caller's"),
	DECIDED("execCPUAffinity", "box exec starts a process wherever the app's may run"),
	DECIDED("apparmorProfile", "security labels of an app are not supported yet"),
	DECIDED("selinuxLabel", "security labels of an app are not supported yet"),
	{ 0 },
};

static const struct field linux_fields[] = {
	{ "sysctl", FIELD_MAP, OCI_AT(linux_part.sysctls), .flags = FIELD_NULLS },
	{ "resources", FIELD_OBJECT, OCI_AT(resources), .sub = oci_resource_fields },
	{ "maskedPaths", FIELD_TEXT_LIST, OCI_AT(box.masked_paths) },
	{ "readonlyPaths", FIELD_TEXT_LIST, OCI_AT(box.read_only_paths) },
	{ "memoryPolicy", FIELD_OBJECT, 0, .sub = oci_memory_policy_fields },
	{ "personality", FIELD_OBJECT, 0, .sub = oci_personality_fields },
	{ "timeOffsets", FIELD_OBJECT, 0, .sub = oci_time_fields },
	SAID_BY("namespaces", "\"security\": {\"userns\": …} and \"network_mode\""),
	SAID_BY("devices", "\"devices\""),
	SAID_BY("seccomp", "\"security\": {\"seccomp\": \"./profile.json\"}"),
	DECIDED("uidMappings", "box leases the ids of an app itself"),
	DECIDED("gidMappings", "box leases the ids of an app itself"),
	DECIDED("netDevices", "network devices of an app are not supported yet"),
	DECIDED("cgroupsPath", "an app's group is called after the app"),
	DECIDED("rootfsPropagation", "the mounts of an app are private"),
	DECIDED("mountLabel", "security labels of an app are not supported yet"),
	DECIDED("intelRdt", "box does not support cache and memory bandwidth allocation yet"),
	{ 0 },
};

const struct field oci_block_fields[] = {
	{ "domainname", FIELD_TEXT, OCI_AT(oci.domainname), .flags = FIELD_NULLS },
	{ "process", FIELD_OBJECT, 0, .sub = process_fields },
	{ "linux", FIELD_OBJECT, 0, .sub = linux_fields },
	SAID_BY("root", "\"image\" or \"rootfs\", and \"read_only\""),
	SAID_BY("hostname", "\"hostname\""),
	SAID_BY("mounts", "\"volumes\" and \"tmpfs\""),
	SAID_BY("annotations", "\"annotations\""),
	DECIDED("ociVersion", "a fragment has no version of its own: box reads it as 1.3"),
	DECIDED("hooks", "box runs no hooks for an app"),
	{ 0 },
};

static bool says(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return value && !json_is_null(value);
}

static int take_linux(struct oci_document *doc, struct error *e)
{
	if (doc->resources.rule_count) {
		error_set(e, ERROR_UNSUPPORTED, "app.json says this itself: write \"devices\"");
		return error_at(e, "resources.devices");
	}
	return oci_linux_take(doc, e);
}

/* box: whose namespaces the rules are about. */
static int take_parts(struct oci_document *doc, const struct container *box, struct error *e)
{
	if (oci_rlimits_take(doc, e) || oci_scheduling_take(doc, e))
		return error_at(e, "process");
	if (take_linux(doc, e))
		return error_at(e, "linux");
	for (int i = 0; i < NAMESPACE_COUNT; i++)
		doc->box.namespaces[i].choice = box->namespaces[i].choice;
	return oci_check(doc, e);
}

static void merge_rlimits(struct container *to, const struct container *from)
{
	for (size_t i = 0; i < from->rlimit_count; i++) {
		struct rlimit_entry *place = NULL;

		for (size_t k = 0; k < to->rlimit_count; k++)
			if (to->rlimits[k].resource == from->rlimits[i].resource)
				place = &to->rlimits[k];
		if (!place)
			place = alloc_append(&to->rlimits, &to->rlimit_count, sizeof *place);
		*place = from->rlimits[i];
	}
}

/* The later of two that are the same is written later, and counts. */
static void merge_sysctls(struct container *to, const struct container *from)
{
	for (size_t i = 0; i < from->sysctl_count; i++) {
		struct sysctl_entry *entry = alloc_append(&to->sysctls, &to->sysctl_count, sizeof *entry);

		*entry = (struct sysctl_entry){ .key = alloc_copy(from->sysctls[i].key), .value = alloc_copy(from->sysctls[i].value) };
	}
}

static void merge_numbers(struct limits *to, const struct limits *from)
{
#define NUMBER(member) offsetof(struct limits, member)
	static const size_t numbers[] = {
		NUMBER(memory), NUMBER(memory_reservation), NUMBER(memory_and_swap), NUMBER(swappiness), NUMBER(oom_kill_disabled),
		NUMBER(cpu_quota_us), NUMBER(cpu_period_us), NUMBER(cpu_shares), NUMBER(cpu_burst_us), NUMBER(cpu_idle),
		NUMBER(cpu_rt_runtime_us), NUMBER(cpu_rt_period_us), NUMBER(pids), NUMBER(blkio_weight), NUMBER(blkio_leaf_weight),
		NUMBER(net_class),
	};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		int64_t said;

		memcpy(&said, (const char *)from + numbers[i], sizeof said);
		if (said != LIMIT_UNSET)
			memcpy((char *)to + numbers[i], &said, sizeof said);
	}
}

/* One thing that both files have a word for, in different units: the one that was said last counts. */
static void forget_twins(struct limits *to, const struct limits *from)
{
	if (from->memory_and_swap != LIMIT_UNSET) {
		to->swap = LIMIT_UNSET;
		to->swap_is_default = false;
	} else if (from->memory > 0 && to->swap == LIMIT_UNSET) {
		to->swap = 0; /* as where app.json limits memory */
		to->swap_is_default = true;
	}
	if (from->cpu_shares != LIMIT_UNSET)
		to->cpu_weight = LIMIT_UNSET;
	if (from->blkio_weight != LIMIT_UNSET)
		to->io_weight = LIMIT_UNSET;
	if (from->pids != LIMIT_UNSET)
		to->pids_is_default = false;
}

#define EXCHANGE(a, b)                    \
	do {                              \
		__auto_type kept_ = *(a); \
		*(a) = *(b);              \
		*(b) = kept_;             \
	} while (0)

/* Each list that was said takes the place of the other, which is released with from. */
static void merge_lists(struct limits *to, struct limits *from)
{
	if (from->cpuset)
		EXCHANGE(&to->cpuset, &from->cpuset);
	if (from->cpuset_mems)
		EXCHANGE(&to->cpuset_mems, &from->cpuset_mems);
	if (from->io_count) {
		EXCHANGE(&to->io, &from->io);
		EXCHANGE(&to->io_count, &from->io_count);
	}
	EXCHANGE(&to->io_weights, &from->io_weights); /* app.json has no words for these */
	EXCHANGE(&to->io_weight_count, &from->io_weight_count);
	EXCHANGE(&to->hugepages, &from->hugepages);
	EXCHANGE(&to->hugepage_count, &from->hugepage_count);
	EXCHANGE(&to->net_priorities, &from->net_priorities);
	EXCHANGE(&to->rdma, &from->rdma);
	EXCHANGE(&to->unified, &from->unified);
}

static void merge(const json_t *block, struct container *to, struct container *from)
{
	const json_t *kernel = json_object_get(block, "linux");

	merge_rlimits(to, from);
	merge_sysctls(to, from);
	forget_twins(&to->limits, &from->limits);
	merge_numbers(&to->limits, &from->limits);
	merge_lists(&to->limits, &from->limits);
	if (says(kernel, "maskedPaths"))
		EXCHANGE(&to->masked_paths, &from->masked_paths);
	if (says(kernel, "readonlyPaths"))
		EXCHANGE(&to->read_only_paths, &from->read_only_paths);
	EXCHANGE(&to->block, &from->oci);
}

int oci_block_merge(json_t *block, struct container *box, struct error *e)
{
	struct container from = { 0 };
	struct oci_document *doc;
	int result;

	if (!json_object_size(block))
		return 0;
	doc = oci_document_new(oci_block_fields);
	result = field_decode(oci_block_fields, block, doc, e) || take_parts(doc, box, e) ? error_at(e, "oci") : 0;
	if (result == 0) {
		oci_document_take(doc, &from);
		merge(block, box, &from);
		container_release(&from);
	}
	oci_document_free(doc, oci_block_fields);
	return result;
}
