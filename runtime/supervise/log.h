/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - the log of one app: takes what it writes, and keeps whole lines with their time.
 *
 * The supervisor opens it, hands it every descriptor that has something to read, and ends it with the app. What was taken is kept exactly
 * once, also where the supervisor is killed at any point and another one opens the log (log_buffer.h says how). Nothing here blocks but
 * the disk, and the app never waits for a reader: a record that cannot be written is counted, and a later one tells how much is lost.
 *
 * Records are what log_record.h describes, in the files of log_file.h, or go to the journal (log_journal.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/supervise/log_buffer.h"
#include "runtime/supervise/log_file.h"
#include "runtime/supervise/log_journal.h"

struct error;

enum log_driver { LOG_DRIVER_FILE, LOG_DRIVER_JOURNALD };

struct log_options {
	enum log_driver driver;
	int64_t max_size; /* of one file */
	int64_t max_files;
	bool is_terminal; /* a line ends with a carriage return, too, which the terminal has put there: it is left out */
	struct log_journal_names names; /* for the journal; borrowed */
};

struct log {
	enum log_driver driver;
	bool is_terminal;
	size_t longest; /* a line of more bytes is split */
	struct log_buffer buffer;
	struct log_file file;
	struct log_journal journal;
};

/* Opens the log: its buffer is in the folder state, its files are in folder (both stay the caller's, and open). What a killed writer left
 * half done is finished first. One process at a time may have a log open: the caller has the app's lock. */
int log_open(struct log *ret, int state, int folder, const struct log_options *setup, struct error *e);

/* Takes once what lies in from, which is non-blocking: the app's FIFO, or the master of its terminal. 1: something was taken, 0: nothing
 * was there, -1: it cannot be read (errno; a terminal whose last process ended has EIO). */
int log_take(struct log *log, enum log_stream stream, int from);

/* The app has ended and its descriptors are empty: a line without a newline ends here. */
void log_end(struct log *log);

/* Lets go of everything; twice is harmless. What is in the buffer stays for the next one. */
void log_release(struct log *log);
