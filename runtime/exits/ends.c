/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ends.c - how runs in the foreground ended.
 *
 * The fast path reads one small file and adds a line to it. A file is shortened in place: that needs no space and no inode, which a full
 * disk has not. A line that a crash tore is none, for whoever reads it.
 */
#include "runtime/exits/ends.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/exits/exit_record.h"

#define FOLDER "ends"

enum {
	FILE_LIMIT = 1 << 20,
	LINES_MOST = 3 * EXITS_KEPT, /* then the file is shortened: not at every end */
	SUFFIX = 6,                  /* hex digits, cli/command_run.c */
	STAT_BLOCK = 512,            /* bytes, whatever the file system has */
};

/* The name of the file; to be freed. */
static char *file_of(const char *name)
{
	size_t length = strlen(name), digits = 0;

	while (digits < SUFFIX && digits < length && isxdigit((unsigned char)name[length - 1 - digits]))
		digits++;
	if (digits == SUFFIX && length > SUFFIX + 1 && name[length - SUFFIX - 1] == '-')
		length -= SUFFIX + 1;
	return alloc_copy_bytes(name, length);
}

static int64_t number_of(const char *line)
{
	long long number;

	return sscanf(line, "{\"number\":%lld,", &number) == 1 && number > 0 ? number : 0;
}

/* Where each whole line begins, the first one first. Returns how many there are; the caller frees *ret. */
static size_t find_lines(const char *lines, size_t **ret)
{
	size_t count = 0;

	*ret = NULL;
	for (const char *at = lines, *end; (end = strchr(at, '\n')); at = end + 1)
		if (number_of(at))
			*(size_t *)alloc_append(ret, &count, sizeof **ret) = (size_t)(at - lines);
	return count;
}

struct moment {
	char *name;
	int64_t last;
};

static int by_last(const void *a, const void *b)
{
	const struct moment *one = a, *two = b;

	return one->last < two->last ? -1 : one->last > two->last;
}

/* Every name and when it was last added to, the oldest first. The caller frees it by free_moments. */
static size_t list_moments(int folder, struct moment **ret)
{
	autoclosedir DIR *entries = folder_open(folder, ".", 0);
	struct dirent *entry;
	size_t count = 0;

	*ret = NULL;
	while (entries && (entry = readdir(entries))) {
		struct stat st;

		if (entry->d_name[0] == '.' || fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		*(struct moment *)alloc_append(ret, &count, sizeof **ret) = (struct moment){ alloc_copy(entry->d_name), st.st_mtime };
	}
	if (count)
		qsort(*ret, count, sizeof **ret, by_last);
	return count;
}

static void free_moments(struct moment *moments, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(moments[i].name);
	free(moments);
}

/* For a name that is new: a quarter of the others go at once where they are too many, so that it does not happen at every new name. */
static void make_room(int folder)
{
	struct moment *moments;
	size_t count = list_moments(folder, &moments);

	for (size_t i = 0; count > ENDS_NAMES && i < count - ENDS_NAMES + ENDS_NAMES / 4; i++)
		(void)unlinkat(folder, moments[i].name, 0); /* another command may do the same */
	free_moments(moments, count);
}

static int open_folder(const struct places *places, struct error *e)
{
	autofree char *path = text_format("%s/" FOLDER, places->store);
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return folder >= 0 ? folder : folder_make_private(path, e);
}

/* The file, locked, for reading and writing. Nobody renames one; one that was removed meanwhile takes its line along. */
static int open_file(int folder, const char *name, struct error *e)
{
	autoclose int fd = openat(folder, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	while (fd >= 0 && flock(fd, LOCK_EX))
		if (errno != EINTR)
			return error_sys(e, "lock %s", name);
	return fd < 0 ? error_sys(e, "open %s", name) : take_fd(&fd);
}

/* Writes the whole file anew, with the lines from first on and the new one. 0, or -1 with errno. */
static int rewrite(int fd, const struct text *lines, size_t first, const struct text *line)
{
	autorelease(text) struct text all = { 0 };

	text_add(&all, lines->data + first);
	text_add_bytes(&all, line->data, line->length);
	return lseek(fd, 0, SEEK_SET) < 0 || write_all(fd, all.data, all.length) ? -1 : ftruncate(fd, (off_t)all.length);
}

/* The disk is full: the new line takes the place of so many old ones that all fits into the blocks that the file has. 0, or -1 with
 * errno. */
static int replace_oldest(int fd, const struct text *lines, const size_t *starts, size_t count, const struct text *line)
{
	struct stat st;

	if (ftruncate(fd, (off_t)lines->length) || fstat(fd, &st))
		return -1;
	for (size_t i = 1; i <= count; i++) {
		size_t first = i < count ? starts[i] : lines->length;

		if (lines->length - first + line->length <= (size_t)st.st_blocks * STAT_BLOCK)
			return rewrite(fd, lines, first, line);
	}
	errno = ENOSPC;
	return -1;
}

/* A piece of a line, which a crash left at the end, goes. The next write is behind what is left. */
static int drop_piece(int fd, struct text *lines)
{
	const char *end = strrchr(lines->data, '\n');
	size_t whole = end ? (size_t)(end - lines->data) + 1 : 0;

	if (whole == lines->length)
		return 0;
	lines->data[whole] = '\0';
	lines->length = whole;
	return ftruncate(fd, (off_t)whole) || lseek(fd, (off_t)whole, SEEK_SET) < 0 ? -1 : 0;
}

static int add_line(int fd, struct exit_record *record, bool *ret_is_new)
{
	autorelease(text) struct text lines = { 0 };
	autorelease(text) struct text line = { 0 };
	autofree size_t *starts = NULL;
	struct error ignored = { 0 };
	size_t count;
	int result;

	/* What cannot be read, or is larger than anything that box wrote, is written anew. */
	if (file_read_fd(fd, FOLDER, FILE_LIMIT, &lines, &ignored)) {
		text_clear(&lines);
		if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET) < 0)
			return -1;
	}
	if (!lines.data)
		text_add(&lines, "");
	if (drop_piece(fd, &lines))
		return -1;
	count = find_lines(lines.data, &starts);
	*ret_is_new = lines.length == 0;
	record->number = count ? number_of(lines.data + starts[count - 1]) + 1 : 1;
	exit_record_dump_line(record, &line);
	if (count + 1 > LINES_MOST)
		result = rewrite(fd, &lines, starts[count - EXITS_KEPT + 1], &line);
	else
		result = write_all(fd, line.data, line.length); /* behind what was read */
	return result && (errno == ENOSPC || errno == EDQUOT) ? replace_oldest(fd, &lines, starts, count, &line) : result;
}

