/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_words.h - a command line as the audit trail keeps it: without what is secret in it.
 */
#pragma once

struct command;
struct list;

/* Adds "box", the command's name and argv. "***" stands for - values of options whose row says so (OPTION_SECRET, and behind the "=" of
 * OPTION_VARIABLES), - what follows a word that names a secret: "DB_PASSWORD=…", "--token=…", "--token …", - a password in a URL:
 * "scheme://user:…@host". That is what can be told from outside: a program's own way to take a password ("mysql -p…") is not known.
 * Long words, and words behind many, are cut with "…". */
void audit_words(const struct command *command, char *const *argv, struct list *ret);
