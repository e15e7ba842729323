/* SPDX-License-Identifier: Apache-2.0 */
/*
 * isolation.h - whether this process can have namespaces for what it runs and for the readers of foreign bytes.
 *
 * Inside somebody else's container they are often refused. A build then does with less: its steps run in a chroot, and so do the sandboxes
 * of box-image where there are no user namespaces at all. docs/security.md says what that does not protect from. A process begins with full
 * isolation; only commands that are content with less say so, and whoever does with less tells it once.
 */
#pragma once

#include <stdbool.h>

struct error;

/* Allows less. words: "auto", "full" or "chroot"; NULL: what BOX_ISOLATION says, else auto. runs_steps: the command runs programs, too. */
int isolation_allow(const char *words, bool runs_steps, struct error *e);

/* Whether steps run in a chroot. With "auto" the first call tries what there is (as root: nobody else may change its root), and warns. */
bool isolation_is_chroot(void);

/* In a chroot: whether box-image's sandboxes have no namespaces either. */
bool isolation_has_no_sandbox(void);
