/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_writer.c - tars: ustar headers, GNU's binary form for sizes of 8 GiB and more, pax records for everything else that does not fit.
 */
#include "base/tar_writer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

enum { BLOCK = 512, BUFFER = 256 << 10 };

static const int64_t octal_limit = INT64_C(1) << 33; /* eleven octal digits */
static const int64_t id_limit = INT64_C(1) << 21;    /* seven */

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100], magic[6], version[2], user[32], group[32],
		major[8], minor[8], rest[167];
};

_Static_assert(sizeof(struct header) == BLOCK, "a header is one block");

/* As octal digits; what does not fit is 0, and a pax record says it. */
static void set_number(char *field, size_t size, int64_t value)
{
	bool fits = value >= 0 && value < INT64_C(1) << (3 * (size - 1));

	(void)snprintf(field, size, "%0*llo", (int)size - 1, fits ? (unsigned long long)value : 0); /* always fits */
}

static void set_size(struct header *header, int64_t size)
{
	set_number(header->size, sizeof header->size, size);
	if (size < octal_limit)
		return;
	for (size_t i = sizeof header->size; i-- > 0; size >>= 8)
		header->size[i] = (char)(size & 0xff);
	header->size[0] = (char)0x80;
}

/* As much of it as there is room for; all of a field may be used. */
static void set_text(char *field, size_t size, const char *text)
{
	memcpy(field, text, strnlen(text, size));
}

static int write_block(int fd, const struct tar_entry *entry, char type, const char *path, int64_t size, struct error *e)
{
	bool is_device = type == TAR_CHARACTER || type == TAR_BLOCK;
	struct header header = { .type = type };
	const unsigned char *bytes = (const unsigned char *)&header;
	unsigned sum = 0;

	set_text(header.name, sizeof header.name, path);
	set_number(header.mode, sizeof header.mode, entry->mode & 07777);
	set_number(header.uid, sizeof header.uid, entry->uid);
	set_number(header.gid, sizeof header.gid, entry->gid);
	set_number(header.mtime, sizeof header.mtime, entry->mtime.tv_sec);
	set_size(&header, size);
	if (entry->target)
		set_text(header.link, sizeof header.link, entry->target);
	if (is_device) {
		set_number(header.major, sizeof header.major, entry->major);
		set_number(header.minor, sizeof header.minor, entry->minor);
	}
	memcpy(header.magic, "ustar", sizeof header.magic);
	memcpy(header.version, "00", sizeof header.version);
	memset(header.checksum, ' ', sizeof header.checksum);
	for (size_t i = 0; i < BLOCK; i++)
		sum += bytes[i];
	(void)snprintf(header.checksum, sizeof header.checksum, "%06o", sum); /* always fits */
	return write_all(fd, &header, BLOCK) ? error_sys(e, "write %s", path) : 0;
}

static int pad(int fd, const char *name, int64_t size, struct error *e)
{
	static const char zeros[BLOCK];
	size_t rest = (size_t)(size % BLOCK);

	return rest && write_all(fd, zeros, BLOCK - rest) ? error_sys(e, "write %s", name) : 0;
}

