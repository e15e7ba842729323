/* SPDX-License-Identifier: Apache-2.0 */
/*
 * other_words.h - commands of docker and podman that people will type, and that box does not have or calls otherwise.
 */
#pragma once

struct error;

/* Whether command, with the word that stands behind it (NULL: none), is one of another tool's: then e says so, and what to type instead. */
int other_words_refuse(const char *command, const char *word, struct error *e);
