/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sealed.h - programs of box that run inside a container, out of its reach.
 */
#pragma once

#include <stdbool.h>

struct error;

/* A close-on-exec memfd with the helper program box-init in it, which nobody can write to; or -1. */
int sealed_init_program(struct error *e);

/* Sees to it that no process of a container can overwrite the file that this process runs from
 * (CVE-2019-5736): where the container's root could write to it, the process goes on from a sealed one. Where the
 * kernel lets no process exchange its file, it executes itself once more from there, and does not return. Called before anything
 * is made, while there is one thread. has_user_namespace: the container has one without the host's root in it. */
int sealed_self(bool has_user_namespace, struct error *e);

/* Lets go of what sealed_self still holds: a descriptor, close-on-exec, whose end takes its time. For a moment when others have
 * something to do meanwhile; the end of the process does it as well. */
void sealed_settle(void);
