/* SPDX-License-Identifier: Apache-2.0 */
/*
 * override.c - variants of a spec, by JSON Merge Patch.
 */
#include "specs/override.h"

#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "specs/field_json.h"
#include "specs/problems.h"

void merge_patch(json_t *target, json_t *patch)
{
	const char *key;
	json_t *item;

	json_object_foreach(patch, key, item) {
		json_t *old = json_object_get(target, key);

		if (json_is_null(item)) {
			json_object_del(target, key);
		} else if (json_is_object(item)) {
			if (!json_is_object(old)) {
				old = json_object();
				json_object_set_new(target, key, old);
			}
			merge_patch(old, item);
		} else {
			json_object_set(target, key, item);
		}
	}
}

static int unknown_override(json_t *overrides, const char *name, const struct place *at, struct problems *p)
{
	autorelease(text) struct text known = { 0 };
	const char *key;
	json_t *item;

	json_object_foreach(overrides, key, item)
		text_addf(&known, "%s%s", known.length ? ", " : "", key);
	error_set(p->e, ERROR_SPEC, "there is no override \"%.80s\"; known: %.400s", name, known.length ? known.data : "none");
	return field_problem(p, at);
}

int override_apply(json_t *root, const char *name, struct problems *p)
{
	const struct place at = { .key = "overrides" };
	json_t *overrides = json_object_get(root, "overrides"), *item, *chosen = NULL;
	const char *key;
	int result = 0;

	if (overrides && !json_is_object(overrides))
		return field_expected(p, &at, "an object", overrides);
	json_object_foreach(overrides, key, item) {
		const struct place here = { .up = &at, .key = key };

		if (!json_is_object(item) && field_expected(p, &here, "an object", item))
			return -1;
	}
	if (name) {
		chosen = json_object_get(overrides, name);
		if (!chosen)
			result = unknown_override(overrides, name, &at, p);
		else if (json_is_object(chosen)) /* merging may take away what it lies in */
			merge_patch(root, json_incref(chosen));
	}
	json_object_del(root, "overrides");
	if (json_is_object(chosen))
		json_decref(chosen);
	return result;
}
