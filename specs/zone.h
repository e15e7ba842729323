/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zone.h - time zones, as the host has them below /usr/share/zoneinfo.
 *
 * The C library reads them; it knows one zone at a time, so there is one open zone at a time, too.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;

#define ZONE_UTC "UTC"
#define ZONE_LOCAL "local" /* the host's own: /etc/localtime */

struct zone {
	bool is_utc;
	char *before; /* TZ of the environment, or NULL */
};

/* "Europe/Berlin"; NULL: UTC. ERROR_SPEC where the host has no such zone. Closed by zone_close. */
int zone_open(const char *name, struct zone *ret, struct error *e);
void zone_close(struct zone *zone);

/* Seconds by which its clocks are before UTC at a time since 1970. */
int64_t zone_offset(const struct zone *zone, int64_t time);
