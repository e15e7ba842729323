/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.h - numbers of the kernel and their names, both ways.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;

/* "SIGTERM", "TERM", "term" or "15" (also "SIGRTMIN+3"): the number, or -1. */
int signal_number(const char *name);
/* "SIGTERM" for 15; "signal 99" for unknown numbers (static storage, valid until the next call). */
const char *signal_name(int number);

/* "NET_ADMIN", "cap_net_admin", "CAP_NET_ADMIN": the number 0 to 40, or -1. */
int capability_number(const char *name);
/* "NET_ADMIN" for 12, NULL above the last known. */
const char *capability_name(int number);
enum { CAPABILITY_COUNT = 41 }; /* up to CAP_CHECKPOINT_RESTORE, Linux 5.9 */

/* "nofile", "RLIMIT_NOFILE": the RLIMIT_ number, or -1. */
int rlimit_number(const char *name);
const char *rlimit_name(int number); /* "nofile" */

/* Whether a container, a volume or a secret may be called so: a letter or digit, then up to 127 letters, digits, "_", "." or "-". */
bool name_is_plain(const char *name);
/* The same with a message; -1 with ERROR_USAGE. */
int name_check(const char *name, struct error *e);
