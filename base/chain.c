/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain.c - a log of JSON lines, each of which holds the digest of the one before.
 */
#include "base/chain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

enum { TAIL = 2 * CHAIN_LINE, SHORT_TAIL = 8 << 10, LOCK_TRIES = 300, LOCK_WAIT_US = 10000 };

#define LINE_START "{\"seq\":"

/* The file that holds the last line: between two steps of a rotation it is the one that was just moved away. */
static int open_last(int folder, const char *name, struct stat *ret, struct error *e)
{
	autofree char *older = text_format("%s.1", name);
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		fd = openat(folder, older, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	*ret = (struct stat){ 0 };
	if (fd < 0)
		return errno == ENOENT ? -1 : error_sys(e, "open %s", name);
	if (fstat(fd, ret)) {
		error_sys(e, "look at %s", name);
		close(fd);
		return -1;
	}
	return fd;
}

static int read_end(int fd, const char *name, off_t size, off_t length, struct text *ret, struct error *e)
{
	off_t from = size > length ? size - length : 0;

	text_clear(ret);
	while (from < size) {
		ssize_t got = pread(fd, text_reserve(ret, (size_t)(size - from)), (size_t)(size - from), from);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(e, "read %s", name);
		if (got == 0)
			break;
		text_grow(ret, (size_t)got);
		from += got;
	}
	return 0;
}

/* The end of the file, with more than one line of it where the file has more. */
static int read_tail(int fd, const char *name, off_t size, struct text *ret, struct error *e)
{
	if (read_end(fd, name, size, SHORT_TAIL, ret, e))
		return -1;
	if (size <= SHORT_TAIL || memchr(ret->data, '\n', ret->length - 1))
		return 0;
	return read_end(fd, name, size, TAIL, ret, e);
}

/* The beginning of the line that ends before end. */
static size_t line_begin(const struct text *tail, size_t end)
{
	const char *before = end ? memrchr(tail->data, '\n', end) : NULL;

	return before ? (size_t)(before - tail->data) + 1 : 0;
}

/* The number of the last line. One that is cut may have lost its own: then the lines before it tell. */
static uint64_t last_seq(const struct text *tail, size_t begin)
{
	for (uint64_t behind = 0;; behind++) {
		if (strncmp(tail->data + begin, LINE_START, strlen(LINE_START)) == 0)
			return strtoull(tail->data + begin + strlen(LINE_START), NULL, 10) + behind;
		if (!begin)
			return behind;
		begin = line_begin(tail, begin - 1);
	}
}

/* Where the next line goes, and what it says of the one before. */
struct chain {
	int folder;       /* borrowed */
	const char *name; /* likewise */
	bool is_torn;
	uint64_t seq;               /* of the next line */
	char previous[SHA256_TEXT]; /* "" where there is none */
};

/* Looks at the last line. Nothing is made. */
static int look(struct chain *chain, struct error *e)
{
	autorelease(text) struct text tail = { 0 };
	struct stat st;
	autoclose int fd = open_last(chain->folder, chain->name, &st, e);
	size_t begin, end;

	chain->seq = 1;
	if (fd < 0)
		return e->kind == ERROR_NONE ? 0 : -1;
	if (read_tail(fd, chain->name, st.st_size, &tail, e))
		return -1;
	if (!tail.length)
		return 0;
	chain->is_torn = tail.data[tail.length - 1] != '\n';
	end = tail.length - !chain->is_torn;
	begin = line_begin(&tail, end);
	chain->seq = last_seq(&tail, begin) + 1;
	sha256_bytes(tail.data + begin, end - begin, chain->previous);
	return 0;
}

/* Somebody who was stopped while they hold the lock stops nobody else for good. */
static int lock(const struct chain *chain, struct error *e)
{
	autofree char *name = text_format("%s.lock", chain->name);

	for (int i = 0;; i++) {
		int fd = file_lock(chain->folder, name, /* wait= */ false, e);

		if (fd >= 0 || e->sys != EWOULDBLOCK || i == LOCK_TRIES)
			return fd;
		error_clear(e);
		usleep(LOCK_WAIT_US);
	}
}

/* NAME.8 becomes NAME.9, …, NAME becomes NAME.1. */
static int rotate(const struct chain *chain, struct error *e)
{
	for (int i = CHAIN_FILES; i > 0; i--) {
		autofree char *to = text_format("%s.%d", chain->name, i);
		autofree char *from = i > 1 ? text_format("%s.%d", chain->name, i - 1) : text_format("%s", chain->name);

		if (renameat(chain->folder, from, chain->folder, to) && errno != ENOENT)
			return error_sys(e, "rename %s to %s", from, to);
	}
	return 0;
}

/* Opens the file for a line of this length; *ret_size is what it has. */
static int open_for(const struct chain *chain, size_t length, off_t *ret_size, struct error *e)
{
	enum { FLAGS = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC };
	autoclose int fd = openat(chain->folder, chain->name, FLAGS, 0600);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return error_sys(e, "open %s", chain->name);
	/* The piece of a torn line is ended in its own file. */
	if (st.st_size && !chain->is_torn && st.st_size + (off_t)length > CHAIN_FILE) {
		close(take_fd(&fd));
		if (rotate(chain, e))
			return -1;
		fd = openat(chain->folder, chain->name, FLAGS, 0600);
		if (fd < 0)
			return error_sys(e, "open %s", chain->name);
		st.st_size = 0;
	}
	*ret_size = st.st_size;
	return take_fd(&fd);
}

static int write_line(const struct chain *chain, const struct text *line, struct error *e)
{
	off_t size;
	autoclose int fd = open_for(chain, line->length, &size, e);
	int saved;

	if (fd < 0)
		return -1;
	if (write_all(fd, line->data, line->length) == 0)
		return 0;
	saved = errno;
	if (ftruncate(fd, size))
		log_debug("a piece of a line stays in %s, continuing", chain->name); /* and the next line tells of it */
	errno = saved;
	return error_sys(e, "write %s", chain->name);
}

int chain_add(int folder, const char *name, const struct text *members, struct error *e)
{
	struct chain chain = { .folder = folder, .name = name };
	autorelease(text) struct text line = { 0 };
	autoclose int held = lock(&chain, e);

	if (held < 0 || look(&chain, e))
		return -1;
	text_addf(&line, "%s" LINE_START "%ju,\"previous\":\"%s\",", chain.is_torn ? "\n" : "", (uintmax_t)chain.seq,
		  chain.previous);
	text_add(&line, chain.is_torn ? "\"torn\":true," : "");
	text_add_bytes(&line, members->data, members->length);
	text_add(&line, "}\n");
	if (line.length > CHAIN_LINE)
		return error_set(e, ERROR_INTERNAL, "a line for %s has %zu bytes", name, line.length);
	return write_line(&chain, &line, e);
}

int chain_head(int folder, const char *name, uint64_t *ret_seq, char ret_digest[static SHA256_TEXT], struct error *e)
{
	struct chain chain = { .folder = folder, .name = name };

	if (look(&chain, e))
		return -1;
	*ret_seq = chain.seq - 1;
	memcpy(ret_digest, chain.previous, sizeof chain.previous);
	return 0;
}

void chain_files(int folder, const char *name, struct list *ret)
{
	for (int i = CHAIN_FILES; i >= 0; i--) {
		autofree char *file = i ? text_format("%s.%d", name, i) : text_format("%s", name);

		if (faccessat(folder, file, F_OK, 0) == 0)
			list_add(ret, file);
	}
}
