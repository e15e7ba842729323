/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup.h - the door of cgroups/: one container's group, on hosts with v2, v1, or v1 controllers beside a v2 tree.
 *
 * A group is made with its limits before the container's first process exists. That process enters it by
 * CLONE_INTO_CGROUP where v2 has the controllers, else it writes "0" to each v1 "tasks" file itself
 * (writing cgroup.procs costs 5 to 15 ms of waiting in the kernel: startup.md section 3.4).
 * A group is named by its path below the top of each hierarchy: "/box/web" for box run, what config.json says for an OCI container
 * ("/docker/ID"); for an ordinary user below the delegated group.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/text.h"

struct cgroup;
struct device_rule;
struct error;
struct limits;

enum cgroup_version { CGROUP_NONE, CGROUP_V1, CGROUP_V2, CGROUP_HYBRID };

/* What this host has and this user can use. controllers: "memory", "pids", … that box can limit. */
struct cgroup_host {
	enum cgroup_version version;
	struct list controllers;
	char *reason; /* why nothing can be limited, in words with the fix; NULL where something can */
};
int cgroup_host_find(struct cgroup_host *ret, struct error *e);
void cgroup_host_release(struct cgroup_host *host);

/* Adds the controllers without which these limits cannot be enforced, by v2's words, each once; not those of box's own defaults. */
void cgroup_needed(const struct limits *limits, struct list *ret);

/* Who makes the group of a container. */
enum cgroup_manager { CGROUPS_BY_BOX, CGROUPS_BY_SYSTEMD, CGROUPS_BY_NOBODY };

struct cgroup_request {
	const char *path; /* absolute, without "." and ".." */
	/* An OCI container: it joins every v1 tree that is mounted (with name=systemd), and gets every v2 controller. On v1 a group joins
	 * the cpu, cpuset and blkio trees otherwise only where a limit on them is said; LIMIT_NONE is enough, so that cgroup_update can
	 * set one later. Errors name the fields of config.json, else those of app.json. */
	bool joins_all;
	const struct limits *limits;
};

/* Makes the group with its limits, and the groups above it where they are missing. A limit that somebody wrote and this host cannot
 * enforce is an error that names the controller and the field ("resources.limits.cpus"); a default one is a warning, once. Where
 * nothing can be limited and nothing was asked for, the group is empty: every call below does nothing. Nothing but the groups above
 * is left behind on failure. An empty group of that path is taken over; one with processes in it is ERROR_EXISTS. */
int cgroup_create(const struct cgroup_request *request, struct cgroup **ret, struct error *e);

/* The group of a unit of systemd. */
struct cgroup_unit {
	const char *path;     /* "slice:prefix:name", as runc has it; NULL or "": the usual one */
	const char *id;       /* the container */
	const char *subgroup; /* v2: the container's group lies below the unit's, under this name; NULL or "": it is the unit's */
	const struct list *properties; /* "Name=VALUE", the value as GVariant text: they come last; or NULL */
	const struct limits *limits;
};

/* Says where the group of a unit will be, and checks the limits as cgroup_create does; nothing is made. A process that is made now with the
 * plan in its memory finds the paths in cgroup_mounts, and need not enter: cgroup_start_unit moves it. */
int cgroup_plan(const struct cgroup_unit *request, struct cgroup **ret, struct error *e);

/* Makes the unit with that process (which waits) in it, joins what systemd leaves out, and writes the limits. */
int cgroup_start_unit(struct cgroup *group, const struct limits *limits, pid_t pid, struct error *e);

/* An ordinary user's: where the group in which this process runs is not delegated, and systemd is there, a scope of the user's own
 * manager is made around this process, and then it is. Where that does not work all stays as it is: cgroup_create says what cannot be
 * limited. */
void cgroup_seek_delegation(const char *name);

/* An ordinary user's: a scope of the user's own systemd around this process, where there is one, whatever group it is in. */
void cgroup_seek_scope(const char *name);

/* Supervisors and their watcher: this process leaves its caller's groups, so that it does not end with them. The last one of them leaves
 * the group of supervisors again, and the group goes; while others are in it, it stays. */
int cgroup_house_enter(const struct cgroup *found, struct error *e);
/* For a process that is to begin there (spawn.h): what cgroup_house_enter in it needs, for cgroup_free; NULL: it finds that itself.
 * *ret_folder is the group's v2 folder, made where it was missing, which the caller closes, or -1: who is cloned into it has not to enter
 * it by a write, which waits for the kernel for some 10 ms. */
struct cgroup *cgroup_house_find(int *ret_folder);
void cgroup_house_leave(void);

/* In the main process of a service of systemd with Delegate=yes, as root: makes room below the service's own group, by going into a leaf of
 * its own, and *ret is a path for one more group there, "/system.slice/web.service/app"; the caller frees it. NULL
 * where there is none: not in a service, v1 trees, a part of the tree alone. */
int cgroup_house_service(char **ret, struct error *e);

/* For a container that stays in its caller's group: every call does nothing. Its limits, if there are any, are not enforced: a warning. */
struct cgroup *cgroup_none(const struct limits *limits);

