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

/* Descriptors of folders; -1: none. */
struct confine {
	int files;  /* in which files may be made, read, written and removed */
	int own;    /* in which files may be read and removed */
	int shared; /* in which folders that are empty may be removed */
	bool has_settings; /* /proc/sys/net is written, too */
	bool has_tcp;      /* it connects by TCP, or binds */
};

/* Keeps the capabilities in the set and no other, and gains none by a program. */
int confine_powers(uint32_t held, struct error *e);

/* Behind confine_powers. */
int confine(const struct confine *plan, struct error *e);
