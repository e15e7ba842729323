/* SPDX-License-Identifier: Apache-2.0 */
/*
 * other_names.h - folders that list their names in another order, for one process, by its tracer. For x86-64.
 */
#pragma once

#include <sys/types.h>

struct user_regs_struct;

/* pid stands at the end of getdents64, which went well: what it got is turned round. As much as one call gives; the next call goes on
 * behind it. */
void other_names_answer(pid_t pid, const struct user_regs_struct *regs);
