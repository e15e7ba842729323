/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secrets.h - the sources of an app's secrets, watched while it runs.
 *
 * A source changes by being written, by a rename over it, or by any link on the way to it that leads elsewhere from now on (Kubernetes,
 * certbot). So each folder on the way is watched by inotify(7), for the one name in it that matters, and the watches are set anew after a
 * change. When nothing has changed for a moment, "box app-secrets NAME" compares what the sources hold with what the app has, and does the
 * rest; it runs once at the beginning, too, because the sources may have changed while nobody looked. Where inotify has nothing left to
 * give, it runs every minute.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/text.h"
#include "runtime/supervise/probe.h"

struct error;
struct pollfd;

enum { SECRETS_POLLS = 2, SECRETS_WANT_RESTART = 3 /* the exit code by which box app-secrets says so */ };

struct secrets {
	struct list paths; /* empty: there is nothing to do here */
	struct probe_app app;
	int definition, state, log; /* borrowed */
	int watch;                  /* of inotify, or -1 */
	struct secrets_spot {
		int folder; /* its number in inotify */
		char *name;
	} * spots;
	size_t spot_count;
	bool is_blind;    /* some folder cannot be watched */
	int64_t first_ms; /* the first change of those that are settling; 0: none */
	int64_t due_ms;   /* when box app-secrets is begun; INT64_MAX: not now */
	pid_t pid;        /* of it; 0: it does not run */
	int pidfd;
};

/* Notes the sources in the open folder of a definition that is being made. */
int secrets_define(int definition, const struct list *paths, struct error *e);

/* The app of that definition. The texts of app and the descriptors (its state folder, the FIFO of its log) are borrowed. */
void secrets_open(struct secrets *s, const struct probe_app *app, int definition, int state, int log);

/* The app runs: its secrets follow their sources. */
void secrets_begin(struct secrets *s, int64_t now_ms);

/* The app has ended, or has been asked to. */
void secrets_rest(struct secrets *s);

/* What to wait for: fills SECRETS_POLLS entries, and the time at which secrets_serve wants to be called at the latest (INT64_MAX: none). */
int64_t secrets_watch(const struct secrets *s, struct pollfd *polls);

/* Does what is due, after poll(2) filled the entries or the time came. Whether the app has to be started anew. */
bool secrets_serve(struct secrets *s, const struct pollfd *polls, int64_t now_ms);
