/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_process.c - OCI's process object: the program, who it is, and what it may do. How it is scheduled: oci_scheduling.c.
 */
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "base/names.h"
#include "specs/field_json.h"
#include "specs/oci_config.h"
#include "specs/oci_document.h"
#include "specs/oci_scheduling.h"

static const struct field user_fields[] = {
	{ "uid", FIELD_INTEGER, OCI_AT(process.uid), .flags = FIELD_NULLS, .max = UINT32_MAX - 1 },
	{ "gid", FIELD_INTEGER, OCI_AT(process.gid), .max = UINT32_MAX - 1 },
	{ "umask", FIELD_INTEGER, OCI_AT(process.umask), .flags = FIELD_UNSET, .max = 0777 },
	{ "additionalGids", FIELD_NUMBER_LIST, OCI_AT(box.group_add), .max = UINT32_MAX - 1 },
	{ "username", FIELD_OPAQUE, .flags = 0 }, /* Windows */
	{ 0 },
};

static const struct field console_fields[] = {
	{ "height", FIELD_INTEGER, OCI_AT(process.rows), .flags = FIELD_NULLS | FIELD_REQUIRED, .max = USHRT_MAX },
	{ "width", FIELD_INTEGER, OCI_AT(process.columns), .flags = FIELD_REQUIRED, .max = USHRT_MAX },
	{ 0 },
};

static const struct field capability_fields[] = {
	{ "bounding", FIELD_TEXT_LIST, OCI_AT(process.capabilities.bounding), .flags = FIELD_NULLS },
	{ "effective", FIELD_TEXT_LIST, OCI_AT(process.capabilities.effective) },
	{ "inheritable", FIELD_TEXT_LIST, OCI_AT(process.capabilities.inheritable) },
	{ "permitted", FIELD_TEXT_LIST, OCI_AT(process.capabilities.permitted) },
	{ "ambient", FIELD_TEXT_LIST, OCI_AT(process.capabilities.ambient) },
	{ 0 },
};

const struct field oci_rlimit_fields[] = {
	{ "type", FIELD_TEXT, OCI_PLACE(oci_rlimit, type), .flags = FIELD_NULLS | FIELD_REQUIRED },
	{ "soft", FIELD_UNSIGNED, OCI_PLACE(oci_rlimit, soft), .flags = FIELD_REQUIRED },
	{ "hard", FIELD_UNSIGNED, OCI_PLACE(oci_rlimit, hard), .flags = FIELD_REQUIRED },
	{ 0 },
};

static const struct field affinity_fields[] = {
	{ "initial", FIELD_TEXT, OCI_AT(oci.affinity_initial), .flags = FIELD_NULLS },
	{ "final", FIELD_TEXT, OCI_AT(oci.affinity_final) },
	{ 0 },
};

const struct field oci_process_fields[] = {
	{ "terminal", FIELD_BOOL, OCI_AT(box.terminal), .flags = FIELD_NULLS },
	{ "consoleSize", FIELD_OBJECT, 0, .sub = console_fields },
	{ "user", FIELD_OBJECT, 0, .sub = user_fields },
	{ "args", FIELD_TEXT_LIST, OCI_AT(box.args) },
	{ "commandLine", FIELD_OPAQUE, .flags = 0 }, /* Windows */
	{ "env", FIELD_TEXT_LIST, OCI_AT(box.env) },
	{ "cwd", FIELD_PATH, OCI_AT(box.working_dir), .flags = FIELD_REQUIRED },
	{ "capabilities", FIELD_OBJECT, 0, .sub = capability_fields },
	{ "rlimits", FIELD_OBJECT_LIST, OCI_AT(process.rlimits), .sub = oci_rlimit_fields, .size = sizeof(struct oci_rlimit),
	  .count_offset = offsetof(struct oci_document, process.rlimit_count) },
	{ "noNewPrivileges", FIELD_BOOL, OCI_AT(box.no_new_privileges) },
	{ "apparmorProfile", FIELD_TEXT, OCI_AT(oci.apparmor_profile) },
	{ "selinuxLabel", FIELD_TEXT, OCI_AT(oci.selinux_label) },
	{ "oomScoreAdj", FIELD_INTEGER, OCI_AT(oci.oom_score_adj), .flags = FIELD_UNSET, .min = -1000, .max = 1000 },
	{ "scheduler", FIELD_OBJECT, 0, .sub = oci_scheduler_fields },
	{ "ioPriority", FIELD_OBJECT, 0, .sub = oci_io_priority_fields },
	{ "execCPUAffinity", FIELD_OBJECT, 0, .sub = affinity_fields },
	{ 0 },
};

