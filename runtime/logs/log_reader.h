/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_reader.h - the records of a log in their order, from its folder (supervise/log_file.h), whether anybody writes them or not.
 *
 * Files are in the order of their numbers and records in the order of their times, so the first one since a time is found by halving, and
 * the last ones are read from the end: neither takes longer where there is more.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/logs/log_cursor.h"
#include "runtime/supervise/log_record.h"

struct error;

/* Who hears the records. */
struct log_hearer {
	/* One record, and the JSON that it is, without its newline. -1 ends the reading, with the error. */
	int (*hear)(const struct log_record *record, const char *json, size_t length, void *data, struct error *e);
	/* Everything there is was heard. Whether more may come, in a log that is followed; what was heard should be shown before. */
	bool (*goes_on)(void *data);
	/* Files were removed before they were read: whoever hears is slower than the app. May be NULL. */
	void (*missed)(uint64_t files, void *data);
	void *data;
};

/* Reads the log in folder, which stays open and the caller's. With follow it returns when goes_on says no, or until has passed. */
int log_read(int folder, const struct log_question *question, const struct log_hearer *hearer, struct error *e);
