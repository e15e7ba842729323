/* SPDX-License-Identifier: Apache-2.0 */
/*
 * places.h - where things live on this host, for root and for an ordinary user (design.md, section 4).
 */
#pragma once

#include <stdbool.h>

struct error;

struct places {
	char *state;  /* /run/box or $XDG_RUNTIME_DIR/box: running containers */
	char *store;  /* /var/lib/box or $XDG_DATA_HOME/box: layers, volumes, writable layers; BOX_STORE names another one */
	char *cache;  /* /var/cache/box or $XDG_CACHE_HOME/box: compiled filters */
	char *config; /* /etc/box or $XDG_CONFIG_HOME/box */
	bool rootless; /* the caller is not root of this host's user namespace */
};

/* Fills ret from euid and environment; nothing is made yet. */
int places_find(struct places *ret, struct error *e);
void places_release(struct places *places);

/* The environment variable that holds the path of box where it runs from a file without a folder (runtime/launch/sealed.c). */
#define PLACES_SELF "BOX_SELF"

/* The absolute path of the program that this process was started from, also where it runs from a sealed copy. The caller frees it. */
char *places_self(struct error *e);

/* The absolute path of a helper program: dirname(/proc/self/exe)/../libexec/box/NAME, which exists. The caller frees it. */
char *places_helper(const char *name, struct error *e);
