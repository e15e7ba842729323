/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_document.h - the JSON of an image's configuration, for all that read it: foreign, so it is bounded first. Private to specs/.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

struct error;
struct list;

/* The parsed text, at most 4 MiB and 32 levels; name is for messages. NULL and e on failure. The caller decrefs it. */
json_t *image_document_parse(const char *json, size_t length, const char *name, struct error *e);

/* Adds the keys of an object such as "Volumes": {"/data": {}}, sorted: they alone say something. config is the document's, or NULL. */
int image_document_keys(json_t *config, const char *name, struct list *ret, struct error *e);

/* The kernel's own bound on argv and environment together is a quarter of the stack; an image needs far less. */
int image_document_check_env(const struct list *env, struct error *e);
