/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange.h - go on from another file that holds the same program.
 */
#pragma once

struct error;

/* Makes file, which holds the very program that runs, the one that this process runs from: every mapping of the present file is replaced,
 * and /proc/self/exe leads to file. That is what execve would do with it, without a new start. -1 where the kernel does not let it
 * happen: the process runs on as before, and may still execute file. One thread only. */
int exchange_program(int file, struct error *e);
