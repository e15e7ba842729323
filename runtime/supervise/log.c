/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.c - what the app writes to its stdout and stderr, kept as it comes in STORE/apps/NAME/log/current.
 */
#include "runtime/supervise/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

enum { PIECE = 16384 };

struct log {
	int file;
	char piece[PIECE];
};

struct log *log_open(int definition, struct error *e)
{
	autoclose int file = -1;
	struct log *log;

	if (mkdirat(definition, "log", 0700) && errno != EEXIST) {
		error_sys(e, "make the folder of the log");
		return NULL;
	}
	file = openat(definition, "log/current", O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (file < 0) {
		error_sys(e, "open the log");
		return NULL;
	}
	log = alloc_zeroed(1, sizeof *log);
	log->file = take_fd(&file);
	return log;
}

void log_close(struct log *log)
{
	if (!log)
		return;
	close(log->file);
	free(log);
}

void log_take(struct log *log, int stream, int fd)
{
	ssize_t got;

	(void)stream; /* both go to one file */
	/* A full pipe at most: other events get their turn. */
	for (int i = 0; i < 4 && (got = read(fd, log->piece, sizeof log->piece)) > 0; i++)
		(void)write_all(log->file, log->piece, (size_t)got); /* a full disk must not stop the app */
}
