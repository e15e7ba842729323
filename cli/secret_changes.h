/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret_changes.h - the secrets of an app that runs, brought to what their sources hold.
 */
#pragma once

#include <stdbool.h>

struct error;
struct places;

/* Replaces each secret that follows its source and differs from it, then does once what each of these changes asks for. What fails is told
 * in the app's log (log: its FIFO) and leaves the app with what it has. *ret_restart: the app has to be started anew, as the caller does.
 * One that was killed is made up for by the next: what is still to be done is noted in the app's state folder before a secret is
 * replaced. */
int secret_changes(const struct places *places, const char *name, int log, bool *ret_restart, struct error *e);
