/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_features.c - what box can do, in OCI's form: from the tables that read config.json, so that it cannot say more than they take.
 */
#include "specs/oci_features.h"

#include <errno.h>
#include <jansson.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/names.h"
#include "base/text.h"
#include "specs/field_json.h"
#include "specs/oci_config.h"
#include "specs/oci_document.h"
#include "specs/oci_mount_options.h"
#include "specs/seccomp_words.h"

/* The list as JSON, in order; it is released. */
static json_t *sorted(struct list *list)
{
	json_t *array = json_array();

	list_sort(list);
	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, json_string(list->items[i]));
	list_release(list);
	return array;
}

static json_t *words(const struct word *items)
{
	struct list list = { 0 };

	for (; items->name; items++)
		list_add(&list, items->name);
	return sorted(&list);
}

static json_t *names(const char *const *items)
{
	struct list list = { 0 };

	for (; *items; items++)
		list_add(&list, *items);
	return sorted(&list);
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
	struct list options = { 0 };

	oci_mount_option_names(&options);
	return sorted(&options);
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

/* Those that this kernel knows: without a program it complains about the missing one where it would have taken the flag. */
static json_t *supported_flags(void)
{
	struct list list = { 0 };

	for (const struct word *flag = seccomp_flags; flag->name; flag++) {
		unsigned flags = (unsigned)flag->value;

		/* This one is for filters that notify. */
		if (flags == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
			flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL) < 0 && errno == EFAULT)
			list_add(&list, flag->name);
	}
	return sorted(&list);
}

static json_t *seccomp(void)
{
	return json_pack("{s:b, s:o, s:o, s:o, s:o, s:o}", "enabled", 1, "actions", words(seccomp_actions), "operators",
			 words(seccomp_operators), "archs", names(seccomp_archs), "knownFlags", words(seccomp_flags), "supportedFlags",
			 supported_flags());
}

/* Which words of a security module or a cgroup tree box passes on; whether this kernel has it shows when it is asked for. */
static json_t *linux_object(void)
{
	json_t *object = json_pack("{s:o, s:o, s:{s:b, s:b, s:b, s:b, s:b}, s:o}", "namespaces", names(oci_namespace_names), "capabilities",
				   capabilities(), "cgroup", "v1", 1, "v2", 1, "systemd", 1, "systemdUser", 1, "rdma", 1, "seccomp",
				   seccomp());

	json_object_set_new(object, "apparmor", enabled(true));
	json_object_set_new(object, "selinux", enabled(true));
	json_object_set_new(object, "intelRdt", enabled(false));
	json_object_set_new(object, "memoryPolicy", json_pack("{s:o, s:o}", "modes", names(oci_memory_modes), "flags", names(oci_memory_flags)));
	json_object_set_new(object, "mountExtensions", json_pack("{s:o}", "idmap", enabled(true)));
	json_object_set_new(object, "netDevices", enabled(true));
	return object;
}

void oci_features(struct text *ret)
{
	static const char *const annotations[] = { OCI_FAIL_UNKNOWN_SYSCALL, NULL };
	json_t *features = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "ociVersionMin", "1.0.0", "ociVersionMax", OCI_VERSION, "hooks", hooks(),
				     "mountOptions", mount_options(), "linux", linux_object(), "potentiallyUnsafeConfigAnnotations",
				     names(annotations));

	field_print(features, ret);
	json_decref(features);
}
