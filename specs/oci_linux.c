/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_linux.c - OCI's linux object: namespaces, maps of ids, devices, and what is set once for the whole container.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "specs/oci_document.h"
#include "specs/oci_kernel.h"

enum { MAJOR_MOST = (1 << 12) - 1, MINOR_MOST = (1 << 20) - 1, NODE_MODE = 0666 };

/* In the order of enum namespace_kind. */
const char *const oci_namespace_names[] = { "user", "pid", "network", "ipc", "uts", "cgroup", "time", "mount", NULL };

static const char *const node_types[] = { "c", "b", "u", "p", NULL };

/* config-linux.md has the short forms; engines write the recursive ones, which Docker's word for a volume's propagation is. */
static const char *const propagations[] = {
	"private", "shared", "slave", "unbindable", "rprivate", "rshared", "rslave", "runbindable", NULL,
};

static const struct field namespace_fields[] = {
	{ "type", FIELD_ENUM, OCI_PLACE(oci_namespace, kind), .flags = FIELD_NULLS | FIELD_REQUIRED, .names = oci_namespace_names },
	{ "path", FIELD_TEXT, OCI_PLACE(oci_namespace, path) },
	{ 0 },
};

static const struct field node_fields[] = {
	{ "path", FIELD_PATH, OCI_PLACE(oci_device, path), .flags = FIELD_NULLS | FIELD_REQUIRED },
	{ "type", FIELD_ENUM, OCI_PLACE(oci_device, type), .flags = FIELD_REQUIRED, .names = node_types },
	{ "major", FIELD_INTEGER, OCI_PLACE(oci_device, major), .flags = FIELD_UNSET, .max = MAJOR_MOST },
	{ "minor", FIELD_INTEGER, OCI_PLACE(oci_device, minor), .flags = FIELD_UNSET, .max = MINOR_MOST },
	{ "fileMode", FIELD_INTEGER, OCI_PLACE(oci_device, mode), .flags = FIELD_UNSET, .max = 0177777 }, /* podman: with the type bits */
	{ "uid", FIELD_INTEGER, OCI_PLACE(oci_device, uid), .max = UINT32_MAX - 1 },
	{ "gid", FIELD_INTEGER, OCI_PLACE(oci_device, gid), .max = UINT32_MAX - 1 },
	{ 0 },
};

static const struct field net_device_fields[] = {
	{ "name", FIELD_TEXT, OCI_PLACE(net_device, renamed), .flags = FIELD_NULLS },
	{ 0 },
};

const struct field oci_linux_fields[] = {
	{ "namespaces", FIELD_OBJECT_LIST, OCI_AT(linux_part.namespaces), .flags = FIELD_NULLS, .sub = namespace_fields,
	  .size = sizeof(struct oci_namespace), .count_offset = offsetof(struct oci_document, linux_part.namespace_count) },
	{ "uidMappings", FIELD_OBJECT_LIST, OCI_AT(linux_part.ids.uids), .sub = oci_id_fields, .size = sizeof(struct oci_id_mapping),
	  .count_offset = offsetof(struct oci_document, linux_part.ids.uid_count) },
	{ "gidMappings", FIELD_OBJECT_LIST, OCI_AT(linux_part.ids.gids), .sub = oci_id_fields, .size = sizeof(struct oci_id_mapping),
	  .count_offset = offsetof(struct oci_document, linux_part.ids.gid_count) },
	{ "devices", FIELD_OBJECT_LIST, OCI_AT(linux_part.devices), .sub = node_fields, .size = sizeof(struct oci_device),
	  .count_offset = offsetof(struct oci_document, linux_part.device_count) },
	{ "netDevices", FIELD_OBJECT_MAP, OCI_AT(oci.net_devices), .sub = net_device_fields, .size = sizeof(struct net_device),
	  .count_offset = offsetof(struct oci_document, oci.net_device_count) },
	{ "cgroupsPath", FIELD_TEXT, OCI_AT(oci.cgroups_path) },
	{ "resources", FIELD_OBJECT, OCI_AT(resources), .sub = oci_resource_fields },
	{ "rootfsPropagation", FIELD_ENUM, OCI_AT(linux_part.propagation), .min = 1, .names = propagations },
	{ "seccomp", FIELD_OPAQUE, .flags = 0 }, /* oci_seccomp.c */
	{ "sysctl", FIELD_MAP, OCI_AT(linux_part.sysctls) },
	{ "maskedPaths", FIELD_TEXT_LIST, OCI_AT(box.masked_paths) },
	{ "readonlyPaths", FIELD_TEXT_LIST, OCI_AT(box.read_only_paths) },
	{ "mountLabel", FIELD_TEXT, OCI_AT(oci.mount_label) },
	{ "intelRdt", FIELD_OPAQUE, .flags = 0 }, /* oci_kernel.c */
	{ "memoryPolicy", FIELD_OBJECT, 0, .sub = oci_memory_policy_fields },
	{ "personality", FIELD_OBJECT, 0, .sub = oci_personality_fields },
	{ "timeOffsets", FIELD_OBJECT, 0, .sub = oci_time_fields },
	{ 0 },
};

