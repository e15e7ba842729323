/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number.h - the only parser of numbers that come from outside.
 *
 * Strict: no sign unless the range has negatives, no space, no 0x, no trailing bytes, no leading zeros but "0"
 * itself; out of range is refused. All return 0, or -1 with *ret untouched and errno EINVAL or ERANGE.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

int number_parse(const char *text, int64_t min, int64_t max, int64_t *ret);

/* "512", "64k", "1.5g", "10mb" "1GiB": bytes with units b k m g t (1024 each), upper or lower case. At most 2^62. */
int size_parse(const char *text, int64_t *ret_bytes);

/* "90s", "1m30s", "1h", "250ms", "100us": at least one unit is needed; at most 100 years. */
int duration_parse(const char *text, int64_t *ret_us);

/* "1.5" as millionths: processors. */
int cpus_parse(const char *text, int64_t *ret_millionths);

/* "0400", "755", at most 07777. */
int mode_parse(const char *text, mode_t *ret);

/* "64 MiB", "1.5 GiB", "17 B": for people; buffer of at least 32 bytes is returned. */
const char *size_format(uint64_t bytes, char buffer[static 32]);
