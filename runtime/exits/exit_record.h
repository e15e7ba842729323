/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit_record.h - how a run of an app ended, and everything that was known about it: STORE/apps/NAME/exits/N.json.
 *
 * N counts the starts of the app. The last EXITS_KEPT records are kept until the app is removed. What an app wrote is in them as it was
 * written (bytes that are no UTF-8 become U+FFFD): whoever prints it on a terminal escapes it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct error;
struct health_record;

enum { EXITS_KEPT = 10 };

/* stopped_by of an app that box kill has sent a deadly signal. */
#define EXIT_BY_KILL "box kill"

/* And of one that ended with the host: nobody saw how, and its end is noted after the next boot. */
#define EXIT_BY_REBOOT "reboot"

struct exit_check {
	char *began; /* as started */
	int64_t lasted_ms;
	int64_t code; /* 0: good; HEALTH_TOO_LATE */
	char *output;
};

struct exit_record {
	int64_t number;
	char *name, *image;
	char *spec_file;      /* app.json as it was named, absolute; NULL: there was none */
	char *started, *ended; /* RFC 3339 with milliseconds, UTC; started is NULL where it never ran */
	int64_t ran_ms;
	int64_t code;         /* exit code; -1: a signal ended it, it never ran, or nobody knows */
	int64_t signal;       /* 0: none */
	bool core;            /* a core was dumped */
	char *stopped_by;     /* what box command, or "health", asked for the end; NULL: none did */

	int64_t oom_kills;    /* processes of the app that the kernel killed for want of memory */
	int64_t memory_max, memory_peak; /* bytes; 0: none, or not known */
	char *victim;         /* the last of them, by the kernel's log; NULL: it cannot be read */
	int64_t pids_max, pids_refused;
	bool sought_network;  /* it has none, and tried to reach one */

	struct {              /* why it never ran; text NULL: it did */
		char *text, *hint, *field;
	} failure;
	struct {              /* status NULL: it had no check */
		char *status;
		int64_t streak;
		struct exit_check *checks; /* the last one first */
		size_t check_count;
	} health;
	struct list refused;  /* system calls by name: "mount=2", most often refused first */
	int64_t disk_max, disk_used; /* bytes of the writable layer; 0: it has no limit */
	struct list full;     /* what of it lay on a full file system at its end: disk_state_full() */
	struct list lines;    /* the last ones that it wrote: "stdout …" or "stderr …" */
};

void exit_record_release(struct exit_record *record);

/* Makes room on the disk for one record below a new definition, for when the disk is full. */
int exit_record_reserve(int definition, struct error *e);

/* Milliseconds since 1970 as the record has them. The caller frees it. */
char *exit_record_time(int64_t ms);

/* The run never began, because of failure. */
void exit_record_fail(struct exit_record *record, const struct error *failure);

/* Takes what the supervisor knew of the app's health. */
void exit_record_add_health(struct exit_record *record, const struct health_record *health);

/* Writes it below the open folder of a definition, and removes what is older than the last EXITS_KEPT. */
int exit_record_write(int definition, const struct exit_record *record, struct error *e);

/* Reads that of run number, 0: of the last one there is. ERROR_MISSING where there is none. */
int exit_record_read(int definition, int64_t number, struct exit_record *ret, struct error *e);

/* Adds the numbers of those that there are, lowest first. */
void exit_record_numbers(int definition, struct list *ret);

/* The record as JSON. Adds to ret. */
void exit_record_dump(const struct exit_record *record, struct text *ret);

/* The same in one line, and read from it again; -1 where it is no record. */
void exit_record_dump_line(const struct exit_record *record, struct text *ret);
int exit_record_parse(const char *json, size_t length, struct exit_record *ret, struct error *e);

/* Its health alone. Adds to ret. */
void exit_record_dump_health(const struct exit_record *record, struct text *ret);

/* One line: "killed by SIGKILL after 2m 5s: out of memory". The caller frees it. */
char *exit_record_headline(const struct exit_record *record);

/* Why, in words; field: what of app.json to change, or NULL. */
struct exit_reason {
	char *text;
	const char *field;
};
struct exit_reasons {
	struct exit_reason *items;
	size_t count;
};
void exit_record_reasons(const struct exit_record *record, struct exit_reasons *ret);
void exit_reasons_release(struct exit_reasons *reasons);
