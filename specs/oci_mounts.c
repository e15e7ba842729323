/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_mounts.c - OCI's mounts, in their order, and the maps of ids that they and a user namespace have.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "specs/oci_document.h"
#include "specs/oci_mount_options.h"
#include "specs/paths.h"

const struct field oci_id_fields[] = {
	{ "containerID", FIELD_INTEGER, OCI_PLACE(oci_id_mapping, inside), .flags = FIELD_NULLS | FIELD_REQUIRED, .max = UINT32_MAX },
	{ "hostID", FIELD_INTEGER, OCI_PLACE(oci_id_mapping, outside), .flags = FIELD_REQUIRED, .max = UINT32_MAX },
	{ "size", FIELD_INTEGER, OCI_PLACE(oci_id_mapping, count), .flags = FIELD_REQUIRED, .min = 1, .max = UINT32_MAX },
	{ 0 },
};

const struct field oci_mount_fields[] = {
	{ "destination", FIELD_TEXT, OCI_PLACE(oci_mount, destination), .flags = FIELD_NULLS | FIELD_REQUIRED },
	{ "type", FIELD_TEXT, OCI_PLACE(oci_mount, type) },
	{ "source", FIELD_TEXT, OCI_PLACE(oci_mount, source) },
	{ "options", FIELD_TEXT_LIST, OCI_PLACE(oci_mount, options) },
	{ "uidMappings", FIELD_OBJECT_LIST, OCI_PLACE(oci_mount, ids.uids), .sub = oci_id_fields, .size = sizeof(struct oci_id_mapping),
	  .count_offset = offsetof(struct oci_mount, ids.uid_count) },
	{ "gidMappings", FIELD_OBJECT_LIST, OCI_PLACE(oci_mount, ids.gids), .sub = oci_id_fields, .size = sizeof(struct oci_id_mapping),
	  .count_offset = offsetof(struct oci_mount, ids.gid_count) },
	{ 0 },
};

/* The kernel counts ids with 32 bits, and the last one means "none". */
static int take_extents(const struct oci_id_mapping *from, size_t count, const char *key, struct id_extent *to, struct error *e)
{
	if (count > ID_EXTENTS) {
		error_set(e, ERROR_SPEC, "%zu ranges; the kernel takes at most %d", count, ID_EXTENTS);
		return error_at(e, "%s", key);
	}
	for (size_t i = 0; i < count; i++) {
		int64_t last = (from[i].inside > from[i].outside ? from[i].inside : from[i].outside) + from[i].count;

		if (last > UINT32_MAX) {
			error_set(e, ERROR_SPEC, "the range ends behind the last id, %u", UINT32_MAX - 1);
			error_at(e, "[%zu]", i);
			return error_at(e, "%s", key);
		}
		to[i] = (struct id_extent){ .inside = (uint32_t)from[i].inside, .outside = (uint32_t)from[i].outside,
					    .count = (uint32_t)from[i].count };
	}
	return 0;
}

int oci_id_map(const struct oci_id_mappings *ids, struct id_map **ret, struct error *e)
{
	autofree struct id_map *map = NULL;

	if (!ids->uid_count && !ids->gid_count) {
		*ret = NULL;
		return 0;
	}
	if (!ids->uid_count || !ids->gid_count)
		return error_set(e, ERROR_SPEC, "uidMappings and gidMappings belong together: %s is missing",
				 ids->uid_count ? "gidMappings" : "uidMappings");
	map = alloc_zeroed(1, sizeof *map);
	if (take_extents(ids->uids, ids->uid_count, "uidMappings", map->uids, e) ||
	    take_extents(ids->gids, ids->gid_count, "gidMappings", map->gids, e))
		return -1;
	map->uid_count = (int)ids->uid_count;
	map->gid_count = (int)ids->gid_count;
	map->can_setgroups = true;
	*ret = take_ptr(&map);
	return 0;
}

