/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch.h - the parent's half of a start, and what it has to undo.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cgroups/cgroup.h"
#include "runtime/child/namespaces.h"
#include "runtime/seccomp/seccomp.h"
#include "runtime/state/idmap.h"
#include "runtime/state/state.h"

/* OCI: what the command line asks for. */
struct launch_wishes {
	const struct oci_texts *texts; /* kept in the state folder */
	const char *console_socket; /* gets the terminal, or NULL */
	const char *pid_file;       /* gets the first process' pid, or NULL */
	enum cgroup_manager manager;
	bool starts;                /* run: the program starts at once, and this process stays; else it waits for start */
};

/* An app in the background: its program lives on when this process ends. */
struct launch_background {
	const char *definition_path; /* STORE/apps/NAME: what its writable layer and its ids belong to, from one run to the next */
	int definition;              /* the open folder */
	int fifos[3];                /* stdout, stderr and, where the app has an input, stdin: open for both; else -1 */
};

struct cgroup;
struct container;
struct error;
struct net_moves;
struct networks;
struct oci_texts;
struct places;

/* Everything that a start makes and that others can see; a zero or -1 field was not made, or was undone. */
struct launch {
	const struct places *places;
	const struct container *container;
	struct launch_wishes wishes;
	const struct launch_background *background; /* NULL: the app ends with this process */
	struct state state;
	char *holder;            /* STATE/NAME, or the definition: how the store knows whose its parts are */
	int store;               /* descriptor of the store's folder */
	uint32_t id_base;        /* lease */
	struct id_map map;
	bool has_user_namespace;
	bool has_writable;
	int writable;            /* descriptor of the writable layer's folder */
	struct cgroup *group;
	struct seccomp_filter filter;
	int *volume_locks;
	size_t volume_lock_count;
	bool *source_is_file;    /* per mount of the container: a bind mount of a file */
	int init_program;        /* memfd of box-init */
	int channel;
	int start;               /* OCI create: the listening socket on which start comes */
	struct namespaces namespaces;
	pid_t pid;
	int pidfd;
	int app_userns;          /* for id-mapped mounts; root only */
	int shift_userns;
	struct networks *networks; /* NULL: it is in none */
	struct net_moves *net_moves; /* until the container has come about */
	int net_counters;        /* the container's /proc/net/snmp, for the explanation of its end */
	int filter_listener;     /* of the app's seccomp filter, where refused calls are counted; else -1 */
	int streams[3];          /* to the app's stdin, from stdout, from stderr; with a terminal: its master, -1, -1 */
};

void launch_init(struct launch *l, const struct places *places, const struct container *container);

/* Makes everything and starts the app's program. On failure launch_release undoes what was made. */
int launch_start(struct launch *l, struct error *e);

/* As launch_init, for an app in the background whose state folder is there, and held by its supervisor. What is kept from run to run is
 * opened, or made where it is missing; launch_release leaves it. */
void launch_init_background(struct launch *l, const struct places *places, const struct container *container,
			    const struct launch_background *background);

/* The app goes on without this process: forgets everything that launch_release would take away. */
void launch_let_go(struct launch *l);

/* Ends the app where it still runs, and removes everything that launch_start made. The first failure is in e; the rest is removed
 * all the same. */
int launch_release(struct launch *l, struct error *e);
