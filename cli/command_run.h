/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_run.h - what other commands have of box run.
 */
#pragma once

struct call;

/* Makes the app that "box run -d FILE" with these options (NULL: none) would start, and leaves it stopped. Prints its own error and returns
 * the exit code; at 0 *ret_name is the app's name, which the caller frees. */
int run_define(const struct call *call, const char *file, const char *name, const char *override, char **ret_name);
