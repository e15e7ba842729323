/* SPDX-License-Identifier: Apache-2.0 */
/*
 * volume_lock.h - who uses a volume: one writer, or readers.
 *
 *     STORE/volumes/NAME/lock   flock(2): held by box, or by the supervisor of an app in the background and its watcher
 *     STORE/volumes/NAME/users/PID.START.BOOT.w   (or .r) an app's first process, and the boot in which that number means it
 *
 * The lock alone would go with those who hold it, and an app may outlive all of them for a while: kill -9 of box's own processes. So the
 * app's process is noted, and who has got the lock still has to find every process that conflicts dead. A note is left by the app's end:
 * whoever comes next removes it.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct error;

/* The lock of the volume in this open folder, held while the returned descriptor is open. -1 with errno: EWOULDBLOCK where others use the
 * volume in a way that conflicts. */
int volume_lock(int folder, bool is_writer);

/* Notes the process as a user of the volume in this open folder, by who holds the lock. */
int volume_note_user(int folder, pid_t pid, bool is_writer, struct error *e);
