/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events.h - what happened to containers, images and volumes, for whoever wants to hear of it.
 *
 *     STATE/.events/log      a JSON object per line, appended under a lock on the file itself
 *     STATE/.events/log.1    what was the log until it had grown large
 *
 * There is no daemon: who does something notes it, and who wants to hear of it reads the log and watches the folder by inotify(7). What
 * has happened does not fail because it cannot be noted. Nothing survives a reboot.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/supervise/event_log.h"

struct error;
struct places;

void event_release(struct event *event);

/* Notes what happened now. more: what else there is to tell (image, signal, pid and exit code), or NULL. */
void events_note(const struct places *places, const char *type, const char *action, const char *name, const struct event *more);

/* The log from its beginning, or from its end on. */
struct events;
struct events *events_open(const struct places *places, bool from_end, struct error *e);
void events_free(struct events *events);

/* The next event, released by the caller: 1; 0 where there is none yet. Lines that cannot be read are passed over. */
int events_next(struct events *events, struct event *ret, struct error *e);

/* Waits until there may be more, at most timeout_ms (-1: for ever): 1, or 0 where the time is over. A signal is EINTR. */
int events_wait(struct events *events, int timeout_ms, struct error *e);
