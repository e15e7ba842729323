/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health_record.h - the health of an app, as its supervisor keeps it and as box commands read it: STATE/NAME/health.
 *
 * The file is mapped, so that it costs the supervisor no memory of its own and outlives a kill of it. Numbers have fixed sizes and the
 * length of the file is part of it: a version of box that lays it out in another way is noticed. sequence is odd while the supervisor
 * changes anything; who reads tries again.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct error;

#define HEALTH_RECORD_FILE "health"

/* There while the app is paused: failures do not count. */
#define HEALTH_PAUSED_FILE "paused"

enum health_status {
	HEALTH_UNCHECKED, /* no check */
	HEALTH_STARTING,
	HEALTH_HEALTHY,
	HEALTH_UNHEALTHY,
	HEALTH_STATUS_COUNT,
};

/* "starting"; "" for HEALTH_UNCHECKED. */
const char *health_word(uint32_t status);

enum {
	HEALTH_KEPT = 5,       /* results that are kept */
	HEALTH_OUTPUT = 4096,  /* bytes of each check's output */
	HEALTH_TOO_LATE = -1,  /* a result's code: the check was ended, its time was over */
	HEALTH_LATE_CODE = 124, /* the exit code by which box app-check says so */
};

struct health_result {
	int64_t began_ms; /* since 1970 */
	int64_t lasted_ms;
	int32_t code;     /* 0: healthy */
	uint32_t length;
	char output[HEALTH_OUTPUT]; /* as the app wrote it: not ended by a zero byte, not safe to print */
};

struct health_record {
	uint32_t size; /* of this struct */
	uint32_t sequence;
	uint32_t status; /* enum health_status */
	uint32_t streak; /* failures in a row that count */
	uint64_t count;  /* checks that have ended */
	struct health_result results[HEALTH_KEPT + 1]; /* check n is at n % (HEALTH_KEPT + 1); one place is being written */
};

/* The place of the check that ends next. */
struct health_result *health_record_next(struct health_record *record);

/* How many results there are, and the one that came so many checks ago (0: the last). */
uint32_t health_record_kept(const struct health_record *record);
const struct health_result *health_record_result(const struct health_record *record, uint32_t ago);

/* Supervisor: opens or makes the file below the open state folder, and maps it. One that does not fit is begun anew. */
struct health_record *health_record_open(int state, struct error *e);
void health_record_close(struct health_record *record);

/* Supervisor: around every change but those of the next place. */
void health_record_begin(struct health_record *record);
void health_record_end(struct health_record *record);

/* Others: a copy that is whole. -1 with e->sys ENOENT where the app has no check, or does not run. */
int health_record_read(int state, struct health_record *ret, struct error *e);

/* The status alone: HEALTH_UNCHECKED where it cannot be told. */
uint32_t health_record_status(int state);
