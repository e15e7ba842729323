/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor.h - what this host can do: one row per feature, each tried.
 */
#pragma once

#include <stddef.h>

#include "base/text.h"

struct places;

enum finding_level {
	FINDING_FINE,
	FINDING_LESS,   /* box run works; something that a spec can ask for does not */
	FINDING_BROKEN, /* box run does not work */
};

struct finding {
	enum finding_level level;
	struct text detail; /* what was found */
};

/* Rows are zeroed findings filled by check. */
struct doctor_row {
	const char *name;
	void (*check)(const struct places *places, struct finding *ret);
	const char *needed_by;
	const char *fix; /* NULL: the detail says it */
};

extern const struct doctor_row doctor_rows[]; /* ends with a row without a name */

/* doctor_namespaces.c: rows that need namespaces of their own to try. */
void doctor_user_namespaces(const struct places *places, struct finding *ret);
void doctor_time_namespaces(const struct places *places, struct finding *ret);
void doctor_overlay(const struct places *places, struct finding *ret);
void doctor_idmap(const struct places *places, struct finding *ret);

/* doctor_network.c */
void doctor_networks(const struct places *places, struct finding *ret);
void doctor_way_out(const struct places *places, struct finding *ret);
