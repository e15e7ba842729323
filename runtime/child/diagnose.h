/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diagnose.h - why execve(2) failed, in words.
 */
#pragma once

struct error;

/* After execve(path) failed with sys: looks at the file below rootfd and fills e with the true reason (a missing interpreter or
 * loader, a carriage return in the first line, the wrong machine, a folder on the way that is closed …). The kind is
 * ERROR_NOT_FOUND (exit code 127) or ERROR_NOT_EXECUTABLE (126), e->sys is sys. Always returns -1. */
int diagnose_exec(int rootfd, const char *path, int sys, struct error *e);
