/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locate.h - the line of a value in JSON text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The line (from 1) of the value, or of its key, at path ("volumes[2].target") in well-formed JSON; as far as
 * the path leads, so that a missing field has the line of its object. 0 for an empty path. */
int locate_line(const char *text, size_t length, const char *path);

/* The same, and 0 where the text does not have the whole path. */
int locate_exact(const char *text, size_t length, const char *path);

/* Where the value itself stands, and how long it is (ret_length may be NULL); false where the text does not have the whole path. */
bool locate_value(const char *text, size_t length, const char *path, size_t *ret_start, size_t *ret_length);
