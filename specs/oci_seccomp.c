/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_seccomp.c - OCI's linux.seccomp: a profile inside the configuration.
 *
 * It is checked here, where a mistake still has a line, and handed on as text, as profiles from files are: what its names mean on this
 * machine is decided in runtime/.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "specs/field_json.h"
#include "specs/oci_document.h"
#include "specs/seccomp_spec.h"

/* The socket of a program that decides in the filter's stead, and what it is told. */
static const struct field listener_fields[] = {
	{ "listenerPath", FIELD_PATH, OCI_AT(oci.seccomp_listener), .flags = FIELD_OPEN },
	{ "listenerMetadata", FIELD_TEXT, OCI_AT(oci.seccomp_metadata) },
	{ 0 },
};

static int check_profile(json_t *profile, struct oci_part *oci, struct error *e)
{
	struct seccomp_spec spec;

	if (seccomp_spec_read(profile, &spec, e))
		return -1;
	oci->seccomp_notifies = seccomp_spec_notifies(&spec);
	seccomp_spec_release(&spec);
	if (oci->seccomp_notifies && !oci->seccomp_listener)
		return error_set(e, ERROR_SPEC, "SCMP_ACT_NOTIFY needs \"listenerPath\": the socket of the program that decides");
	if (!oci->seccomp_metadata || oci->seccomp_listener)
		return 0;
	error_set(e, ERROR_SPEC, "this needs \"listenerPath\"");
	return error_at(e, "listenerMetadata");
}

int oci_seccomp_take(struct oci_document *doc, json_t *linux_part, struct error *e)
{
	json_t *profile = json_object_get(linux_part, "seccomp");
	int result = -1;

	doc->box.seccomp = SECCOMP_UNCONFINED;
	if (!profile || json_is_null(profile))
		return 0;
	/* A copy of the top level: what comes after this may still look at the whole document. */
	profile = json_is_object(profile) ? json_copy(profile) : json_incref(profile);
	if (field_decode(listener_fields, profile, doc, e) == 0) {
		bool has_listener = json_object_del(profile, "listenerPath") == 0;

		has_listener |= json_object_del(profile, "listenerMetadata") == 0;
		result = check_profile(profile, &doc->oci, e);
		doc->box.seccomp = SECCOMP_TEXT;
		/* What is the profile alone is taken from the text as it stands (oci_config.c). */
		if (result == 0 && has_listener)
			doc->box.seccomp_text = json_dumps(profile, JSON_COMPACT);
	}
	json_decref(profile);
	return result ? error_at(e, "seccomp") : 0;
}
