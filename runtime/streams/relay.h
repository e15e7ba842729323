/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay.h - what a foreground box does while its app runs: forward signals, carry its streams, wait.
 */
#pragma once

#include <stdbool.h>

struct error;
struct process_end;

struct relay {
	int pidfd;
	int app_stdin;  /* write end, or -1 */
	int app_stdout; /* read ends, or -1 */
	int app_stderr;
	int terminal;   /* pty master, or -1 */
	bool ends_at_once; /* a signal that asks for an end kills the process, whatever handlers it has */
};

/* Runs until the process has ended and its output has arrived; closes the streams and the terminal, not pidfd. */
int relay_run(struct relay *r, struct process_end *ret, struct error *e);

/* Blocks the signals that relay_run forwards: before clone, so that none is lost. */
void relay_signals_block(void);
