/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detach_keys.h - the keys that end box attach and leave the app running: "ctrl-p,ctrl-q".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;

enum { DETACH_KEYS_MOST = 16 };

#define DETACH_KEYS_DEFAULT "ctrl-p,ctrl-q"

struct detach_keys {
	unsigned char keys[DETACH_KEYS_MOST];
	size_t count;    /* 0: none */
	size_t held;     /* so many of them have been typed, and are not passed on yet */
	bool is_complete; /* all of them have */
};

/* From docker's words: keys with commas between them, each a character, or "ctrl-" and one of a-z @ [ \ ] ^ _; "" is none. */
int detach_keys_parse(const char *words, struct detach_keys *ret, struct error *e);

/* Takes what was typed, and returns how much of it is to be passed on, which is written to to: at most count and what was held. to may be
 * from - DETACH_KEYS_MOST. What comes behind the keys is dropped. */
size_t detach_keys_take(struct detach_keys *keys, char *to, const char *from, size_t count);