/* What the kernel does not know cannot be granted, and cannot be missed: an engine is newer than box. */
static uint64_t capability_bits(const struct list *names, const char *set)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < names->count; i++) {
		int number = capability_number(names->items[i]);

		if (number >= 0)
			bits |= UINT64_C(1) << number;
		else
			log_warning("process.capabilities.%s: unknown capability \"%.64s\", ignoring", set, names->items[i]);
	}
	return bits;
}

static void take_capabilities(struct oci_document *doc)
{
	const struct oci_capabilities *from = &doc->process.capabilities;

	doc->box.capabilities = (struct capability_sets){
		.bounding = capability_bits(&from->bounding, "bounding"),
		.effective = capability_bits(&from->effective, "effective"),
		.inheritable = capability_bits(&from->inheritable, "inheritable"),
		.permitted = capability_bits(&from->permitted, "permitted"),
		.ambient = capability_bits(&from->ambient, "ambient"),
	};
}

static int take_rlimit(struct container *box, const struct oci_rlimit *from, struct error *e)
{
	int resource = text_starts(from->type, "RLIMIT_") ? rlimit_number(from->type) : -1;
	struct rlimit_entry *entry;

	if (resource < 0) {
		error_set(e, ERROR_SPEC, "expected a limit such as \"RLIMIT_NOFILE\", found \"%.64s\"", from->type);
		return error_at(e, "type");
	}
	for (size_t i = 0; i < box->rlimit_count; i++)
		if (box->rlimits[i].resource == resource)
			return error_set(e, ERROR_SPEC, "%s is limited twice", from->type);
	if (from->soft > from->hard)
		return error_set(e, ERROR_SPEC, "the soft limit %ju is above the hard limit %ju", (uintmax_t)from->soft,
				 (uintmax_t)from->hard);
	entry = alloc_append(&box->rlimits, &box->rlimit_count, sizeof *entry);
	*entry = (struct rlimit_entry){ .resource = resource, .soft = from->soft, .hard = from->hard };
	return 0;
}

int oci_rlimits_take(struct oci_document *doc, struct error *e)
{
	for (size_t i = 0; i < doc->process.rlimit_count; i++) {
		if (take_rlimit(&doc->box, &doc->process.rlimits[i], e)) {
			error_at(e, "[%zu]", i);
			return error_at(e, "rlimits");
		}
	}
	return 0;
}

/* "0-3, 5", as taskset takes it; "" says nothing. */
static int check_affinity(char **cpus, const char *key, struct error *e)
{
	if (*cpus && strspn(*cpus, "0123456789, -") != strlen(*cpus)) {
		error_set(e, ERROR_SPEC, "expected a list of cpus such as \"0-3,5\", found \"%.64s\"", *cpus);
		error_at(e, "%s", key);
		return error_at(e, "execCPUAffinity");
	}
	if (*cpus && !**cpus) {
		free(*cpus);
		*cpus = NULL;
	}
	return 0;
}

static int check_args(const struct list *args, struct error *e)
{
	if (args->count && *args->items[0])
		return 0;
	error_set(e, ERROR_SPEC, "nothing to run: expected a program and its arguments");
	return error_at(e, "args");
}

int oci_process_take(struct oci_document *doc, struct error *e)
{
	struct oci_part *oci = &doc->oci;

	if (check_args(&doc->box.args, e) || oci_rlimits_take(doc, e) || oci_scheduling_take(doc, e) ||
	    check_affinity(&oci->affinity_initial, "initial", e) || check_affinity(&oci->affinity_final, "final", e))
		return -1;
	take_capabilities(doc);
	doc->box.user = text_format("%jd:%jd", (intmax_t)doc->process.uid, (intmax_t)doc->process.gid);
	doc->box.umask = doc->process.umask == LIMIT_UNSET ? 022 : (mode_t)doc->process.umask;
	/* The specification: without a terminal its size is ignored. */
	if (doc->box.terminal) {
		oci->console_rows = (unsigned short)doc->process.rows;
		oci->console_columns = (unsigned short)doc->process.columns;
	}
	return 0;
}
