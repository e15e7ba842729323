/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holder.h - who has what somebody else wants: for messages alone, since it may be another one by then.
 */
#pragma once

/* "box:[network] front (process 4711)", escaped; "process 4711" where it has just gone. The caller frees it. */
char *holder_name(const char *pid);

/* The same of the process that holds the flock(2) of an open file; NULL where /proc does not tell. The caller frees it. */
char *holder_of_lock(int fd);
