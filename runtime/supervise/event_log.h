/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event_log.h - the log of what happened (runtime/logs/events.h), as its writers see it: a supervisor is one, and reads no JSON.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;

#define EVENTS_FOLDER ".events"
#define EVENT_LOG "log"
#define EVENT_LOG_BEFORE "log.1"

struct event {
	char *type;   /* "container", "image", "volume" */
	char *action; /* "start", "die", "pull" … */
	char *name;   /* of the container, the image or the volume */
	char *image;  /* of a container, or NULL */
	char *signal; /* of a kill, or NULL */
	int64_t pid;  /* of a die in the foreground: which first process it was, on the host; else 0 */
	int64_t exit_code; /* of a die */
	int64_t time; /* seconds since 1970, and nanoseconds of the next */
	int64_t time_ns;
};

/* The folder STATE/.events, made where it is missing: a descriptor, or -1. */
int event_log_folder(const char *state, struct error *e);

/* Whether name in the open folder still is the open file. */
bool event_log_is_still(int folder, const char *name, int file);

/* Adds what happened now below the folder of all states. more, or NULL: what else there is to tell. What cannot be noted is passed over. */
void event_log_note(const char *state, const char *type, const char *action, const char *name, const struct event *more);
