/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - what the app writes to its stdout and stderr, kept.
 */
#pragma once

struct error;
struct log;

/* Opens the log of an app below the open folder of its definition. NULL and e. */
struct log *log_open(int definition, struct error *e);
void log_close(struct log *log);

/* Takes what can be read from fd, a FIFO that does not block, of stream 1 (stdout) or 2 (stderr). */
void log_take(struct log *log, int stream, int fd);
