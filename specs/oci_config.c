/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_config.c - the door: from the text of config.json, process.json or resources to the structs.
 *
 *     text -> JSON -> tables -> oci_*_take(): final forms, checks of single values -> oci_check(): rules between parts
 *
 * Whatever happens, the raw parts are released by the tables; what is in its final place goes to the caller, or is released as part of
 * the container.
 */
#include "specs/oci_config.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "specs/field_json.h"
#include "specs/locate.h"
#include "specs/oci_document.h"
#include "specs/oci_kernel.h"

enum {
	LIMIT = 16 << 20, /* bytes; the largest that engines write have some hundred KiB */
	CPU_PERIOD_US = 100000,
};

#define HOOKS(point)                                                                        \
	FIELD_OBJECT_LIST, OCI_AT(oci.hooks[point].items), .sub = hook_fields, .size = sizeof(struct hook), \
		.count_offset = offsetof(struct oci_document, oci.hooks[point].count)

static const struct field hook_fields[] = {
	{ "path", FIELD_PATH, OCI_PLACE(hook, path), .flags = FIELD_NULLS | FIELD_REQUIRED },
	{ "args", FIELD_TEXT_LIST, OCI_PLACE(hook, args) },
	{ "env", FIELD_TEXT_LIST, OCI_PLACE(hook, env) },
	{ "timeout", FIELD_INTEGER, OCI_PLACE(hook, timeout_s), .min = 1, .max = INT32_MAX },
	{ 0 },
};

const struct field oci_hook_fields[] = {
	{ "prestart", HOOKS(HOOK_PRESTART) },
	{ "createRuntime", HOOKS(HOOK_CREATE_RUNTIME) },
	{ "createContainer", HOOKS(HOOK_CREATE_CONTAINER) },
	{ "startContainer", HOOKS(HOOK_START_CONTAINER) },
	{ "poststart", HOOKS(HOOK_POSTSTART) },
	{ "poststop", HOOKS(HOOK_POSTSTOP) },
	{ 0 },
};

static const struct field root_fields[] = {
	{ "path", FIELD_TEXT, OCI_AT(box.root_folder), .flags = FIELD_NULLS | FIELD_REQUIRED },
	{ "readonly", FIELD_BOOL, OCI_AT(box.read_only_root) },
	{ 0 },
};

static const struct field config_fields[] = {
	{ "ociVersion", FIELD_TEXT, OCI_AT(oci.version), .flags = FIELD_OPEN | FIELD_REQUIRED },
	{ "root", FIELD_OBJECT, 0, .flags = FIELD_REQUIRED, .sub = root_fields },
	{ "process", FIELD_OBJECT, 0, .sub = oci_process_fields },
	{ "hostname", FIELD_TEXT, OCI_AT(box.hostname) },
	{ "domainname", FIELD_TEXT, OCI_AT(oci.domainname) },
	{ "mounts", FIELD_OBJECT_LIST, OCI_AT(mounts), .sub = oci_mount_fields, .size = sizeof(struct oci_mount),
	  .count_offset = offsetof(struct oci_document, mount_count) },
	{ "hooks", FIELD_OBJECT, 0, .sub = oci_hook_fields },
	{ "annotations", FIELD_MAP, OCI_AT(oci.annotations), .flags = 0 },
	{ "linux", FIELD_OBJECT, 0, .sub = oci_linux_fields },
	{ 0 },
};

char *oci_host_path(const struct oci_document *doc, const char *path)
{
	return path[0] == '/' ? alloc_copy(path) : text_format("%s/%s", doc->oci.bundle, path);
}

struct oci_document *oci_document_new(const struct field *table)
{
	struct oci_document *doc = alloc_zeroed(1, sizeof *doc);
	struct oci_part *oci = oci_part_new();

	doc->oci = *oci;
	free(oci);
	limits_init(&doc->resources.limits);
	field_init(table, doc);
	return doc;
}

void oci_document_take(struct oci_document *doc, struct container *ret)
{
	*ret = doc->box;
	ret->oci = oci_part_new();
	*ret->oci = doc->oci;
	ret->limits = doc->resources.limits;
	doc->box = (struct container){ 0 };
	doc->oci = (struct oci_part){ 0 };
	doc->resources.limits = (struct limits){ 0 };
}

