/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words.h - what several commands read in the values of their options: filters, and points in time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;
struct list;

/* What stands behind "KEY=" in a filter; NULL where it has another key. */
const char *filter_value(const char *filter, const char *key);

/* Whether every filter has one of keys, which NULL ends, and a value. */
int filters_check(const struct list *filters, const char *const *keys, struct error *e);

/* Whether object fits: of several filters with one key one has to, of every key one has to. has: whether object has value for key. */
bool filters_fit(const struct list *filters, const char *const *keys, bool (*has)(const void *object, const char *key, const char *value),
		 const void *object);

/* A point in time as docker has it: so long ago ("10m", "1h30m"), seconds since 1970, or a date, RFC 3339, in UTC where it says no
 * zone ("2026-01-02", "2026-01-02T15:04:05", "2026-01-02T15:04:05+01:00"). option is for messages. */
int moment_parse(const char *option, const char *words, int64_t *ret_seconds, struct error *e);
