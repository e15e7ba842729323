/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commit.h - a writable layer becomes a layer of the store: the half of box-image that stays outside the sandboxes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "images/unpack/decoder.h"

struct commit_document;
struct error;
struct list;

struct commit {
	int store;         /* its lock is not held */
	int upper;         /* the upper folder */
	bool only_folders; /* layers do not become tars with an index */
	bool is_changes;   /* upper is a folder as root_changes.h makes it, and holds the upper folder and what it is compared with */
	enum compression compression;
	int64_t epoch;
	const struct commit_document *document;
	const char *words; /* for messages */
};

/* told: as images/commit_request.h has it. */
int commit_run(const struct commit *commit, struct list *ret_told, struct list *ret_warnings, struct error *e);
