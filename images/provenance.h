/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provenance.h - how an image was made: SLSA provenance v1 in an in-toto statement, as JSON.
 *
 * No value of a secret or of a build argument, no name of a host, user or folder, and no time but the image's: the same build is the same
 * bytes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

#define PROVENANCE_TYPE      "application/vnd.in-toto+json"
#define PROVENANCE_PREDICATE "https://slsa.dev/provenance/v1"

/* A step of the build. */
struct provenance_step {
	const char *words;          /* as the history has it: names of build arguments, no values */
	const char *stage;
	int64_t line;               /* in the file; 0: none */
	const char *layer;          /* digest of the uncompressed layer; NULL: it changed nothing */
	bool has_network;
};

struct provenance {
	const char *name;           /* of the image */
	const char *digest;         /* of its manifest */
	const char *file_name;      /* of the Dockerfile or spec, without its folder */
	const char *file_digest;    /* "sha256:…", or NULL */
	const char *context_digest; /* the Merkle digest of what the build read of its context; NULL: nothing */
	const char *target;         /* stage; NULL: the last one */
	const char *platform;       /* "linux/amd64" */
	const struct list *args;    /* names of build arguments that were given; values may be secrets */
	const struct list *materials; /* "DIGEST URI" of what else it read: "sha256:… docker://debian:12", "gitCommit:… git+https://…" */
	bool is_hermetic;           /* no step had the network */
	int64_t epoch;              /* SOURCE_DATE_EPOCH */
	const char *compression;    /* of layers */
	/* mode=max */
	const struct provenance_step *steps; /* NULL: they are not told */
	size_t step_count;
	const struct list *secrets; /* names of those that were given; NULL: not told */
};

/* Adds the predicate alone. */
void provenance_write_predicate(const struct provenance *provenance, struct text *ret);

/* Adds the statement. */
void provenance_write(const struct provenance *provenance, struct text *ret);
