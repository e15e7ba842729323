/* SPDX-License-Identifier: Apache-2.0 */
/*
 * other_clock.h - another time of day for one process, by its tracer. For x86-64.
 *
 * Programs read that clock from code that the kernel puts into their memory, the vDSO, or by a system call. The code is replaced by one
 * that makes the call and adds the shift; the calls of others are answered by the tracer. Its own calls have a mark in the place of an
 * argument that they do not have, so that they need not stop.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

enum { OTHER_CLOCK_MARK = 0x626f7863 }; /* third argument */

struct user_regs_struct;

/* pid stands at the end of its exec. What cannot be replaced keeps the host's time. */
void other_clock_install(pid_t pid, int32_t seconds);

/* pid stands at the end of clock_gettime, gettimeofday or time, which went well; regs are its own. They are written back where they
 * change. */
void other_clock_answer(pid_t pid, struct user_regs_struct *regs, int32_t seconds);
