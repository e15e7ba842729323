/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extract.h - an archive for ADD of a build, read in a sandbox.
 */
#pragma once

#include <stdbool.h>

struct error;
struct list;

struct extract {
	int store;
	int archive, out; /* as plain_tar.h has them */
	bool says_kind;
};

/* told: "archive" or "file". */
int extract_run(const struct extract *request, struct list *ret_told, struct list *ret_warnings, struct error *e);
