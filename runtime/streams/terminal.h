/* SPDX-License-Identifier: Apache-2.0 */
/*
 * terminal.h - the terminal of an app, and the one that the caller sits at.
 */
#pragma once

#include <sys/types.h>

struct error;

/* Makes a terminal in the devpts that ptsfd is the root of, owned by uid; both ends close-on-exec. */
int terminal_make(int ptsfd, uid_t uid, int *ret_master, int *ret_slave, struct error *e);

/* Makes slave the controlling terminal of this session and its stdin, stdout and stderr. */
int terminal_take(int slave, struct error *e);

/* Puts the caller's terminal (stdin) into raw mode until terminal_restore, or until the process exits. */
int terminal_raw(struct error *e);
/* The same once more, where somebody else changed the modes meanwhile. Nothing outside of raw mode. */
void terminal_raw_again(void);
void terminal_restore(void);

/* Gives the terminal behind master the window size of the caller's. */
void terminal_copy_size(int master);
/* The same, and the app is told of a change where there is none, too: it draws anew what the caller has not seen. */
void terminal_show_anew(int master);
