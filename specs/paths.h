/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paths.h - paths inside a container, as texts. Private to specs/.
 */
#pragma once

#include <stdbool.h>

/* Writes path in its one form, in place: no "//", no "/./", no "/" at the end. False, and path untouched, where it is not absolute or has a
 * "..". What is not in this form can be compared with nothing: "/./proc" is "/proc". */
bool path_clean(char *path);

/* Whether path lies at or below folder; both clean. */
bool path_is_below(const char *path, const char *folder);

/* Whether box alone mounts there: "/", /proc, /sys, /dev and what is below, but not below /dev/shm. */
bool path_is_own(const char *path);
