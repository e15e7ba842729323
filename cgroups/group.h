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
	int parent;       /* ROOT/box, O_PATH */
	int folder;       /* ROOT/box/NAME, O_PATH */
	int tasks;        /* v1 tasks, v2 cgroup.procs: open for writing */
	bool is_made;     /* by this process: undone when create fails */
};

struct cgroup {
	char *name;
	enum cgroup_version version;
	struct branch *branches; /* none: a group that does nothing */
	size_t count;
	struct cgroup_mount *mounts; /* made by create and open; ends with type NULL */
};

/* The folder that holds all groups of box in a tree. */
#define GROUP_PARENT "box"

/* cgroup.c: a name that cannot lead out of ROOT/box, nor break a record. */
int group_check_name(const char *name, struct error *e);
/* A group without branches; version as of the host. */
struct cgroup *group_new(const char *name, size_t name_length, enum cgroup_version version);
/* One more branch, whose tree has no texts yet; borrowed. */
struct branch *group_add(struct cgroup *group, bool is_v2, unsigned controllers);
/* After the last group_add: the list of cgroup_mounts. */
void group_fill_mounts(struct cgroup *group);
/* Opens folder and tasks below the open parent. */
int branch_open(struct branch *branch, const char *name, struct error *e);

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

/* v1.c: before the first task enters: a new cpuset group has neither cpus nor memory nodes. */
int v1_prepare_parent(const struct branch *branch, struct error *e);
int v1_prepare_group(const struct branch *branch, struct error *e);
int v1_freeze(const struct branch *branch, bool frozen, int timeout_ms, struct error *e);
bool v1_is_frozen(const struct branch *branch);

/* v2.c: makes sure that groups below ROOT/box can have the controllers. */
int v2_enable(const struct branch *branch, unsigned controllers, struct error *e);
int v2_freeze(const struct branch *branch, bool frozen, int timeout_ms, struct error *e);
bool v2_is_frozen(const struct branch *branch);
