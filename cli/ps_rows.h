/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ps_rows.h - the lines of box ps: containers, and which service they are of.
 */
#pragma once

#include <stddef.h>

struct box_info;
struct instance;
struct instances;

struct ps_row {
	const struct box_info *info;
	const struct instance *instance; /* NULL: no app in the background */
};

/* Fills a row for each, and puts those of one file with services together, where its newest one is, in the order in which they depend on
 * each other. */
void ps_rows_make(const struct box_info *infos, size_t count, const struct instances *instances, struct ps_row *ret);

/* Whether it has the name of a file ("stack") or of a service ("service"). */
int ps_row_has(const struct ps_row *row, const char *key, const char *value);
