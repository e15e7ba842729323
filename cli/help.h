/* SPDX-License-Identifier: Apache-2.0 */
/*
 * help.h - help texts and manual pages, from the tables that read the command line.
 */
#pragma once

struct command;
struct error;

/* Prints the help of one command. 0, or 125 and e. */
int help_print(const struct command *command, struct error *e);

/* "box help", "box help COMMAND", "box help --man [COMMAND]" (a manual page in mdoc). */
int help_for(char *const *argv, struct error *e);

int help_version(struct error *e);
