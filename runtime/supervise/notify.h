/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify.h - what a supervisor that is the main process of a service tells its service manager: sd_notify(3)'s protocol, a datagram of
 * lines "KEY=value" to the socket that NOTIFY_SOCKET names.
 *
 * The variables stay in this process' environment, so that a renewed supervisor has them; its helpers and the app never get them (spawn.c).
 */
#pragma once

#include <stdint.h>

struct notify {
	const char *socket; /* a path, or "@" and an abstract name; NULL: nobody listens. Of the environment */
	int64_t beat_ms;    /* between two signs of life; 0: nobody waits for them */
	int64_t next_ms;    /* of the next one, by the loop's clock */
};

/* From NOTIFY_SOCKET, and from WATCHDOG_USEC where WATCHDOG_PID is this process or is not set. */
void notify_open(struct notify *ret, int64_t now_ms);

/* Sends these lines. Whether they arrive is the manager's business: an app does not end because nobody hears of it. */
void notify_send(const struct notify *n, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* When notify_serve wants to be called; INT64_MAX: never. */
int64_t notify_deadline(const struct notify *n);

/* Sends a sign of life where it is due. */
void notify_serve(struct notify *n, int64_t now_ms);