int ends_add(const struct places *places, struct exit_record *record, struct error *e)
{
	autofree char *name = file_of(record->name);
	autoclose int folder = open_folder(places, e);
	autoclose int fd = folder < 0 ? -1 : open_file(folder, name, e);
	bool is_new = false;

	if (fd < 0)
		return error_in(e, "keep how %s ended", record->name);
	if (add_line(fd, record, &is_new)) {
		error_sys(e, "keep how %s ended: write %s/" FOLDER "/%s", record->name, places->store, name);
		if (is_new)
			(void)unlinkat(folder, name, 0); /* the first cause is what counts */
		return -1;
	}
	if (is_new)
		make_room(folder);
	return 0;
}

/* The lines that are asked for: of the container of this name, or, where it is a file's name, all of it. The last EXITS_KEPT. */
static void choose(const struct text *lines, const char *name, bool is_file, struct exit_record **ret, size_t *ret_count)
{
	autofree size_t *starts = NULL;
	size_t count = lines->data ? find_lines(lines->data, &starts) : 0;

	for (size_t i = 0; i < count; i++) {
		const char *line = lines->data + starts[i];
		struct exit_record record = { 0 };
		struct error ignored = { 0 };

		if (exit_record_parse(line, strcspn(line, "\n"), &record, &ignored) || (!is_file && !text_equal(record.name, name)))
			exit_record_release(&record);
		else
			*(struct exit_record *)alloc_append(ret, ret_count, sizeof **ret) = record;
	}
}

static int pick(struct exit_record *records, size_t count, int64_t number, const char *name, struct exit_record *ret,
		struct list *ret_numbers, struct error *e)
{
	size_t first = count > EXITS_KEPT ? count - EXITS_KEPT : 0;

	for (size_t i = count; i-- > first;) {
		if (number && records[i].number != number)
			continue;
		for (size_t k = first; k < count; k++)
			list_addf(ret_numbers, "%jd", (intmax_t)records[k].number);
		*ret = records[i];
		records[i] = (struct exit_record){ 0 };
		return 0;
	}
	error_set(e, ERROR_MISSING, "explain %s: run %jd has no record", name, (intmax_t)number);
	return error_hint(e, "those of runs %jd to %jd are kept", (intmax_t)records[first].number, (intmax_t)records[count - 1].number);
}

int ends_read(const struct places *places, const char *name, int64_t number, struct exit_record *ret, struct list *ret_numbers,
	      struct error *e)
{
	autofree char *file = file_of(name);
	autofree char *path = text_format("%s/" FOLDER "/%s", places->store, file);
	autorelease(text) struct text lines = { 0 };
	struct exit_record *records = NULL;
	size_t count = 0;
	int result;

	if (file_read(AT_FDCWD, path, FILE_LIMIT, &lines, e) && e->sys != ENOENT)
		return error_in(e, "explain %s", name);
	error_clear(e);
	choose(&lines, name, strcmp(file, name) == 0, &records, &count);
	result = count ? pick(records, count, number, name, ret, ret_numbers, e) : error_as(e, ERROR_MISSING);
	for (size_t i = 0; i < count; i++)
		exit_record_release(&records[i]);
	free(records);
	return result;
}

int ends_prune(const struct places *places, int64_t before, bool dry_run)
{
	autofree char *path = text_format("%s/" FOLDER, places->store);
	autoclose int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct moment *moments = NULL;
	size_t count = folder < 0 ? 0 : list_moments(folder, &moments);
	int removed = 0;

	for (size_t i = 0; i < count && moments[i].last < before; i++)
		if (dry_run || unlinkat(folder, moments[i].name, 0) == 0)
			removed++;
	free_moments(moments, count);
	return removed;
}
