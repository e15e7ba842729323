/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.h - locks that are waited for, but not for ever.
 */
#pragma once

#include <stdint.h>

struct error;

/* As file_lock, for so long at most. Then e->sys is EWOULDBLOCK, and the text says who holds it: "wait for the lock of WHAT: …". */
int lock_file_within(int dirfd, const char *path, const char *what, int64_t ms, struct error *e);
