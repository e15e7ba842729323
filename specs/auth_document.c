/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth_document.c - a change in an auth.json.
 */
#include "specs/auth_document.h"

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "specs/field_json.h"

/* "auths", made where it is missing; NULL where it is no object. */
static json_t *entries_of(json_t *root)
{
	json_t *entries = json_object_get(root, "auths");

	if (!entries) {
		entries = json_object();
		(void)json_object_set_new(root, "auths", entries); /* fails only without memory, which ends the process */
	}
	return json_is_object(entries) ? entries : NULL;
}

static bool change(json_t *entries, const char *host, const char *auth)
{
	if (!auth)
		return json_object_del(entries, host) == 0;
	return json_object_set_new(entries, host, json_pack("{s:s}", "auth", auth)) == 0;
}

int auth_document_set(const char *json, size_t length, const char *name, const char *host, const char *auth, struct text *ret,
		      struct error *e)
{
	json_t *root = length ? field_parse(json, length, name, e) : json_object();
	json_t *entries = json_is_object(root) ? entries_of(root) : NULL;
	int result = -1;

	if (entries) {
		result = change(entries, host, auth);
		field_print(root, ret);
	} else if (root) {
		error_set(e, ERROR_SPEC, "read %s: expected an object with an object \"auths\"", name);
	}
	json_decref(root);
	return result;
}
