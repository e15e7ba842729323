/* SPDX-License-Identifier: Apache-2.0 */
/*
 * when.h - points in time, as people write them.
 */
#pragma once

#include <stdint.h>

struct error;

/* "2026-11-29T19:42:34Z", with a fraction, "+01:00", or neither (this host's time); "2026-11-29"; "10m" and "1h30m" (ago); "1796000000.5"
 * (seconds since 1970). *ret_ns: since 1970. option is for the message. */
int when_parse(const char *option, const char *words, int64_t *ret_ns, struct error *e);
