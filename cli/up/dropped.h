/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dropped.h - what an app wrote beside its volumes. Private to cli/up/.
 */
#pragma once

struct up;

/* Names, on stderr, the files in the writable layer of an instance that is about to be replaced, where there are any: the first ones. */
void up_tell_dropped(const struct up *up, const char *name);
