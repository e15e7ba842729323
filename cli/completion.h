/* SPDX-License-Identifier: Apache-2.0 */
/*
 * completion.h - what the last word of a command line may become.
 */
#pragma once

struct places;
struct text;

/* words: of a command line behind "box", the one that is being typed last, ended by NULL. Adds a line per candidate: the word, a tab, and
 * what it is; ":file" where files may stand there. All that begin with what was typed. */
void completion_find(const struct places *places, char *const *words, struct text *ret);