static size_t digits_of(size_t number)
{
	size_t count = 1;

	while (number /= 10)
		count++;
	return count;
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts itself. */
static void add_record(struct text *pax, const char *prefix, const char *key, const void *value, size_t size)
{
	size_t rest = strlen(" =\n") + strlen(prefix) + strlen(key) + size;
	size_t length = rest + digits_of(rest);

	/* Its own digits may be what makes it one digit longer. */
	length = rest + digits_of(length);
	text_addf(pax, "%zu %s%s=", length, prefix, key);
	text_add_bytes(pax, value, size);
	text_add_char(pax, '\n');
}

static void add_text(struct text *pax, const char *key, const char *value, size_t room)
{
	if (value && strlen(value) > room)
		add_record(pax, "", key, value, strlen(value));
}

static void add_id(struct text *pax, const char *key, uint32_t id)
{
	autofree char *digits = text_format("%u", id);

	if (id >= id_limit)
		add_record(pax, "", key, digits, strlen(digits));
}

static void add_time(struct text *pax, const struct timespec *time)
{
	autofree char *digits = text_format("%lld.%09ld", (long long)time->tv_sec, time->tv_nsec);

	/* Before 1970 a fraction counts the other way round than here; no file system makes it matter. */
	if (time->tv_nsec || time->tv_sec < 0 || time->tv_sec >= octal_limit)
		add_record(pax, "", "mtime", digits, time->tv_nsec && time->tv_sec >= 0 ? strlen(digits) : strcspn(digits, "."));
}

/* What the header has no place for, if anything. */
static int write_pax(int fd, const struct tar_entry *entry, struct error *e)
{
	const struct tar_entry plain = { .mode = 0644 };
	autorelease(text) struct text pax = { 0 };

	add_text(&pax, "path", entry->path, sizeof((struct header *)NULL)->name);
	add_text(&pax, "linkpath", entry->target, sizeof((struct header *)NULL)->link);
	add_id(&pax, "uid", entry->uid);
	add_id(&pax, "gid", entry->gid);
	add_time(&pax, &entry->mtime);
	for (size_t i = 0; i < entry->attribute_count; i++)
		add_record(&pax, "SCHILY.xattr.", entry->attributes[i].name, entry->attributes[i].value, entry->attributes[i].size);
	if (!pax.length)
		return 0;
	if (write_block(fd, &plain, 'x', "./PaxHeader", (int64_t)pax.length, e))
		return -1;
	return write_all(fd, pax.data, pax.length) ? error_sys(e, "write %s", entry->path) : pad(fd, entry->path, (int64_t)pax.length, e);
}

int tar_write_header(int fd, const struct tar_entry *entry, struct error *e)
{
	return write_pax(fd, entry, e) ? -1 : write_block(fd, entry, (char)entry->type, entry->path, entry->size, e);
}

static int write_zeros(int fd, const char *name, int64_t count, struct error *e)
{
	static const char zeros[16 * BLOCK];

	for (; count > 0; count -= (int64_t)sizeof zeros)
		if (write_all(fd, zeros, count < (int64_t)sizeof zeros ? (size_t)count : sizeof zeros))
			return error_sys(e, "write %s", name);
	return 0;
}

int tar_write_content(int fd, const char *name, int from, int64_t size, int64_t *ret_missing, struct error *e)
{
	size_t room = size < BUFFER ? (size_t)size : BUFFER;
	autofree char *buffer = alloc_zeroed(1, room + 1);
	int64_t left = size;

	while (left > 0) {
		ssize_t got = read(from, buffer, left < BUFFER ? (size_t)left : BUFFER);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(e, "read %s", name);
		if (got == 0)
			break;
		if (write_all(fd, buffer, (size_t)got))
			return error_sys(e, "write %s", name);
		left -= got;
	}
	if (left && !ret_missing)
		return error_set(e, ERROR_INTERNAL, "read %s: it ends before its %lld bytes", name, (long long)size);
	if (ret_missing)
		*ret_missing = left;
	return write_zeros(fd, name, left, e) ? -1 : pad(fd, name, size, e);
}

int tar_write_folder(int fd, const char *name, struct error *e)
{
	return tar_write_header(fd, &(struct tar_entry){ .type = TAR_FOLDER, .path = name, .mode = 0755 }, e);
}

int tar_write_bytes(int fd, const char *name, const void *bytes, size_t length, struct error *e)
{
	const struct tar_entry entry = { .type = TAR_FILE, .path = name, .mode = 0644, .size = (int64_t)length };

	if (tar_write_header(fd, &entry, e))
		return -1;
	return write_all(fd, bytes, length) ? error_sys(e, "write %s", name) : pad(fd, name, entry.size, e);
}

int tar_write_file(int fd, const char *name, int from, int64_t size, struct error *e)
{
	const struct tar_entry entry = { .type = TAR_FILE, .path = name, .mode = 0644, .size = size };

	return tar_write_header(fd, &entry, e) ? -1 : tar_write_content(fd, name, from, size, NULL, e);
}

int tar_write_end(int fd, struct error *e)
{
	static const char zeros[2 * BLOCK];

	return write_all(fd, zeros, sizeof zeros) ? error_sys(e, "write the end of the archive") : 0;
}
