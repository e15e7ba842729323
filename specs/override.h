/* SPDX-License-Identifier: Apache-2.0 */
/*
 * override.h - variants of a spec, by JSON Merge Patch. Private to specs/.
 */
#pragma once

#include <jansson.h>

struct problems;

/* Merges root's overrides.NAME (NULL: none) into root by RFC 7386 and takes "overrides" away. */
int override_apply(json_t *root, const char *name, struct problems *p);

/* RFC 7386: objects are merged, null removes, everything else replaces. Both are objects; target may share values with patch afterwards. */
void merge_patch(json_t *target, json_t *patch);
