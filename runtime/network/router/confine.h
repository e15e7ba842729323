/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.h - fences around the processes of a network that run: box-net, the keeper of its way out, and the spares of both, which are
 * forked behind them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

/* Descriptors of folders; -1 among them is left out. */
struct confine {
	const int *files; /* in which files may be made, read, written and removed */
	size_t file_count;
	int shared; /* of several networks, 0: none: its names, its lock, and the removal of what is empty in it */
	const int *names; /* whose names may be read */
	size_t name_count;
	bool has_settings; /* /proc/sys/net is written, too */
	bool has_tcp;      /* it connects by TCP, or binds */
};

/* Keeps the capabilities in the set and no other, and gains none by a program. */
int confine_powers(uint32_t held, struct error *e);

/* Behind confine_powers. */
int confine(const struct confine *plan, struct error *e);
