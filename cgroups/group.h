/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group.h - the inside of struct cgroup, shared by the files of cgroups/. Private to this folder.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cgroups/cgroup.h"
#include "cgroups/host.h"

/* The group in one tree. Descriptors are -1 where the folder is gone or not opened. */
struct branch {
	struct tree tree; /* owned copy; controllers: those for which the group joined */
	int parent;       /* the folder above the group's own, O_PATH; of a group that is being made */
	int folder;       /* ROOT and the group's path, O_PATH */
	int tasks;        /* v1 tasks, v2 cgroup.procs: open for writing; of a group that is being made */
	bool is_made;     /* by this process: undone when create fails */
};

/* The unit of systemd that a group belongs to. */
struct unit {
	char *name;
	bool is_user;      /* of the caller's own manager */
	bool is_slice;
	bool is_planned;   /* not started: nothing is there yet */
	/* Until it is started: */
	char *slice;       /* the unit above it */
	bool has_subgroup; /* the last part of the group's path is box's, below the unit's */
	unsigned needed;   /* controllers that its limits need */
	struct list properties; /* what the user wants of it, as unit_properties.h has them */
};

struct cgroup {
	char *path; /* the same below the root of every tree: "/box/web" */
	bool joins_all;
	enum cgroup_version version;
	struct unit *unit;       /* NULL: box itself makes and removes the group */
	struct branch *branches; /* none: a group that does nothing */
	size_t count;
	struct cgroup_mount *mounts; /* made by create and open; ends with type NULL */
};

/* The folder that holds the groups of "box run" in a tree. */
#define GROUP_PARENT "box"

/* path.c: a path that cannot lead out of the tree, nor break a record. */
int group_check_path(const char *path, struct error *e);
/* The last part of the group's path. Borrowed. */
const char *group_leaf(const struct cgroup *group);
/* Whether the group lies in ROOT/box, which goes with its last group. */
bool group_is_boxs_own(const struct cgroup *group);

/* What a walk does on its way. */
struct path_wish {
	bool wants_made;   /* a missing folder is made */
	unsigned needed;   /* v2: controllers that groups below must be able to have */
	unsigned welcome;  /* v2: likewise, where the kernel lets us */
};

/* The folder above the last part of path, O_PATH, or -1. */
int path_walk(const struct branch *branch, const char *path, const struct path_wish *wish, struct error *e);

/* The folder of path itself, where it is there: O_PATH, or -1. */
int path_open(const struct branch *branch, const char *path, struct error *e);

/* A group without branches; version as of the host. */
struct cgroup *group_new(const char *path, size_t path_length, enum cgroup_version version);
/* One more branch, whose tree has no texts yet; borrowed. */
struct branch *group_add(struct cgroup *group, bool is_v2, unsigned controllers);
/* After the last group_add: the list of cgroup_mounts. */
void group_fill_mounts(struct cgroup *group);
/* Opens folder and tasks below the open parent. */
int branch_open(const struct cgroup *group, struct branch *branch, struct error *e);

/* The file to which is written who enters. */
const char *branch_tasks_file(const struct branch *branch);

/* Writes pid ("0": this task) to the tasks of the group, opened now where that was not done yet. 0, or -1 with errno. */
int branch_put(const struct branch *branch, const char *pid);

/* The branch that has the controller, or NULL where the group did not join it. */
const struct branch *group_branch(const struct cgroup *group, enum controller controller);

/* Writes content to a file of the group. 0, or -1 with errno. */
int group_write(const struct branch *branch, const char *file, const char *content);

/* Reads a file of the group into buffer, ended by a zero byte, cut at size. The length, or -1 with errno. */
long group_read(const struct branch *branch, const char *file, char *buffer, size_t size);

/* Milliseconds of a clock that never jumps. */
long clock_ms(void);

/* Sleeps for *pause_us, then doubles it up to 20 ms. False, without a sleep: the deadline has passed. */
bool wait_until(long deadline_ms, unsigned *pause_us);

/* v1.c: a new cpuset group has neither processors nor memory nodes: it gets those of the group above. is_new: made
 * just now, by the caller. shown is for messages. */
int v1_inherit(const struct branch *branch, int above, int below, bool is_new, const char *shown, struct error *e);
int v1_freeze(const struct branch *branch, bool frozen, int timeout_ms, struct error *e);
bool v1_is_frozen(const struct branch *branch);

/* v2.c: makes sure that the children of the group folder can have the controllers; shown is its path. */
int v2_enable(int folder, const char *shown, bool is_root, const struct path_wish *wish, struct error *e);
int v2_freeze(const struct branch *branch, bool frozen, int timeout_ms, struct error *e);
bool v2_is_frozen(const struct branch *branch);

/* unit.c: what systemd has to be told. The unit of a group that is only planned is left alone. */
int unit_set(const struct cgroup *group, const struct limits *settled, struct error *e);
int unit_stop(const struct cgroup *group, struct error *e);
void unit_free(struct unit *unit);

/* unit_call.c: runs box-scope with these words. out gets what it prints, or is NULL. */
int unit_call(bool is_user, const char *verb, const char *unit, const struct list *words, struct text *out, struct error *e);

/* freeze.c: signals everybody in one branch and below it. */
int branch_signal(const struct branch *branch, int signal, struct error *e);
