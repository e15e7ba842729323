/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output_file.c - a file that a command writes for people.
 */
#include "cli/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

static int open_stdout(struct output_file *ret, struct error *e)
{
	if (isatty(STDOUT_FILENO)) {
		error_set(e, ERROR_USAGE, "the archive would go to the terminal");
		return error_hint(e, "-o FILE, or > FILE");
	}
	*ret = (struct output_file){ .fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3) };
	return ret->fd >= 0 ? 0 : error_sys(e, "write to stdout");
}

int output_file_open(const char *path, struct output_file *ret, struct error *e)
{
	struct output_file file = { .fd = -1, .path = path };
	struct stat st;

	if (!path || strcmp(path, "-") == 0)
		return open_stdout(ret, e);
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		file.fd = open(path, O_WRONLY | O_CLOEXEC);
	} else {
		file.temporary = text_format("%s.part-%d", path, (int)getpid());
		file.fd = open(file.temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	}
	if (file.fd < 0) {
		error_sys(e, "make the file %s", path);
		free(file.temporary);
		return -1;
	}
	*ret = file;
	return 0;
}

int output_file_commit(struct output_file *file, struct error *e)
{
	if (!file->temporary)
		return 0;
	if (fsync(file->fd) || rename(file->temporary, file->path))
		return error_sys(e, "write the file %s", file->path);
	free(take_ptr(&file->temporary));
	return 0;
}

int output_file_write(const char *path, const char *content, size_t length, struct error *e)
{
	autorelease(output_file) struct output_file file = { .fd = -1 };

	if (output_file_open(path, &file, e))
		return -1;
	if (write_all(file.fd, content, length))
		return error_sys(e, "write %s", path);
	return output_file_commit(&file, e);
}

void output_file_release(struct output_file *file)
{
	int saved = errno;

	if (file->temporary)
		(void)unlink(file->temporary); /* nothing more can be done about it */
	free(file->temporary);
	if (file->fd >= 0)
		close(file->fd);
	*file = (struct output_file){ .fd = -1 };
	errno = saved;
}
