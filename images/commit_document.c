/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commit_document.c - the object on the stdin of "box-image commit".
 */
#include "images/commit_document.h"

#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/id_map.h"
#include "specs/field.h"

static const struct field fields[] = {
	{ "uids", FIELD_TEXT_LIST, offsetof(struct commit_document, uids), .help = "users of the container" },
	{ "gids", FIELD_TEXT_LIST, offsetof(struct commit_document, gids), .help = "groups of the container" },
	{ "sets_groups", FIELD_BOOL, offsetof(struct commit_document, sets_groups),
	  .help = "whether groups can be dropped" },
	{ "parents", FIELD_TEXT_LIST, offsetof(struct commit_document, parents), .help = "layers below, lowest first" },
	{ "stubs", FIELD_TEXT_LIST, offsetof(struct commit_document, stubs), .help = "what box made to mount on" },
	{ 0 },
};

void commit_document_dump(const struct commit_document *document, struct text *ret)
{
	field_dump(fields, document, ret);
}

int commit_document_decode(const char *json, size_t length, struct commit_document *ret, struct error *e)
{
	struct commit_document document = { 0 };

	if (field_decode_text(json, length, "the request for a layer", fields, &document, e)) {
		commit_document_release(&document);
		return -1;
	}
	*ret = document;
	return 0;
}

void commit_document_release(struct commit_document *document)
{
	field_release(fields, document);
}

void commit_document_set_map(struct commit_document *document, const struct id_map *map)
{
	document->sets_groups = map->can_setgroups;
	for (int i = 0; i < map->uid_count; i++)
		list_addf(&document->uids, "%u %u %u", map->uids[i].inside, map->uids[i].outside, map->uids[i].count);
	for (int i = 0; i < map->gid_count; i++)
		list_addf(&document->gids, "%u %u %u", map->gids[i].inside, map->gids[i].outside, map->gids[i].count);
}

static int parse(const struct list *list, struct id_extent *ret, int *ret_count, struct error *e)
{
	/* Two are kept free for a split (images/unpack/commit.c). */
	if (!list->count || list->count > ID_EXTENTS - 2)
		return error_set(e, ERROR_INTERNAL, "the request for a layer has %zu ranges of ids", list->count);
	for (size_t i = 0; i < list->count; i++)
		if (sscanf(list->items[i], "%u %u %u", &ret[i].inside, &ret[i].outside, &ret[i].count) != 3)
			return error_set(e, ERROR_INTERNAL, "the request for a layer has the range of ids \"%s\"",
					 list->items[i]);
	*ret_count = (int)list->count;
	return 0;
}

int commit_document_map(const struct commit_document *document, struct id_map *ret, struct error *e)
{
	*ret = (struct id_map){ .can_setgroups = document->sets_groups };
	return parse(&document->uids, ret->uids, &ret->uid_count, e) ||
			       parse(&document->gids, ret->gids, &ret->gid_count, e)
		       ? -1
		       : 0;
}
