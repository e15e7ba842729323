/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apps.h - the definitions of apps in the background, on disk: STORE/apps/NAME/.
 *
 *     app.json      the frozen spec: needs no other file and no variable
 *     image         the digest of its image, which stays in the store as long (images/app_images.h); none: a folder of the host
 *     settings, wanted, last, remove, standby, retired   runtime/supervise/app_settings.h
 *     volumes       app_volumes.h
 *     schedule, next   of a job: job.h
 *     network, standby   app_network.h
 *     ids           the first of its host ids
 *     log/          what it wrote
 *
 * A definition lives until box rm, whether the app runs or not, also across reboots. What the app wrote (containers/NAME) and its ids
 * belong to it: they name its folder as their holder.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct container;
struct error;
struct list;
struct places;
struct app_settings;
struct text;

struct app_definition {
	const char *name;
	const char *spec_file;   /* absolute, or NULL */
	const char *named;       /* the same, links not resolved, or NULL */
	const struct container *container; /* for its health check */
	const struct text *json; /* app.json */
	const char *digest;      /* of its image, or NULL */
	const char *image;       /* as the user knows it */
	const struct list *args;
	const char *restart;
	const char *log_driver;  /* "file" or "journald" */
	int64_t log_max_size, log_max_files;
	int stop_signal;
	int64_t stop_grace_us;
	const struct app_schedule *schedule; /* of a job; NULL, or without times: it is none */
	bool terminal, keep_stdin; /* -t, -i */
	bool remove;             /* --rm: it goes with its end */
	const char *stack, *service; /* app_settings.h, as the next; service NULL: its name */
	int64_t generation, replica, level; /* 0: the first */
	const char *spec_digest, *volumes_of, *depends, *external;
	bool is_standby;         /* it waits for its turn */
};

/* Makes the definition of an app that the user wants to run. A name that is taken is ERROR_EXISTS. The caller holds them (apps_hold). */
int apps_make(const struct places *places, const struct app_definition *definition, struct error *e);

/* Its folder's path, whether there is one or not. The caller frees it. */
char *apps_path(const struct places *places, const char *name);

/* 1: this state folder has such an app; 0: it has none; -1: the store does not tell. */
int apps_find(const struct places *places, const char *name, struct error *e);

/* Whether it certainly has. */
bool apps_exists(const struct places *places, const char *name);

/* For a container that is no app in the background: an error where its name is taken by one. */
int apps_refuse_name(const struct places *places, const char *name, struct error *e);

/* Opens the folder of all definitions, whatever their state folder. They name programs that are executed: where others may write the store
 * they are not believed. -1 with e->sys ENOENT where there is none. */
int apps_open_all(const char *store, struct error *e);

/* Opens the folder. ERROR_MISSING where this state folder has no such app. settings may be NULL. */
int apps_open(const struct places *places, const char *name, struct app_settings *settings, struct error *e);

/* The first of its host ids, as the open definition notes it: what it wrote is owned by them. -1 where it notes none. */
int64_t apps_id_base(int definition);
int apps_note_id_base(int definition, int64_t base, struct error *e);

/* Calls visit for every definition in the store, whatever its state folder, with the open folder of all; -1 of visit ends the walk. */
int apps_walk(const struct places *places, int (*visit)(int apps, const char *name, void *data, struct error *e), void *data,
	      struct error *e);

/* Every name of an app of this state folder, in no order. */
int apps_names(const struct places *places, struct list *ret, struct error *e);

/* The same of those that go with their end, have no state folder, and are no longer in the making: their end was a reboot, or a kill of
 * everything at once. */
int apps_names_left(const struct places *places, struct list *ret, struct error *e);

/* Removes the definition, and then what belongs to it. The app does not run. The caller holds them (apps_hold). */
int apps_remove(const struct places *places, const char *name, struct error *e);

/* Removes what an interrupted apps_make or apps_remove left. Goes on after a failure; the first one is in e. The caller
 * holds them. */
int apps_sweep(const char *store, struct error *e);
