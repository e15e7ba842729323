/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_features.c - what box can do, in OCI's form: from the tables that read config.json, so that it cannot say more than they take.
 */
#include "specs/oci_features.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/text.h"
#include "specs/field_json.h"
#include "specs/oci_config.h"
#include "specs/oci_document.h"
#include "specs/oci_mount_options.h"

/* What seccomp_spec.c and runtime/seccomp_arch.c read; a unit test holds the first two lists to it. */
static const char *const actions[] = {
	"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG",
	"SCMP_ACT_TRACE", "SCMP_ACT_TRAP", NULL,
};

static const char *const operators[] = {
	"SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE", "SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE", NULL,
};

static const char *const archs[] = {
#if defined(__x86_64__)
	"SCMP_ARCH_X32", "SCMP_ARCH_X86", "SCMP_ARCH_X86_64",
#elif defined(__aarch64__)
	"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM",
#endif
	NULL,
};

static const char *const filter_flags[] = {
	"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC", NULL,
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The list as JSON, in order; it is released. */
static json_t *sorted(struct list *list)
{
	json_t *array = json_array();

	if (list->count)
		qsort(list->items, list->count, sizeof *list->items, by_name);
	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, json_string(list->items[i]));
	list_release(list);
	return array;
}

static json_t *texts(const char *const *items)
{
	json_t *array = json_array();

	for (; *items; items++)
		json_array_append_new(array, json_string(*items));
	return array;
}

/* In the order in which they run, as the specification lists them. */
static json_t *hooks(void)
{
	json_t *array = json_array();

	for (const struct field *f = oci_hook_fields; f->key; f++)
		json_array_append_new(array, json_string(f->key));
	return array;
}

static json_t *mount_options(void)
{
	struct list names = { 0 };

	oci_mount_option_names(&names);
	return sorted(&names);
}

static json_t *namespaces(void)
{
	struct list names = { 0 };

	for (size_t i = 0; oci_namespace_names[i]; i++)
		list_add(&names, oci_namespace_names[i]);
	return sorted(&names);
}

/* In the kernel's order. */
static json_t *capabilities(void)
{
	json_t *array = json_array();

	for (int i = 0; i < CAPABILITY_COUNT; i++)
		json_array_append_new(array, json_sprintf("CAP_%s", capability_name(i)));
	return array;
}

static json_t *enabled(bool is_enabled)
{
	return json_pack("{s:b}", "enabled", is_enabled);
}

static json_t *seccomp(void)
{
	return json_pack("{s:b, s:o, s:o, s:o, s:o, s:o}", "enabled", 1, "actions", texts(actions), "operators", texts(operators), "archs",
			 texts(archs), "knownFlags", texts(filter_flags), "supportedFlags", texts(filter_flags));
}

static json_t *linux_object(void)
{
	json_t *object = json_pack("{s:o, s:o, s:{s:b, s:b, s:b, s:b, s:b}, s:o}", "namespaces", namespaces(), "capabilities", capabilities(),
				   "cgroup", "v1", 1, "v2", 1, "systemd", 0, "systemdUser", 0, "rdma", 0, "seccomp", seccomp());

	json_object_set_new(object, "apparmor", enabled(false));
	json_object_set_new(object, "selinux", enabled(false));
	json_object_set_new(object, "intelRdt", enabled(false));
	json_object_set_new(object, "mountExtensions", json_pack("{s:o}", "idmap", enabled(true)));
	json_object_set_new(object, "netDevices", enabled(true));
	return object;
}

void oci_features(struct text *ret)
{
	json_t *features = json_pack("{s:s, s:s, s:o, s:o, s:o}", "ociVersionMin", "1.0.0", "ociVersionMax", OCI_VERSION, "hooks", hooks(),
				     "mountOptions", mount_options(), "linux", linux_object());

	field_print(features, ret);
	json_decref(features);
}
