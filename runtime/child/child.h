/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.h - the child's half of a start.
 */
#pragma once

struct child;

/* The first process of a container: runs every step; ends in the app's program, or tells the parent why not and exits. */
_Noreturn void child_main(struct child *c);

/* One more process of a running container, already inside its namespaces: likewise. */
_Noreturn void child_enter(struct child *c);

/* The first process of a container whose root is a chroot (chroot_run.h): likewise. */
_Noreturn void child_chroot(struct child *c);

/* The same for box debug: in all of them but the mounts, which are this process' own copy of the host's. */
_Noreturn void child_debug(struct child *c);
