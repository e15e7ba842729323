/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commit_document.h - the object on the stdin of "box-image commit" (images/commit_request.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

struct error;
struct id_map;

struct commit_document {
	struct list uids, gids; /* "INSIDE OUTSIDE COUNT" each */
	bool sets_groups;       /* id_map's can_setgroups */
	struct list parents;
	struct list stubs;
};

/* JSON, both ways. */
void commit_document_dump(const struct commit_document *document, struct text *ret);
int commit_document_decode(const char *json, size_t length, struct commit_document *ret, struct error *e);
void commit_document_release(struct commit_document *document);

/* A map as the document has it. */
void commit_document_set_map(struct commit_document *document, const struct id_map *map);
int commit_document_map(const struct commit_document *document, struct id_map *ret, struct error *e);