/* A relative destination counts from "/": deprecated by the specification, which demands it all the same. */
static int take_target(const struct oci_mount *from, struct mount_entry *to, struct error *e)
{
	to->target = text_format("%s%s", from->destination[0] == '/' ? "" : "/", from->destination);
	if (!*from->destination || !path_clean(to->target)) {
		error_set(e, ERROR_SPEC, "expected an absolute path without \"..\", found \"%.200s\"", from->destination);
		return error_at(e, "destination");
	}
	if (from->destination[0] != '/')
		log_warning("%s.destination: \"%s\" is no absolute path, continuing with \"%s\"", to->field, from->destination, to->target);
	return 0;
}

static enum mount_kind kind_of(const struct oci_mount *from, const struct oci_mount_words *words)
{
	static const struct {
		const char *type;
		enum mount_kind kind;
	} kinds[] = {
		{ "bind", MOUNT_BIND }, { "proc", MOUNT_PROC }, { "sysfs", MOUNT_SYSFS }, { "cgroup", MOUNT_CGROUP }, { "cgroup2", MOUNT_CGROUP },
	};

	if (words->bind)
		return MOUNT_BIND;
	for (size_t i = 0; from->type && i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(from->type, kinds[i].type) == 0)
			return kinds[i].kind;
	return MOUNT_FILESYSTEM;
}

static int take_source(const struct oci_document *doc, const struct oci_mount *from, struct mount_entry *to, struct error *e)
{
	bool has_source = from->source && *from->source, has_type = from->type && *from->type;

	if (to->kind == MOUNT_BIND && to->is_remount)
		to->source = alloc_copy(from->source); /* nothing is bound: the mount that is there changes */
	else if (to->kind == MOUNT_BIND && !has_source)
		return error_set(e, ERROR_SPEC, "a bind mount needs a \"source\"");
	else if (to->kind == MOUNT_BIND)
		to->source = oci_host_path(doc, from->source);
	else if (!has_type && !to->is_remount)
		return error_set(e, ERROR_SPEC, "a mount needs a \"type\", or \"bind\" or \"rbind\" among its options");
	else
		to->source = alloc_copy(has_source ? from->source : from->type);
	to->type = alloc_copy(from->type);
	return 0;
}

/* Only what a bind mount shows has other ids on disk than it should. */
static int take_ids(const struct oci_document *doc, const struct oci_mount *from, const struct oci_mount_words *words,
		    struct mount_entry *to, struct error *e)
{
	if (oci_id_map(&from->ids, &to->id_map, e))
		return -1;
	if (!to->id_map && words->idmap && oci_id_map(&doc->linux_part.ids, &to->id_map, e))
		return -1;
	if (!to->id_map && words->idmap)
		return error_set(e, ERROR_SPEC, "idmap needs uidMappings and gidMappings, of the mount or of the container");
	if (to->id_map && to->kind != MOUNT_BIND)
		return error_set(e, ERROR_SPEC, "only a bind mount can have mappings of its own");
	return 0;
}

static int take_mount(struct oci_document *doc, size_t index, struct error *e)
{
	const struct oci_mount *from = &doc->mounts[index];
	struct mount_entry *to = alloc_append(&doc->box.mounts, &doc->box.mount_count, sizeof *to);
	struct oci_mount_words words = { 0 };

	to->field = text_format("mounts[%zu]", index);
	to->size = LIMIT_UNSET;
	to->idmap = IDMAP_NONE;
	for (size_t i = 0; i < from->options.count; i++)
		oci_mount_option(from->options.items[i], to, &words);
	to->kind = kind_of(from, &words);
	if (to->kind == MOUNT_BIND && to->data.count) {
		log_debug("%s: a bind mount has no options of a file system, ignoring \"%s\"", to->field, to->data.items[0]);
		list_release(&to->data);
	}
	if (to->copy_up && !text_equal(from->type, "tmpfs")) {
		error_set(e, ERROR_SPEC, "tmpcopyup fills a tmpfs, and this is none");
		return error_at(e, "options");
	}
	if (take_target(from, to, e) || take_source(doc, from, to, e) || take_ids(doc, from, &words, to, e))
		return -1;
	return 0;
}

int oci_mounts_take(struct oci_document *doc, struct error *e)
{
	for (size_t i = 0; i < doc->mount_count; i++) {
		if (take_mount(doc, i, e)) {
			error_at(e, "[%zu]", i);
			return error_at(e, "mounts");
		}
	}
	return 0;
}
