/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oom_score.h - who goes first when memory runs out.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct error;

/* Adjusts the process' score from outside (it may have no procfs); LIMIT_UNSET leaves it. Errors name "process.oomScoreAdj". */
int oom_score_set(pid_t pid, int64_t score, struct error *e);
