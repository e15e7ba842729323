/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debug.h - the parts of box debug that box exec (enter.c) calls. Private to runtime/.
 */
#pragma once

struct container;
struct error;
struct record;

/* c, which box exec has made of the record, gets the root, mounts and files of tools. Its powers stay the app's. */
void debug_describe(const struct container *tools, struct container *c);

/* The mounts are the program's own; what else of namespaces is the host's (not in *flags) is so for c, too. */
void debug_namespaces(struct container *c, int *flags);

/* As root: sends the tools' layers, with the ids of the app. */
int debug_send_layers(int channel, const struct record *record, const struct container *c, struct error *e);

/* As root, in the process between box and the app, before it joins that: a mount namespace of its own with the host's /proc, /sys and
 * /dev, and nothing else. */
int debug_leave_host(struct error *e);
