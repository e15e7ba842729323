/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_settings.h - what the supervisor knows of its app: the small files of its definition, and of its run.
 *
 *     STORE/apps/NAME/settings   what does not change while it runs: written when the app is made, and when systemd gets or loses it
 *     STORE/apps/NAME/wanted     "running" or "stopped": what the user wants
 *     STORE/apps/NAME/last       how the app's last run ended
 *     STORE/apps/NAME/remove     it goes with its end (--rm)
 *     STORE/apps/NAME/schedule, next   it is a job (job_plan.h)
 *     STORE/apps/NAME/standby, retired   its place among the generations of its service
 *     STATE/NAME/supervisor      how far the supervisor is: whoever takes over from one that died goes on from there
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/supervise/lines.h"

struct error;

struct app_settings {
	char *name;
	char *state;      /* the folder of all states: /run/box */
	char *store;      /* /var/lib/box */
	char *box;        /* the program that does everything heavy */
	char *supervisor; /* the program box-supervise */
	char *restart;    /* as app.json has it: "on-failure:5" */
	int64_t stop_signal, stop_grace_us;
	int64_t created; /* seconds since 1970 */
	char *log_driver; /* "file" or "journald" */
	int64_t log_max_size, log_max_files;
	char *image, *command; /* as box ps shows them; NULL: nothing to show */
	char *volumes_of; /* the name by which its image's volumes are called: that before the first rename; NULL: its own */
	char *spec_file;  /* app.json that the app was made from, absolute; NULL: none */
	char *named;      /* the same by the folders that its user went through, links among them; NULL: not known */
	char *unit;       /* the service of systemd that keeps it, and nobody else starts it; NULL: none */
	int64_t terminal;   /* 1: each run has a terminal of its own (-t) */
	int64_t keep_stdin; /* 1: its stdin stays open, for whoever attaches (-i) */
	/* Of what box up makes (runtime/apps/instances.h); an app of an older version has none of it: NULL and 0. */
	char *stack;        /* the file with services that it is of; NULL: an app alone */
	char *service;      /* whose instance it is: "web", "shop-web" */
	int64_t generation, replica; /* 1 and up */
	int64_t level;      /* services of lower levels are started before, and stopped behind */
	char *depends;      /* on which services, for box start of all: "shop-db:1:0:1 …": condition, restart, required; NULL: on none */
	char *external;     /* volumes that its file has not made, for box down of a name: "a b …"; NULL: none */
	char *digest;       /* of what it was made from: an instance with the same one need not be replaced */
};
extern const struct line_row app_settings_rows[];

/* Reads it from the open folder of the definition; everything that the supervisor needs is there. */
int app_settings_read(int definition, struct app_settings *ret, struct error *e);
/* Replaces it in the open folder. */
int app_settings_write(int definition, const struct app_settings *settings, struct error *e);
void app_settings_release(struct app_settings *settings);

/* Whether the user wants it to run. A definition without a word of it is not finished: false. */
bool wanted_read(int definition);
int wanted_write(int definition, bool running, struct error *e);

/* The end of a run. code -1 and signal 0: nobody knows. */
struct last_end {
	int64_t starts; /* how many runs there were */
	int64_t code, signal;
	int64_t ended; /* seconds since 1970 */
};
extern const struct line_row last_end_rows[];
#define LAST_END_FILE "last" /* empty until there was one: its place on the disk is reserved */
#define REMOVE_FILE "remove"
#define STANDBY_FILE "standby" /* it waits for its turn */
#define RETIRED_FILE "retired" /* a newer generation has its place */

/* STATE/NAME/…: the app's streams, where they are no terminal. */
#define FIFO_STDOUT "stdout"
#define FIFO_STDERR "stderr"
#define FIFO_STDIN "stdin"
