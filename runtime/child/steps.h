/* SPDX-License-Identifier: Apache-2.0 */
/*
 * steps.h - the child's half of a start: its state and its steps.
 *
 * Every step has the same form, reads the container, acts, and returns 0 at once where its part of the container is
 * empty. The order of the steps, and the reasons for it, are in child.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "runtime/child/users.h"

struct cgroup;
struct container;
struct error;
struct file_entry;
struct mount_entry;
struct seccomp_filter;

struct descriptors {
	int *fds; /* each is taken once: -1 afterwards */
	size_t count;
	size_t taken;
};

struct child {
	/* Set by the parent before clone. */
	const struct container *container;
	const struct file_entry *files; /* beside the container's own: of its networks */
	size_t file_count;
	const struct cgroup *cgroup;
	const struct seccomp_filter *filter;
	const bool *source_is_file; /* per mount: a bind mount of a file */
	const char *writable;     /* rootless: the folder that holds the writable layer; NULL as root (it comes as a descriptor) */
	const char *volumes;      /* rootless: the store's folder of volumes */
	int channel;
	int first;                /* box debug: pidfd of the app's first process */
	int start;                /* OCI create: the socket on which start comes, or -1 */
	int fifos[3];             /* is_background: become its stdout, stderr and, with keep_stdin, stdin */
	int init_program;         /* descriptor of box-init in a sealed memfd, or -1 */
	bool entered_cgroup;      /* by CLONE_INTO_CGROUP */
	bool is_rootless;
	bool is_first;            /* the container's first process, not one that entered */
	bool is_background;       /* the app lives on when box ends */
	bool can_mount;           /* a chroot: it has a mount namespace of its own all the same */
	bool can_setgroups;
	bool has_tty_group;       /* gid 5 exists in the container */

	/* Found on the way. */
	struct descriptors given; /* mounts from the parent */
	pid_t host_pid;           /* this process, as the host knows it */
	struct identity identity;
	char *program;            /* path in the container */
	struct list env;          /* the container's, with HOME */
	int scaffold;             /* a tmpfs of the child's own (root_steps.c) */
	int root;                 /* the container's root, O_PATH */
	int mask_folder;          /* OCI: an empty folder that hides others, once it is attached (masks.c) */
	int app_root;             /* box debug: a copy of the app's mounts, detached */
	int proc;                 /* a whole procfs of the container's own pid namespace, detached */
	int pts;                  /* the container's devpts */
	int streams[3];           /* become 0, 1, 2 */
	int parent_streams[3];    /* the other ends: stdin (or -1), stdout, stderr; with a terminal its master and -1, -1 */
};

/* The next mount that the parent gave. */
int child_take_mount(struct child *c, struct error *e);

/* Waits for the named stage, collecting descriptors on the way. End of file ends this process. */
int child_wait(struct child *c, unsigned stage, struct error *e);

/* root_steps.c */
int step_root(struct child *c, struct error *e);
int step_pivot(struct child *c, struct error *e);
/* Attaches mount to the folder target ("/proc"), which has to be a real folder directly below the root; made where missing. */
int root_attach_top(struct child *c, int mount, const char *target, struct error *e);
/* chroot_steps.c */
int step_chroot_keyring(struct child *c, struct error *e);
int step_chroot(struct child *c, struct error *e);
int step_chroot_capabilities(struct child *c, struct error *e);
int step_chroot_world(struct child *c, struct error *e);
int step_no_sockets(struct child *c, struct error *e);
int step_no_strangers(struct child *c, struct error *e);
/* debug_steps.c */
int step_app_root(struct child *c, struct error *e);
int step_find_app_user(struct child *c, struct error *e);
int step_no_set_ids(struct child *c, struct error *e);
/* mounts.c */
int step_mounts(struct child *c, struct error *e);
/* Fills a tmpfs or a new volume, made for entry, with what the image has at the same place. */
int mounts_copy_up(struct child *c, const struct mount_entry *entry, int mount, struct error *e);
/* cgroup_view.c: /sys/fs/cgroup as one mount of the list */
int cgroup_view_mount(struct child *c, const struct mount_entry *entry, struct error *e);
/* dev.c: /dev as one mount of the list; devices: further nodes from the host */
int dev_mount(struct child *c, const struct mount_entry *entry, struct error *e);
int step_devices(struct child *c, struct error *e);
int step_oci_devices(struct child *c, struct error *e);
/* files.c */
int step_files(struct child *c, struct error *e);
/* masks.c */
int step_masks(struct child *c, struct error *e);
/* network_steps.c */
int step_loopback(struct child *c, struct error *e);
/* streams.c */
int step_streams(struct child *c, struct error *e);
int step_take_streams(struct child *c, struct error *e);
/* program_steps.c */
int step_working_folder(struct child *c, struct error *e);
int step_find_program(struct child *c, struct error *e);
int step_execute(struct child *c, struct error *e);
/* oci_mounts.c */
int step_oci_mounts(struct child *c, struct error *e);
/* The folder at target, made where it is missing; none of an OCI container's that lies behind a link: through one the image could steer the
 * kernel's own views (CVE-2019-19921), and the nodes of /dev (CVE-2026-41579), elsewhere. */
int root_real_folder(struct child *c, const char *target, struct error *e);
/* oci_steps.c */
int step_slave_mounts(struct child *c, struct error *e);
int step_root_folder(struct child *c, struct error *e);
int step_runtime_hooks(struct child *c, struct error *e);
int step_container_hooks(struct child *c, struct error *e);
int step_start_hooks(struct child *c, struct error *e);
int step_read_only_root(struct child *c, struct error *e);
int step_change_root(struct child *c, struct error *e);
int step_root_propagation(struct child *c, struct error *e);
int step_own_proc(struct child *c, struct error *e);
int step_domainname(struct child *c, struct error *e);
int step_oci_streams(struct child *c, struct error *e);
int step_take_oci_streams(struct child *c, struct error *e);
int step_wait_start(struct child *c, struct error *e);
int step_scheduling(struct child *c, struct error *e);
int step_labels(struct child *c, struct error *e);
/* process_steps.c */
int step_bind_to_parent(struct child *c, struct error *e);
int step_bind_again(struct child *c, struct error *e);
int step_keyring(struct child *c, struct error *e);
int step_oci_keyring(struct child *c, struct error *e);
int step_close_on_exec(struct child *c, struct error *e);
int step_session(struct child *c, struct error *e);
int step_namespace_root(struct child *c, struct error *e);
int step_unbind_from_parent(struct child *c, struct error *e);
int step_oci_namespace_root(struct child *c, struct error *e);
int step_cgroup(struct child *c, struct error *e);
int step_umask(struct child *c, struct error *e);
int step_bounding_set(struct child *c, struct error *e);
int step_identity(struct child *c, struct error *e);
int step_capabilities(struct child *c, struct error *e);
int step_no_new_privileges(struct child *c, struct error *e);
int step_seccomp_early(struct child *c, struct error *e);
int step_seccomp_late(struct child *c, struct error *e);
int step_signals(struct child *c, struct error *e);
int step_close_others(struct child *c, struct error *e);
int step_close_hosts(struct child *c, struct error *e);
