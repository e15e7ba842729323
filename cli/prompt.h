/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prompt.h - questions to whoever sits at the terminal.
 */
#pragma once

#include <stdbool.h>

struct error;
struct text;

/* One line of stdin without its end, added to ret. */
int prompt_read_line(struct text *ret, struct error *e);

/* Prints the question on stderr and reads the answer. is_secret: the terminal shows nothing of it, and shows again what is typed before a
 * signal (Ctrl-C, Ctrl-Z, a hang-up) ends or stops box. */
int prompt_ask(const char *question, bool is_secret, struct text *ret, struct error *e);
