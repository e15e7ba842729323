/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relax.h - JSON as people write it.
 */
#pragma once

#include <stddef.h>

struct error;

/* Blanks comments and commas before a closing bracket in place, so that every other byte keeps its line and
 * column. A comment that does not end is an error with its line. */
int relax(char *text, size_t length, const char *name, struct error *e);