void oci_document_free(struct oci_document *doc, const struct field *table)
{
	struct container final;

	oci_document_take(doc, &final);
	container_release(&final);
	field_release(table, doc);
	free(doc);
}

/* SemVer of the first major version: "1.0.2-dev". */
static int check_version(const char *version, struct error *e)
{
	const char *minor = text_starts(version, "1.") ? version + strlen("1.") : "";
	size_t digits = strspn(minor, "0123456789");

	if (digits && minor[digits] == '.' && strspn(minor + digits + 1, "0123456789"))
		return 0;
	error_set(e, ERROR_UNSUPPORTED, "box knows version 1 of the specification, as in \"1.3.0\", found \"%.64s\"", version);
	return error_at(e, "ociVersion");
}

static int take_root(struct oci_document *doc, struct error *e)
{
	char *path = doc->box.root_folder;

	if (!*path) {
		error_set(e, ERROR_SPEC, "expected a folder, found \"\"");
		return error_at(e, "root.path");
	}
	doc->box.root_folder = oci_host_path(doc, path);
	free(path);
	return 0;
}

static int take_linux(struct oci_document *doc, json_t *linux_part, struct error *e)
{
	if (oci_intel_rdt_check(linux_part, e) || oci_linux_take(doc, e) || oci_seccomp_take(doc, linux_part, e))
		return error_at(e, "linux");
	return 0;
}

static int take_parts(struct oci_document *doc, json_t *root, struct error *e)
{
	json_t *process = json_object_get(root, "process");

	if (check_version(doc->oci.version, e) || take_root(doc, e))
		return -1;
	if (process && !json_is_null(process) && oci_process_take(doc, e))
		return error_at(e, "process");
	if (take_linux(doc, json_object_get(root, "linux"), e) || oci_mounts_take(doc, e))
		return -1;
	if (doc->resources.limits.cpu_period_us == LIMIT_UNSET)
		doc->resources.limits.cpu_period_us = CPU_PERIOD_US;
	return oci_check(doc, e);
}

/* The parsed text, refused where it is too long. Errors carry the file and the line. */
static json_t *parse(const char *json, size_t length, const char *name, struct error *e)
{
	if (length <= LIMIT)
		return field_parse_wide(json, length, name, e);
	error_set(e, ERROR_SPEC, "%s: %zu bytes, more than %d", name, length, LIMIT);
	return NULL;
}

/* Where the object of linux.seccomp stands. Step by step: a key could be called "linux.seccomp". */
static bool find_profile(const char *json, size_t length, size_t *ret_start, size_t *ret_length)
{
	size_t outer;

	if (!locate_value(json, length, "linux", &outer, NULL) ||
	    !locate_value(json + outer, length - outer, "seccomp", ret_start, ret_length))
		return false;
	*ret_start += outer;
	return json[*ret_start] == '{';
}

static void take_profile_text(const char *json, size_t length, struct container *ret)
{
	size_t start, profile_length;

	if (ret->seccomp == SECCOMP_TEXT && !ret->seccomp_text && find_profile(json, length, &start, &profile_length))
		ret->seccomp_text = alloc_copy_bytes(json + start, profile_length);
}

int oci_config_decode(const char *json, size_t length, const char *name, const char *bundle, struct container *ret, struct error *e)
{
	json_t *root = parse(json, length, name, e);
	struct oci_document *doc;
	int result = -1;

	if (!root)
		return -1;
	doc = oci_document_new(config_fields);
	doc->oci.bundle = alloc_copy(bundle);
	if (field_decode(config_fields, root, doc, e) || take_parts(doc, root, e)) {
		field_locate(json, length, name, e);
	} else {
		oci_document_take(doc, ret);
		take_profile_text(json, length, ret);
		result = 0;
	}
	oci_document_free(doc, config_fields);
	json_decref(root);
	return result;
}

int oci_config_decode_open(const char *json, size_t length, const char *name, const char *bundle, struct container *ret,
			   struct text *ret_rest, struct error *e)
{
	struct error shifted = { 0 };
	size_t start, profile_length;