/* The record of a group as one text for the state file, and back: in any process, at any time. */
void cgroup_record(const struct cgroup *group, struct text *ret);
int cgroup_open(const char *record, struct cgroup **ret, struct error *e);

/* For another process of a container. The group at path below an open one ("" or "/": itself); and the one in which a process of the
 * container is, which is it or one below it (v2). */
int cgroup_open_below(const struct cgroup *group, const char *path, struct cgroup **ret, struct error *e);
int cgroup_open_around(const struct cgroup *group, pid_t pid, struct cgroup **ret, struct error *e);

/* A group of box's own below an open one, without limits, for processes that have to be ended as a whole; one of that name that is there
 * is taken with whoever is in it. cgroup_kill and cgroup_remove are for it alone. */
int cgroup_make_below(const struct cgroup *group, const char *name, struct cgroup **ret, struct error *e);

/* Whether it belongs to a unit of the user's own systemd. That can move a process there where this one must not: between a session and the
 * groups of the user's manager nobody but root may move anything. */
bool cgroup_can_attach(const struct cgroup *group);
int cgroup_attach(const struct cgroup *group, pid_t pid, struct error *e);

/* As it was requested. Borrowed. */
const char *cgroup_path(const struct cgroup *group);

/* Frees the memory and closes descriptors; the kernel's group stays. */
void cgroup_free(struct cgroup *group);

/* The descriptor for CLONE_INTO_CGROUP, or -1 where the child has to enter by itself. Borrowed. */
int cgroup_clone_fd(const struct cgroup *group);

/* Called by the (single-threaded) process that enters: writes "0" to every tasks file opened by cgroup_create
 * or cgroup_open (v1), or to cgroup.procs of a v2 group when cgroup_clone_fd was not used by this process
 * (entered = false). */
int cgroup_enter(const struct cgroup *group, bool entered, struct error *e);

/* What the container mounts below /sys/fs/cgroup, from inside its own cgroup namespace: v2: one entry with
 * folder "" and type "cgroup2"; v1: a folder and a mount option per controller ("memory" / "memory"). Ends
 * with type NULL. Borrowed. */
struct cgroup_mount {
	const char *type;
	const char *folder;
	/* NULL for v2; "memory"; "cpu,cpuacct" where v1 controllers share a tree: one key without a value each; "name=systemd" */
	const char *option;
	char *host_path; /* the group's folder as the host has it mounted */
};
const struct cgroup_mount *cgroup_mounts(const struct cgroup *group);

int cgroup_kill(const struct cgroup *group, int signal, struct error *e); /* SIGKILL to all, also frozen or forking ones */
/* After SIGKILL to one process of a group that may be frozen: a v1 task dies only when it is thawed. */
int cgroup_let_die(const struct cgroup *group, struct error *e);
int cgroup_freeze(const struct cgroup *group, bool frozen, struct error *e);
bool cgroup_is_frozen(const struct cgroup *group);
int cgroup_pids(const struct cgroup *group, int **ret_pids, size_t *ret_count, struct error *e);
bool cgroup_is_empty(const struct cgroup *group);

/* Of a unit: stops it, too. A plan: nothing happens.
 * Kills what is left, waits (bounded) until the group is empty, removes it in every hierarchy with all groups that the container made
 * below it, and /box with its last group; other groups above stay. Missing is fine. */
int cgroup_remove(const struct cgroup *group, struct error *e);

/* The same for whatever groups of that path this host has, without a record: for what a killed box left. */
int cgroup_remove_path(const char *path, struct error *e);

int cgroup_update(const struct cgroup *group, const struct limits *limits, struct error *e);

/* LIMIT_UNSET (limits.h) where this host does not tell. */
struct cgroup_stats {
	int64_t memory_current, memory_peak, memory_max; /* bytes; LIMIT_NONE: no limit */
	int64_t swap_current, swap_max;
	int64_t oom_kills;    /* processes that the OOM killer took in this group */
	int64_t pids_current, pids_max;
	int64_t pids_refused; /* forks that pids.max refused (pids.events max) */
	int64_t cpu_us, cpu_user_us, cpu_system_us;
	int64_t cpu_periods, cpu_throttled_periods, cpu_throttled_us;
	int64_t io_read_bytes, io_write_bytes, io_reads, io_writes;
};
int cgroup_stats(const struct cgroup *group, struct cgroup_stats *ret, struct error *e);

/* Tells that processes were ended for want of memory: *ret_counts is a file with a line "oom_kill NUMBER", which can be waited for with
 * POLLPRI (v2), or goes with the eventfd *ret_event (v1; else -1). The caller closes both. -1: this host does not tell. */
int cgroup_watch_oom(const struct cgroup *group, int *ret_counts, int *ret_event);

/* What devices the container may open and make: nothing but what the rules (specs/limits.h) allow, the last that fits decides; and
 * always the standard nodes (null, zero, full, random, urandom, tty, ptmx, pts). Replaces what was set before. Only where the host lets
 * us; called before the process enters. cgroup_create does not do it; cgroup_update does where limits has rules. */
int cgroup_devices(const struct cgroup *group, const struct device_rule *rules, size_t count, struct error *e);
