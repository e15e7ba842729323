/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pid_file.c - --pid-file.
 */
#include "runtime/state/pid_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

int pid_file_write(const char *path, pid_t pid, struct error *e)
{
	autofree char *temporary = text_format("%s.%d", path, (int)getpid());
	autoclose int fd = -1;
	char text[16];
	int length = snprintf(text, sizeof text, "%d", (int)pid); /* always fits */

	/* A file of our own: one that lies there may be somebody's who will write another pid into it. */
	(void)unlink(temporary); /* mostly there is none; what stays is said by open */
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0 || write_all(fd, text, (size_t)length) || rename(temporary, path)) {
		error_sys(e, "write the pid file %s", path);
		(void)unlink(temporary); /* the first cause is what counts */
		return -1;
	}
	return 0;
}
