/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_state.c - the state of an OCI container as JSON.
 */
#include "runtime/child/oci_state.h"

#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "specs/field.h"

#define AT(member) offsetof(struct oci_state, member)

/* owner and created are words of runc's, which engines read. */
static const struct field state_fields[] = {
	{ "ociVersion", FIELD_TEXT, AT(version), .help = "version of the specification" },
	{ "id", FIELD_TEXT, AT(id), .help = "name of the container" },
	{ "pid", FIELD_INTEGER, AT(pid), .help = "first process, on the host" },
	{ "status", FIELD_TEXT, AT(status), .help = "creating, created, running, paused or stopped" },
	{ "bundle", FIELD_TEXT, AT(bundle), .help = "folder of config.json" },
	{ "rootfs", FIELD_TEXT, AT(rootfs), .help = "root folder" },
	{ "created", FIELD_TEXT, AT(created), .help = "when it was made" },
	{ "owner", FIELD_TEXT, AT(owner), .help = "who made it" },
	{ "annotations", FIELD_MAP, AT(annotations), .help = "words of the engine" },
	{ 0 },
};

#undef AT
#define AT(member) offsetof(struct oci_process_state, member)

static const struct field process_state_fields[] = {
	{ "ociVersion", FIELD_TEXT, AT(version), .help = "version of the specification" },
	{ "fds", FIELD_TEXT_LIST, AT(fds), .help = "which descriptors come along" },
	{ "pid", FIELD_INTEGER, AT(pid), .help = "the process with the filter, on the host" },
	{ "metadata", FIELD_TEXT, AT(metadata), .help = "listenerMetadata" },
	{ "state", FIELD_OBJECT, AT(state), .sub = state_fields, .help = "the container" },
	{ 0 },
};

void oci_process_state_dump(const struct oci_process_state *state, struct text *ret)
{
	field_dump(process_state_fields, state, ret);
}

void oci_state_dump(const struct oci_state *state, struct text *ret)
{
	field_dump(state_fields, state, ret);
}

void oci_state_release(struct oci_state *state)
{
	field_release(state_fields, state);
}

char *oci_state_time(int64_t seconds, int64_t nanoseconds)
{
	enum { WITHOUT_FRACTION = sizeof "2026-11-29T19:42:35" - 1 };
	char text[CLOCK_TEXT];
	size_t length;

	clock_print(seconds, nanoseconds, 9, text);
	length = strlen(text) - 1; /* without the Z */
	while (length > WITHOUT_FRACTION && (text[length - 1] == '0' || text[length - 1] == '.'))
		length--;
	return text_format("%.*sZ", (int)length, text);
}
