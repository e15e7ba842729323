/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle.h - the options that create and run share where they make a container from a bundle.
 */
#pragma once

#include <stdbool.h>

#include "cli/options.h"

struct call;
struct error;
struct oci_create;

struct bundle_choices {
	const char *bundle, *console_socket, *pid_file, *preserve_fds;
	bool no_pivot, no_new_keyring;
};

/* Rows for a table whose object is of type, in which at (with its dot) leads to the choices. */
#define BUNDLE_OPTIONS(type, at)                                                                                                           \
	{ 'b', "bundle", OPTION_TEXT, offsetof(type, at bundle), "FOLDER", "of config.json and what it names (default: here)" },          \
	{ 0, "console-socket", OPTION_TEXT, offsetof(type, at console_socket), "SOCKET", "who gets the terminal" },                      \
	{ 0, "pid-file", OPTION_TEXT, offsetof(type, at pid_file), "FILE", "write the first process' pid there" },                       \
	{ 0, "preserve-fds", OPTION_TEXT, offsetof(type, at preserve_fds), "N", "the program gets N descriptors from 3 on" },            \
	{ 0, "no-pivot", OPTION_FLAG, offsetof(type, at no_pivot), NULL, "move the root instead: for a host that runs from memory" },    \
	{ 0, "no-new-keyring", OPTION_FLAG, offsetof(type, at no_new_keyring), NULL, "keep the caller's session keyring" }

/* What they ask for, for the container id, with what the call says itself. */
int bundle_request(const struct call *call, const struct bundle_choices *choices, const char *id, struct oci_create *ret, struct error *e);
