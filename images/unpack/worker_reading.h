/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_reading.h - what reads images of the store to tell something about them, in sandboxes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct list;

struct worker_diff {
	const struct list *a, *b; /* "DIGEST SIZE" of the layers' blobs, lowest first */
	bool has_lower;           /* both lie on the same other layers */
};

/* Tasks for sandbox_start; data is one of these structs. WIRE_TELL gets a line for each difference (images/diff_request.h). */
int worker_diff(int channel, void *data);

struct worker_sbom {
	const struct list *layers; /* as above */
	const char *name;          /* of the image: for people */
	const char *digest;        /* of its manifest */
	const char *created;       /* RFC 3339 */
};

/* Makes the file "sbom" of the root a blob (WIRE_MADE); WIRE_TELL gets "DIGEST SIZE" of it, and WIRE_WARN what could not be read. */
int worker_sbom(int channel, void *data);
