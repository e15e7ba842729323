/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provenance.h - how an image was made: SLSA provenance v1 in an in-toto statement, as JSON.
 *
 * No secret, no value of a build argument, no name of a host, user or folder, and no time but the image's: the same build is the same
 * bytes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

#define PROVENANCE_TYPE      "application/vnd.in-toto+json"
#define PROVENANCE_PREDICATE "https://slsa.dev/provenance/v1"

struct provenance {
	const char *name;           /* of the image */
	const char *digest;         /* of its manifest */
	const char *file_name;      /* of the Dockerfile or spec, relative to the context: "Dockerfile" */
	const char *file_digest;    /* "sha256:…", or NULL */
	const char *context_digest; /* the Merkle digest of what the build read of its context; NULL: nothing */
	const char *target;         /* stage; NULL: the last one */
	const char *platform;       /* "linux/amd64" */
	const struct list *args;    /* names of build arguments that were given; values may be secrets */
	const struct list *bases;   /* "DIGEST NAME" of the images that it read */
	bool is_hermetic;           /* no step had the network */
	int64_t epoch;              /* SOURCE_DATE_EPOCH */
	const char *compression;    /* of layers */
};

/* Adds the statement. */
void provenance_write(const struct provenance *provenance, struct text *ret);
