/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_file.c - the files of a log: bounded, rotated, and written at offsets that are noted first.
 */
#include "runtime/supervise/log_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "runtime/supervise/log_buffer.h"

enum { TAIL = 4096, LAST_WORDS = 16 << 10 };

struct name {
	char text[24];
};

static struct name name_of(uint64_t number)
{
	struct name name;

	(void)snprintf(name.text, sizeof name.text, "%ju", (uintmax_t)number); /* always fits */
	return name;
}

/* The highest number in the folder, and removes those up to limit. 0 in an empty folder. */
static uint64_t look_through(int folder, uint64_t limit)
{
	autoclosedir DIR *dir = folder_open(folder, ".", 0);
	uint64_t highest = 0;
	struct dirent *entry;
	int64_t number;

	while (dir && (entry = readdir(dir))) {
		if (number_parse(entry->d_name, 1, INT64_MAX, &number))
			continue;
		if ((uint64_t)number <= limit)
			(void)unlinkat(folder, entry->d_name, 0); /* what stays is removed next time */
		if ((uint64_t)number > highest)
			highest = (uint64_t)number;
	}
	return highest;
}

/* Where the last whole record ends: a machine that lost power may have left the beginning of one, or zeros. */
static off_t whole_size(int fd, off_t size)
{
	char bytes[TAIL];

	while (size > 0) {
		size_t count = size < TAIL ? (size_t)size : TAIL;
		const char *newline;

		if (pread(fd, bytes, count, size - (off_t)count) != (ssize_t)count)
			return size;
		newline = memrchr(bytes, '\n', count);
		if (newline)
			return size - (off_t)count + (newline - bytes) + 1;
		size -= (off_t)count;
	}
	return 0;
}

static int open_number(struct log_file *file, uint64_t number)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = openat(file->folder, name_of(number).text, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	file->room = 0;
	return file->fd < 0 ? -1 : 0;
}

/* Gets blocks for what comes behind size. The steps grow with the file, and a flood gets none: blocks that the disk gives now are
 * journalled and freed again, which the pages of a file that is removed soon never are. */
static void make_room(struct log_file *file, uint64_t size)
{
	uint64_t most = (uint64_t)file->max_size;
	uint64_t room = size + LAST_WORDS + size / 8;

	if (room > most)
		room = most;
	if (file->fd < 0 || room <= file->room || size + LAST_WORDS / 2 <= file->room)
		return;
	/* On a full disk the next write tries again. */
	if (fallocate(file->fd, FALLOC_FL_KEEP_SIZE, (off_t)size, (off_t)(room - size)) == 0)
		file->room = room;
	else if (errno == EOPNOTSUPP)
		file->room = UINT64_MAX;
}

static uint64_t too_old(const struct log_file *file, uint64_t number)
{
	return number > (uint64_t)file->max_files ? number - (uint64_t)file->max_files : 0;
}

int log_file_open(struct log_file *file, struct log_buffer *buffer, struct error *e)
{
	bool is_new = !log_mark(buffer)->number;
	uint64_t highest = look_through(file->folder, too_old(file, log_mark(buffer)->number));
	struct log_mark *mark = log_mark_change(buffer);
	struct stat status;

	if (is_new)
		mark->number = highest ? highest : 1;
	if (open_number(file, mark->number) || fstat(file->fd, &status))
		return error_sys(e, "open the log file %ju", (uintmax_t)mark->number);
	/* Shorter than it was: somebody emptied it. */
	if (is_new || (uint64_t)status.st_size < mark->size)
		mark->size = (uint64_t)whole_size(file->fd, status.st_size);
	if (is_new && ftruncate(file->fd, (off_t)mark->size))
		return error_sys(e, "cut the log file %ju behind its last whole record", (uintmax_t)mark->number);
	log_mark_set(buffer);
	make_room(file, log_mark(buffer)->size);
	return 0;
}

void log_file_release(struct log_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

/* The next file is noted before it is there: once a reader sees it, nothing is added to this one any more. */
static void begin_next(struct log_file *file, struct log_buffer *buffer)
{
	struct log_mark *mark = log_mark_change(buffer);
	uint64_t number = ++mark->number;

	/* Gives back the blocks behind its end; where that fails they go with the file. */
	if (file->fd >= 0 && ftruncate(file->fd, (off_t)mark->size) == 0)
		file->room = 0;
	mark->size = 0;
	log_mark_set(buffer);
	if (too_old(file, number))
		(void)unlinkat(file->folder, name_of(too_old(file, number)).text, 0); /* before: a full disk then has room */
	log_file_release(file);
}

/* How much was written; errno where it is not all. */
static size_t write_at(int fd, const char *bytes, size_t length, uint64_t offset)
{
	size_t done = 0;

	while (done < length) {
		ssize_t count = pwrite(fd, bytes + done, length - done, (off_t)(offset + done));

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			break;
		done += (size_t)count;
	}
	return done;
}

/* Bytes of the app in records that were not written. A record that tells of lost ones counts as these. */
static uint64_t count_lost(const char *records, size_t length)
{
	uint64_t lost = 0;

	while (length) {
		const char *newline = memchr(records, '\n', length);
		size_t step = newline ? (size_t)(newline - records) + 1 : length;
		struct log_record record;

		if (log_record_read(records, step, NULL, &record) == 0)
			lost += record.stream == LOG_BOX ? record.lost : record.length + !record.is_partial;
		records += step;
		length -= step;
	}
	return lost;
}

void log_file_write(struct log_file *file, struct log_buffer *buffer)
{
	const struct log_mark *now = log_mark(buffer);
	struct log_mark *mark;
	size_t done, whole;
	const char *newline;
	bool is_flood;
	int reason;

	if (!now->output)
		return;
	is_flood = now->output > LAST_WORDS;
	if (now->size && now->size + now->output > (uint64_t)file->max_size)
		begin_next(file, buffer);
	now = log_mark(buffer);
	done = file->fd >= 0 || open_number(file, now->number) == 0 ? write_at(file->fd, buffer->output, now->output, now->size) : 0;
	reason = errno;
	newline = memrchr(buffer->output, '\n', done);
	whole = newline ? (size_t)(newline - buffer->output) + 1 : 0;
	mark = log_mark_change(buffer);
	mark->size += whole;
	if (whole < mark->output) {
		mark->lost += count_lost(buffer->output + whole, mark->output - whole);
		/* The beginning of a record must not stay behind a shorter write to the same place. */
		mark->reason = file->fd >= 0 && ftruncate(file->fd, (off_t)mark->size) ? errno : reason;
		file->room = 0;
	}
	mark->output = 0;
	log_mark_set(buffer);
	if (!is_flood)
		make_room(file, log_mark(buffer)->size);
}
