/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.h - what time it is, and how it is written. None of it can fail.
 */
#pragma once

#include <stdint.h>

/* Milliseconds since the host started, sleep included (CLOCK_BOOTTIME). */
int64_t clock_boot_ms(void);

/* Milliseconds since some moment, sleep not included (CLOCK_MONOTONIC). */
int64_t clock_monotonic_ms(void);

/* Nanoseconds, or milliseconds, since 1970 (CLOCK_REALTIME). */
int64_t clock_since_1970_ns(void);
int64_t clock_since_1970_ms(void);

enum { CLOCK_TEXT = 64 };

/* A time of day as RFC 3339 in UTC: "2026-11-29T19:42:35.123Z" with digits (0 to 9) of fraction. */
void clock_print(int64_t seconds, int64_t nanoseconds, int digits, char ret[static CLOCK_TEXT]);
