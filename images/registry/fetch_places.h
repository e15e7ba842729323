/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch_places.h - the root folder of a fetcher: what libc needs to look a name up, and nothing else.
 */
#pragma once

struct error;

/* Makes staging/net/etc with copies of hosts and resolv.conf, and an nsswitch.conf that loads no library. A descriptor of staging/net. */
int fetch_places_make(int staging, struct error *e);