static int take_namespace(struct container *box, const struct oci_namespace *from, struct error *e)
{
	struct namespace_entry *to = &box->namespaces[from->kind];
	bool has_path = from->path && *from->path;

	if (to->choice != NAMESPACE_HOST)
		return error_set(e, ERROR_SPEC, "the %s namespace is listed twice", oci_namespace_names[from->kind]);
	if (has_path && from->path[0] != '/') {
		error_set(e, ERROR_SPEC, "expected an absolute path, found \"%.200s\"", from->path);
		return error_at(e, "path");
	}
	to->choice = has_path ? NAMESPACE_JOIN : NAMESPACE_NEW;
	to->path = has_path ? alloc_copy(from->path) : NULL;
	return 0;
}

static int take_namespaces(struct oci_document *doc, struct error *e)
{
	for (int i = 0; i < NAMESPACE_COUNT; i++)
		doc->box.namespaces[i].choice = NAMESPACE_HOST;
	for (size_t i = 0; i < doc->linux_part.namespace_count; i++) {
		if (take_namespace(&doc->box, &doc->linux_part.namespaces[i], e)) {
			error_at(e, "[%zu]", i);
			return error_at(e, "namespaces");
		}
	}
	return 0;
}

/* Engines that let a container join another's user namespace repeat its mappings: nothing is to be written then. */
static int take_ids(struct oci_document *doc, struct error *e)
{
	enum namespace_choice choice = doc->box.namespaces[NAMESPACE_USER].choice;
	const struct oci_id_mappings *ids = &doc->linux_part.ids;

	if (choice == NAMESPACE_HOST && (ids->uid_count || ids->gid_count)) {
		error_set(e, ERROR_SPEC, "mappings need a user namespace, and \"namespaces\" has none");
		return error_at(e, ids->uid_count ? "uidMappings" : "gidMappings");
	}
	if (choice == NAMESPACE_NEW && !ids->uid_count && !ids->gid_count)
		return error_set(e, ERROR_SPEC, "a new user namespace needs uidMappings and gidMappings");
	return choice == NAMESPACE_NEW ? oci_id_map(ids, &doc->box.id_map, e) : 0;
}

static int take_node(struct oci_document *doc, size_t index, struct error *e)
{
	struct oci_device *from = &doc->linux_part.devices[index];
	struct node_entry *to;
	char type = node_types[from->type][0];

	if (type != 'p' && (from->major == LIMIT_UNSET || from->minor == LIMIT_UNSET))
		return error_set(e, ERROR_SPEC, "a device needs \"major\" and \"minor\"");
	to = alloc_append(&doc->oci.nodes, &doc->oci.node_count, sizeof *to);
	to->path = take_ptr(&from->path);
	to->field = text_format("linux.devices[%zu]", index);
	to->type = type == 'u' ? 'c' : type;
	to->mode = from->mode == LIMIT_UNSET ? NODE_MODE : (mode_t)from->mode & 07777;
	to->uid = (uid_t)from->uid;
	to->gid = (gid_t)from->gid;
	if (type != 'p') {
		to->major = (unsigned)from->major;
		to->minor = (unsigned)from->minor;
	}
	return 0;
}

static int take_nodes(struct oci_document *doc, struct error *e)
{
	for (size_t i = 0; i < doc->linux_part.device_count; i++) {
		if (take_node(doc, i, e)) {
			error_at(e, "[%zu]", i);
			return error_at(e, "devices");
		}
	}
	return 0;
}

static void take_propagation(struct oci_document *doc)
{
	static const unsigned long flags[] = { MS_PRIVATE, MS_SHARED, MS_SLAVE, MS_UNBINDABLE };
	int word = doc->linux_part.propagation - 1;

	if (word >= 0)
		doc->oci.root_propagation = flags[word % 4] | (word >= 4 ? MS_REC : 0);
}

static void take_sysctls(struct oci_document *doc)
{
	const struct list *from = &doc->linux_part.sysctls;

	for (size_t i = 0; i < from->count; i++) {
		struct sysctl_entry *to = alloc_append(&doc->box.sysctls, &doc->box.sysctl_count, sizeof *to);
		size_t length = strcspn(from->items[i], "=");

		to->key = alloc_copy_bytes(from->items[i], length);
		to->value = alloc_copy(from->items[i] + length + 1);
	}
}

static int check_paths(const struct list *paths, const char *key, struct error *e)
{
	for (size_t i = 0; i < paths->count; i++) {
		if (paths->items[i][0] == '/')
			continue;
		error_set(e, ERROR_SPEC, "expected an absolute path, found \"%.200s\"", paths->items[i]);
		error_at(e, "[%zu]", i);
		return error_at(e, "%s", key);
	}
	return 0;
}

int oci_linux_take(struct oci_document *doc, struct error *e)
{
	take_propagation(doc);
	take_sysctls(doc);
	if (take_namespaces(doc, e) || take_ids(doc, e) || take_nodes(doc, e) || check_paths(&doc->box.masked_paths, "maskedPaths", e) ||
	    check_paths(&doc->box.read_only_paths, "readonlyPaths", e) || oci_kernel_take(doc, e))
		return -1;
	if (oci_resources_take(&doc->resources, e))
		return error_at(e, "resources");
	return 0;
}