	/* A backslash: a key could be written in another way. */
	if (!find_profile(json, length, &start, &profile_length) || memchr(json + start, '\\', profile_length) ||
	    memmem(json + start, profile_length, "listener", strlen("listener")))
		return oci_config_decode(json, length, name, bundle, ret, e);
	text_add_bytes(ret_rest, json, start);
	text_add(ret_rest, "null");
	text_add_bytes(ret_rest, json + start + profile_length, length - start - profile_length);
	/* Lines of errors are those of the whole. */
	if (oci_config_decode(ret_rest->data, ret_rest->length, name, bundle, ret, &shifted)) {
		text_clear(ret_rest);
		return oci_config_decode(json, length, name, bundle, ret, e);
	}
	ret->seccomp = SECCOMP_TEXT;
	ret->seccomp_text = alloc_copy_bytes(json + start, profile_length);
	return 0;
}

static bool says(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return value && !json_is_null(value);
}

/* What follows is taken from new by exchange: what was there is released with it. */
#define EXCHANGE(a, b)                    \
	do {                              \
		__auto_type kept_ = *(a); \
		*(a) = *(b);              \
		*(b) = kept_;             \
	} while (0)

static void exchange_said(const json_t *process, struct container *to, struct container *from)
{
	if (says(process, "capabilities"))
		EXCHANGE(&to->capabilities, &from->capabilities);
	if (says(json_object_get(process, "user"), "umask"))
		EXCHANGE(&to->umask, &from->umask);
	if (from->rlimit_count) {
		EXCHANGE(&to->rlimits, &from->rlimits);
		EXCHANGE(&to->rlimit_count, &from->rlimit_count);
	}
	if (from->oci->apparmor_profile)
		EXCHANGE(&to->oci->apparmor_profile, &from->oci->apparmor_profile);
	if (from->oci->selinux_label)
		EXCHANGE(&to->oci->selinux_label, &from->oci->selinux_label);
	if (says(process, "oomScoreAdj"))
		EXCHANGE(&to->oci->oom_score_adj, &from->oci->oom_score_adj);
	if (says(process, "scheduler"))
		EXCHANGE(&to->oci->scheduler, &from->oci->scheduler);
	if (says(process, "ioPriority")) {
		EXCHANGE(&to->oci->io_class, &from->oci->io_class);
		EXCHANGE(&to->oci->io_priority, &from->oci->io_priority);
	}
	if (says(process, "execCPUAffinity")) {
		EXCHANGE(&to->oci->affinity_initial, &from->oci->affinity_initial);
		EXCHANGE(&to->oci->affinity_final, &from->oci->affinity_final);
	}
}

static void exchange_always(struct container *to, struct container *from)
{
	EXCHANGE(&to->args, &from->args);
	EXCHANGE(&to->env, &from->env);
	EXCHANGE(&to->working_dir, &from->working_dir);
	EXCHANGE(&to->user, &from->user);
	EXCHANGE(&to->group_add, &from->group_add);
	EXCHANGE(&to->terminal, &from->terminal);
	EXCHANGE(&to->no_new_privileges, &from->no_new_privileges);
	EXCHANGE(&to->oci->console_rows, &from->oci->console_rows);
	EXCHANGE(&to->oci->console_columns, &from->oci->console_columns);
}

int oci_process_decode(const char *json, size_t length, const char *name, struct container *ret, struct error *e)
{
	json_t *process = parse(json, length, name, e);
	struct container from = { 0 };
	struct oci_document *doc;
	int result = -1;

	if (!process)
		return -1;
	doc = oci_document_new(oci_process_fields);
	if (field_decode(oci_process_fields, process, doc, e) || oci_process_take(doc, e)) {
		field_locate(json, length, name, e);
	} else {
		oci_document_take(doc, &from);
		if (!ret->oci)
			ret->oci = oci_part_new();
		exchange_said(process, ret, &from);
		exchange_always(ret, &from);
		container_release(&from);
		result = 0;
	}
	oci_document_free(doc, oci_process_fields);
	json_decref(process);
	return result;
}

int oci_resources_decode(const char *json, size_t length, const char *name, struct limits *ret, struct error *e)
{
	json_t *value = parse(json, length, name, e);
	struct oci_resources resources = { 0 };
	int result = -1;

	if (!value)
		return -1;
	limits_init(&resources.limits);
	field_init(oci_resource_fields, &resources);
	if (field_decode(oci_resource_fields, value, &resources, e) || oci_resources_take(&resources, e)) {
		field_locate(json, length, name, e);
		limits_release(&resources.limits);
	} else {
		*ret = resources.limits;
		result = 0;
	}
	resources.limits = (struct limits){ 0 };
	field_release(oci_resource_fields, &resources);
	json_decref(value);
	return result;
}
