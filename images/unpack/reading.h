/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reading.h - images of the store are read to tell something about them: the half of box-image that stays outside the sandbox.
 */
#pragma once

#include <stdbool.h>

struct error;
struct list;

/* a and b: "DIGEST SIZE" of layers' blobs, lowest first. told and warnings are given, as images/diff_request.h has them. */
int reading_diff(int store, const struct list *a, const struct list *b, bool has_lower, struct list *ret_told,
		 struct list *ret_warnings, struct error *e);

struct worker_sbom;

/* The blob of an SBOM is in the store afterwards; told: its "DIGEST SIZE". */
int reading_sbom(int store, struct worker_sbom *sbom, struct list *ret_told, struct list *ret_warnings,
		 struct error *e);
