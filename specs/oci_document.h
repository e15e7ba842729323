/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_document.h - a config.json while it is read. Private to specs/.
 *
 * Tables decode into one struct: what has the same shape in the file and in the runtime's structs goes to its final place at once
 * (box, oci), the rest into raw parts, from which oci_*_take() functions make the final form, checking on the way.
 */
#pragma once

#include <stdint.h>

#include "base/text.h"
#include "specs/container.h"
#include "specs/field.h"

struct json_t;

struct oci_capabilities {
	struct list bounding, effective, inheritable, permitted, ambient;
};

struct oci_rlimit {
	char *type;
	uint64_t soft, hard;
};

struct oci_process {
	int64_t uid, gid, umask; /* umask: LIMIT_UNSET where nobody said it */
	int64_t rows, columns;   /* of the console */
	struct oci_capabilities capabilities;
	struct oci_rlimit *rlimits;
	size_t rlimit_count;
	int scheduler_policy; /* index + 1; 0: not said */
	int64_t nice, priority;
	int io_class; /* IOPRIO_CLASS_*; 0: not said */
	int64_t io_priority;
};

struct oci_id_mapping {
	int64_t inside, outside, count;
};

struct oci_id_mappings {
	struct oci_id_mapping *uids, *gids;
	size_t uid_count, gid_count;
};

struct oci_mount {
	char *destination, *source, *type;
	struct list options;
	struct oci_id_mappings ids;
};

struct oci_namespace {
	int kind; /* of enum namespace_kind */
	char *path;
};

struct oci_device {
	char *path;
	int type; /* index into "c", "b", "u", "p" */
	int64_t major, minor, mode, uid, gid;
};

struct oci_device_rule {
	bool allow;
	char *type, *access;
	int64_t major, minor; /* LIMIT_UNSET: any */
};

struct oci_throttle {
	int64_t major, minor;
	int64_t rate; /* LIMIT_UNSET: not said */
};

enum oci_throttle_kind { THROTTLE_READ_BPS, THROTTLE_WRITE_BPS, THROTTLE_READ_IOPS, THROTTLE_WRITE_IOPS, THROTTLE_COUNT };

struct oci_throttle_list {
	struct oci_throttle *items;
	size_t count;
};

struct oci_net_priority {
	char *name;
	int64_t priority;
};

struct oci_rdma {
	char *name;
	int64_t handles, objects;
};

struct oci_weight {
	int64_t major, minor, weight, leaf_weight;
};

struct oci_resources {
	struct limits limits;
	bool oom_kill_disabled;
	struct oci_device_rule *rules;
	size_t rule_count;
	struct oci_throttle_list throttles[THROTTLE_COUNT];
	struct oci_weight *weights;
	size_t weight_count;
	struct oci_net_priority *priorities;
	size_t priority_count;
	struct oci_rdma *rdma;
	size_t rdma_count;
};

struct oci_linux {
	struct oci_namespace *namespaces;
	size_t namespace_count;
	struct oci_id_mappings ids;
	struct oci_device *devices;
	size_t device_count;
	struct list sysctls;
	int propagation;  /* index + 1; 0: not said */
	int personality;  /* index + 1; 0: not said */
	struct list personality_flags;
	int memory_mode;  /* index + 1; 0: not said */
	uint64_t memory_flags;
};

struct oci_document {
	struct container box; /* without limits and oci until it is complete */
	struct oci_part oci;
	struct oci_process process;
	struct oci_mount *mounts;
	size_t mount_count;
	struct oci_linux linux_part; /* "linux" is a macro of the compiler */
	struct oci_resources resources;
};

/* The place of a row, by name, so that what follows may be left out. */
#define OCI_PLACE(type, member) .offset = offsetof(struct type, member)
#define OCI_AT(member) OCI_PLACE(oci_document, member)

/* Rows of the objects, over struct oci_document; resources over struct oci_resources. */
extern const struct field oci_process_fields[], oci_rlimit_fields[]; /* the latter over struct oci_rlimit */
extern const struct field oci_mount_fields[], oci_linux_fields[], oci_resource_fields[], oci_hook_fields[];
extern const struct field oci_id_fields[]; /* over struct oci_id_mapping */
extern const char *const oci_namespace_names[], *const oci_memory_modes[], *const oci_memory_flags[];

/* A document before anything was read into it by the table, and its release, whatever has become of it. */
struct oci_document *oci_document_new(const struct field *table);
void oci_document_free(struct oci_document *doc, const struct field *table);
/* Gives the final forms away; doc keeps the raw parts. */
void oci_document_take(struct oci_document *doc, struct container *ret);

/* Each makes its part of box and oci from the raw parts. Errors carry their place within the part. */
int oci_process_take(struct oci_document *doc, struct error *e);
int oci_rlimits_take(struct oci_document *doc, struct error *e); /* a part of the process */
int oci_mounts_take(struct oci_document *doc, struct error *e);
int oci_linux_take(struct oci_document *doc, struct error *e);
/* Leaves seccomp_text NULL where the text of the file is it. */
int oci_seccomp_take(struct oci_document *doc, struct json_t *object, struct error *e);
int oci_resources_take(struct oci_resources *resources, struct error *e);

/* A new map from both lists; NULL where both are empty. */
int oci_id_map(const struct oci_id_mappings *ids, struct id_map **ret, struct error *e);

/* Rules between parts (oci_checks.c): what needs which namespace. */
int oci_check(const struct oci_document *doc, struct error *e);

/* A new absolute path: path, or path below the bundle. */
char *oci_host_path(const struct oci_document *doc, const char *path);
