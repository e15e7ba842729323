/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_writer.c - a tar of plain files: ustar headers, and GNU's binary form for sizes of 8 GiB and more.
 */
#include "images/tar_writer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

enum { BLOCK = 512, BUFFER = 256 << 10 };

static const int64_t octal_limit = INT64_C(1) << 33; /* eleven octal digits */

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100], magic[6], version[2], rest[247];
};

_Static_assert(sizeof(struct header) == BLOCK, "a header is one block");

static void set_size(struct header *header, int64_t size)
{
	if (size < octal_limit) {
		(void)snprintf(header->size, sizeof header->size, "%011llo", (unsigned long long)size); /* always fits */
		return;
	}
	for (size_t i = sizeof header->size; i-- > 0; size >>= 8)
		header->size[i] = (char)(size & 0xff);
	header->size[0] = (char)0x80;
}

static int write_header(int fd, const char *name, char type, int64_t size, struct error *e)
{
	struct header header = { .type = type, .mode = "0000644", .uid = "0000000", .gid = "0000000", .mtime = "00000000000" };
	const unsigned char *bytes = (const unsigned char *)&header;
	size_t length = strlen(name);
	unsigned sum = 0;

	if (length >= sizeof header.name)
		return error_set(e, ERROR_INTERNAL, "the name %s is too long for a tar of ours", name);
	memcpy(header.name, name, length);
	if (type == '5')
		memcpy(header.mode, "0000755", sizeof header.mode);
	set_size(&header, size);
	memcpy(header.magic, "ustar", sizeof header.magic);
	memcpy(header.version, "00", sizeof header.version);
	memset(header.checksum, ' ', sizeof header.checksum);
	for (size_t i = 0; i < BLOCK; i++)
		sum += bytes[i];
	(void)snprintf(header.checksum, sizeof header.checksum, "%06o", sum); /* always fits */
	return write_all(fd, &header, BLOCK) ? error_sys(e, "write %s", name) : 0;
}

static int pad(int fd, const char *name, int64_t size, struct error *e)
{
	static const char zeros[BLOCK];
	size_t rest = (size_t)(size % BLOCK);

	return rest && write_all(fd, zeros, BLOCK - rest) ? error_sys(e, "write %s", name) : 0;
}

int tar_write_folder(int fd, const char *name, struct error *e)
{
	return write_header(fd, name, '5', 0, e);
}

int tar_write_bytes(int fd, const char *name, const void *bytes, size_t length, struct error *e)
{
	if (write_header(fd, name, '0', (int64_t)length, e))
		return -1;
	return write_all(fd, bytes, length) ? error_sys(e, "write %s", name) : pad(fd, name, (int64_t)length, e);
}

int tar_write_file(int fd, const char *name, int from, int64_t size, struct error *e)
{
	autofree char *buffer = alloc_zeroed(1, BUFFER);

	if (write_header(fd, name, '0', size, e))
		return -1;
	for (int64_t left = size; left > 0;) {
		ssize_t got = read(from, buffer, left < BUFFER ? (size_t)left : BUFFER);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(e, "read %s", name);
		if (got == 0)
			return error_set(e, ERROR_INTERNAL, "read %s: it ends before its %lld bytes", name, (long long)size);
		if (write_all(fd, buffer, (size_t)got))
			return error_sys(e, "write %s", name);
		left -= got;
	}
	return pad(fd, name, size, e);
}

int tar_write_end(int fd, struct error *e)
{
	static const char zeros[2 * BLOCK];

	return write_all(fd, zeros, sizeof zeros) ? error_sys(e, "write the end of the archive") : 0;
}
