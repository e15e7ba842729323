/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.h - which cgroup trees this host has, and where in them box may make its groups. Private to cgroups/.
 *
 * A tree is one mounted cgroup file system: the v2 tree with several controllers, or a v1 tree with one
 * controller or a few mounted together. Every controller lives in exactly one tree.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cgroups/cgroup.h"

enum controller {
	CONTROLLER_MEMORY,
	CONTROLLER_PIDS,
	CONTROLLER_CPU,
	CONTROLLER_CPUACCT, /* v1 only: v2 counts cpu time in every group */
	CONTROLLER_CPUSET,
	CONTROLLER_IO,      /* "blkio" on v1 */
	CONTROLLER_FREEZER, /* part of every v2 group (Linux 5.2) */
	CONTROLLER_DEVICES, /* a BPF program on v2 */
	CONTROLLER_HUGETLB,
	CONTROLLER_RDMA,
	CONTROLLER_MISC,
	CONTROLLER_NET_CLS, /* this and all below: v1 only */
	CONTROLLER_NET_PRIO,
	CONTROLLER_PERF_EVENT,
	CONTROLLER_SYSTEMD, /* no controller: the tree name=systemd, in which engines look for a process's group */
	CONTROLLER_COUNT,
};

#define CONTROLLER_BIT(controller) (1U << (controller))

/* What a v2 group can do without a line in cgroup.controllers. */
#define CONTROLLERS_BUILT_IN                                                                                           \
	(CONTROLLER_BIT(CONTROLLER_FREEZER) | CONTROLLER_BIT(CONTROLLER_DEVICES) | CONTROLLER_BIT(CONTROLLER_CPUACCT))

/* Those that limit nothing. */
#define CONTROLLERS_PASSIVE (CONTROLLER_BIT(CONTROLLER_PERF_EVENT) | CONTROLLER_BIT(CONTROLLER_SYSTEMD))

/* "memory", "io" or "blkio": as the kernel names it in such a tree. */
const char *controller_name(enum controller controller, bool is_v2);

struct tree {
	char *root;           /* the folder below which /box lies: the mount point, or a delegated group in it */
	char *folder;         /* last part of the mount point: "memory", "cpu,cpuacct" */
	char *options;        /* v1: the controllers as one mounts them: "memory", "cpu,cpuacct", "name=systemd"; NULL on v2 */
	char *inside;         /* which part of the whole tree is mounted: "/" but in some containers */
	unsigned controllers; /* bits: those that this tree has */
	bool is_v2;
};

struct layout {
	enum cgroup_version version;
	struct tree *trees; /* those that box may use */
	size_t count;
	char *reason; /* why there are none, or NULL */
	char *fix;    /* what to do about that, or NULL */
};

/* The leaf of a delegated v2 group into which box moves itself, because a group with processes has no controllers to give. */
#define GROUP_CALLER "box-caller"

/* The layout of this host for this user. -1 only where /proc cannot be read; a host without usable trees has a reason. */
int layout_find(struct layout *ret, struct error *e);
/* The same whoever may write there, for groups that systemd makes. manager: the group in which its units lie, "" at the top. */
int layout_find_managed(struct layout *ret, const char *manager, struct error *e);
void layout_release(struct layout *layout);
void tree_release(struct tree *tree);

/* The tree that has the controller, or NULL. */
const struct tree *layout_tree(const struct layout *layout, enum controller controller);

/* Reads the text of /proc/self/mountinfo: every cgroup mount once, usable or not. Mounts that are read-only are left out and
 * counted in *ret_read_only. v2 trees get their controllers later, from the kernel's file. */
void layout_parse(struct layout *layout, const char *mountinfo, size_t *ret_read_only);

/* The path of the v2 group in the text of /proc/self/cgroup, copied; NULL where there is none, or where it lies outside of what this
 * process can see ("/../x"). */
char *layout_own_group(const char *proc_cgroup);

/* The bits of the v2 controllers in the text of a cgroup.controllers or cgroup.subtree_control file. */
unsigned controllers_parse(const char *words);

/* "cgroup v2", "cgroup v1", "cgroup v1 beside v2": for messages. */
const char *version_words(enum cgroup_version version);
