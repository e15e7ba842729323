/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pid_file.h - --pid-file.
 */
#pragma once

#include <sys/types.h>

struct error;

/* Writes the number under a temporary name and renames it: who waits for the file finds it whole. Not synced, a pid ends with the boot. */
int pid_file_write(const char *path, pid_t pid, struct error *e);
