/* SPDX-License-Identifier: Apache-2.0 */
/*
 * box.h - the door of runtime/: the verbs on containers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/text.h"

struct container;
struct error;
struct exit_record;
struct file_entry;
struct layer;
struct places;

/* Makes the container, runs it in the foreground to its end and removes everything it made. *ret_status is
 * the app's exit code, 126, 127, or 128 + n where signal n ended it. What is worth telling about the end (out
 * of memory, pids limit) is added to epilogue, in sentences. -1 where box itself failed (125): e says what,
 * with the spec field where one is to blame. */
int box_run(const struct places *places, const struct container *container, int *ret_status, struct list *epilogue,
	    struct error *e);

/* Keeps for box explain that the app could not be started, because of failure. What cannot be kept is a warning. */
void box_keep_failure(const struct places *places, const struct container *container, const struct error *failure);

/* For a command that reads what cannot be read twice (its stdin): box may have to execute itself from a sealed copy, and does so now
 * (sealed.h). */
int box_seal(struct error *e);

struct box_exec {
	const char *name;
	const struct list *args;
	const struct list *env; /* added to the container's */
	const char *user;        /* NULL: as the app */
	const char *working_dir; /* NULL: as the app */
	const char *cgroup;      /* a group below the container's own, or NULL */
	bool terminal;
	bool keep_stdin;

	/* Of OCI containers only, whose program gets the caller's descriptors. */
	const char *process;        /* process.json, which says all of the above; NULL: none */
	size_t process_length;
	const char *console_socket; /* gets the terminal; NULL: this process relays it */
	const char *pid_file;       /* gets the new process' pid, or NULL */
	const struct list *groups;  /* further groups, as digits, or NULL */
	const struct list *capabilities; /* added to all sets but the ambient one, or NULL */
	bool no_new_privileges;
	bool detach;                /* return when the program runs */
	bool ignores_pause;         /* enter a paused container as well */
	int preserved;              /* so many descriptors from 3 on go to the program */

	const struct container *tools; /* box_debug: whose root, mounts, files and program it gets; NULL: the container's own */
	int guard;                     /* with tools: the guard that ends what it begins (guard.h) */
};
/* Runs one more process inside a running container, in the foreground unless detach. Status as box_run. */
int box_exec(const struct places *places, const struct box_exec *request, int *ret_status, struct error *e);

struct box_debug {
	const char *name; /* of a running app */
	/* The image with the tools, as app_container describes it, read-only, with its layers; args is the program. What may be mounted,
	 * seen and done follows the app all the same. */
	const struct container *tools;
	const struct list *env; /* added to the tools' */
	const char *user;        /* in the app's words; NULL: as the app */
	bool terminal, keep_stdin;
};
/* Runs a program of another image beside an app, in the foreground: in all namespaces of the app but the mounts, with the app's own root on
 * BOX_DEBUG_ROOT and no more powers than the app. When it ends, or this process does, all that it began is ended, and nothing is left.
 * Status as box_run. */
int box_debug(const struct places *places, const struct box_debug *request, int *ret_status, struct error *e);
#define BOX_DEBUG_ROOT "/app"

/* Whether a running app sees the host's network: 1 or 0. */
int box_shares_network(const struct places *places, const char *name, struct error *e);

/* One line of box ps. */
struct box_info {
	char *name;
	char *image;
	char *command;
	char *status; /* "created", "running", "paused", "stopped"; of an app in the background also background_status() */
	pid_t pid;    /* of the first process, on the host */
	int64_t created; /* seconds since 1970 */
	const char *health; /* "starting", "healthy", "unhealthy"; "": it has no check, or does not run. Static */
	char *schedule;     /* of a job: "30 3 * * * (UTC)"; NULL: it is none, and nothing of the rest is said */
	int64_t next_run;   /* seconds since 1970; 0: none comes */
	int64_t last_end;   /* likewise, of the last run; 0: there was none */
	int last_status;    /* as box run's exit code */
};
int box_list(const struct places *places, struct box_info **ret, size_t *ret_count, struct error *e);
void box_list_free(struct box_info *infos, size_t count);

/* Host pids of all processes in the container. */
int box_pids(const struct places *places, const char *name, int **ret_pids, size_t *ret_count, struct error *e);

/* Sends signal to the first process; all: to every process. */
int box_kill(const struct places *places, const char *name, int signal, bool all, struct error *e);

/* Asks the container to end by its stop_signal and waits; after grace_us (-1: the spec's stop_grace_period) it is killed. Returns when
 * nothing of it is left; an OCI container stays, stopped, until it is removed. */
int box_stop(const struct places *places, const char *name, int64_t grace_us, struct error *e);

/* Checks the health of an app in the background by the program that its definition names, for its supervisor: the program's output comes
 * to this process' stdout and stderr, and nothing that it began is left afterwards. Status as box_run, 124 where its time was over. */
int box_check_health(const struct places *places, const char *name, int *ret_status, struct error *e);

/* Gives a secret of a running container the content of file, as one step for whoever reads it, where it has another one: *ret_differs.
 * look_only: only looks whether it has. Where the target holds anything that box did not put there it fails, and all stays as it is. */
int box_replace_secret(const struct places *places, const char *name, const struct file_entry *file, bool look_only, bool *ret_differs,
		       struct error *e);

/* How run number of an app in the background ended, 0: the last one; adds the numbers of all runs that have a record. Where there is no
 * such app, of runs in the foreground: of one container, or of all that were made from an app of this name. */
int box_explain(const struct places *places, const char *name, int64_t number, struct exit_record *ret, struct list *ret_numbers,
		struct error *e);

/* Has a running app read its files again, as its spec says: by a signal, or by a program in it, whose output comes to this process' stdout
 * and stderr, and which is killed where its time is over. *ret_status: 0, or the program's as box_run, 124 where it was late. */
int box_reload(const struct places *places, const char *name, int *ret_status, struct error *e);

/* Whether it runs and is paused. */
bool box_is_paused(const struct places *places, const char *name);

int box_pause(const struct places *places, const char *name, bool paused, struct error *e);

/* Removes a container that does not run; force: kills it first. Missing with force is fine. */
int box_remove(const struct places *places, const char *name, bool force, struct error *e);

/* Removes what a killed box, an interrupted command or a reboot left in this state folder and this store: called by every command that
 * makes something. Goes on after a failure; the first one is in e. */
int box_sweep(const struct places *places, struct error *e);

/* Whether a container of that name runs. */
bool box_lives(const struct places *places, const char *name);

/* The root of a running container as a tar, without what is mounted on it, ids as it sees them (base/tar_tree.h). *ret_shortened: files
 * that became shorter while they were read. */
int box_export(const struct places *places, const char *name, int fd, int64_t *ret_shortened, struct error *e);

/* The same of layers of the store, lowest first, as a container would see them. */
int box_export_layers(const struct places *places, const struct layer *layers, size_t count, int fd, struct error *e);
/* Whether a container of this name was made from a bundle (OCI). */
bool box_is_oci(const struct places *places, const char *name);

/* The same of an app in the background that does not run: its layers, with what it wrote on top. */
int box_export_app(const struct places *places, const struct container *container, int fd, struct error *e);
