/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth_document.h - a change in an auth.json or docker's config.json that leaves everything else in it as it is.
 */
#pragma once

#include <stddef.h>

struct error;
struct text;

/* Adds to ret the document with the entry host of "auths" set to auth (base64), or without it (NULL). An empty text is an empty document.
 * 1: something changed, 0: it is as before. */
int auth_document_set(const char *json, size_t length, const char *name, const char *host, const char *auth, struct text *ret,
		      struct error *e);
