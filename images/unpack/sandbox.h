/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.h - a process that reads foreign bytes and can reach nothing but one folder and one socket, and perhaps the network.
 */
#pragma once

#include <stdbool.h>

struct error;
struct id_map;

struct sandbox {
	int folder; /* becomes the process's root: owned by the store's id 0 */
	const struct id_map *ids;
	int channel; /* the one descriptor that it keeps, beside stderr */
	bool is_read_only; /* the folder */
	bool has_network; /* the host's: for what speaks to a registry. It writes no files, and may have threads (libcurl looks names up in one) */
};

/*
 * Forks task(channel, data) into the sandbox; its return value is the exit code. What goes wrong before the task begins is told through
 * fail(channel, error, data). Returns a pidfd.
 */
int sandbox_start(const struct sandbox *sandbox, int (*task)(int channel, void *data),
		  void (*fail)(int channel, const struct error *error), void *data, struct error *e);

/* The two locks that come last (sandbox_locks.c). */
int sandbox_landlock(bool has_network, struct error *e);
int sandbox_seccomp(bool has_network, struct error *e);
