/* SPDX-License-Identifier: Apache-2.0 */
/*
 * step_process.h - the process that makes the next step of a stage, or fetches what that step depends on.
 *
 * It is forked, so that it has everything that was read so far, and says how it went through a pipe, in one piece.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct build_work;
struct stage;

/* What a process says at its end: less than a pipe writes at once. */
struct step_answer {
	bool is_made, has_layer;
	char diff_id[160], digest[160], media_type[128];
	char fetched[160];
	int64_t size;
	struct error error;
};

/* Starts it: the stage is BUSY, with its pidfd and the ends of its pipes. stage->is_fetching says which of both it does. */
int step_process_start(struct build_work *work, struct stage *stage, struct error *e);

/* Waits for its end, and closes pidfd and answer; the output is the caller's to read and close. False: it ended without an answer, by
 * *ret_signal. */
bool step_process_wait(struct stage *stage, struct step_answer *ret, int *ret_signal);
