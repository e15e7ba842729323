/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apps_rename.h - another name for an app in the background that does not run, as one step: STORE/apps/.rename says which one is being
 * taken, until it is.
 *
 * What an app wrote and its ids name the folder of its definition as their holder, and go when that is gone. So whoever makes, starts,
 * removes or sweeps apps holds the folder of all definitions against a rename (apps_hold), and finishes first what a killed one has left.
 */
#pragma once

#include <stdbool.h>

struct error;
struct places;

/* Gives the app OLD the name NEW. One that runs, is systemd's, or whose new name is taken is an error, and nothing has changed. */
int apps_rename(const struct places *places, const char *old, const char *new, struct error *e);

/* Until *ret is closed nothing is renamed, and no rename is half done; -1 there: there is no app. Does not keep others who hold it. */
int apps_hold(const char *store, int *ret, struct error *e);

/* Whether there is an app of that name, also one that gets it only now: a rename that was killed is finished first. */
bool apps_is_there(const struct places *places, const char *name);
