/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_header.c - one header of a tar: ustar (POSIX.1-1988) and GNU's.
 */
#include "images/tar_header.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* The header on disk. */
struct raw {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, target[100], magic[8], uname[32], gname[32],
		major[8], minor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct raw) == TAR_UNIT, "as on disk");

/* Octal digits with spaces before them and spaces or a zero byte behind. */
static int parse_octal(const char *field, size_t length, int64_t *ret)
{
	uint64_t value = 0;
	size_t at = 0;

	while (at < length && field[at] == ' ')
		at++;
	for (; at < length && field[at] >= '0' && field[at] <= '7'; at++) {
		if (value >> 59)
			return -1;
		value = value << 3 | (uint64_t)(field[at] - '0');
	}
	for (; at < length; at++)
		if (field[at] != ' ' && field[at] != '\0')
			return -1;
	*ret = (int64_t)value;
	return 0;
}

/* GNU's form for large numbers: the first bit is set, the rest is big-endian. Negative ones are left to others. */
static int parse_binary(const char *field, size_t length, int64_t *ret)
{
	uint64_t value = 0;

	if ((unsigned char)field[0] != 0x80)
		return -1;
	for (size_t i = 1; i < length; i++) {
		if (value >> 55)
			return -1;
		value = value << 8 | (unsigned char)field[i];
	}
	*ret = (int64_t)value;
	return 0;
}

static int parse_number(const char *field, size_t length, int64_t *ret)
{
	return (unsigned char)field[0] & 0x80 ? parse_binary(field, length, ret) : parse_octal(field, length, ret);
}

/* All bytes are added, those of the checksum's own field as spaces. */
static bool checksum_is_right(const unsigned char *block)
{
	const struct raw *raw = (const struct raw *)block;
	int64_t said, sum = 0;

	for (size_t i = 0; i < TAR_UNIT; i++)
		sum += i >= offsetof(struct raw, checksum) && i < offsetof(struct raw, type) ? ' ' : block[i];
	return parse_octal(raw->checksum, sizeof raw->checksum, &said) == 0 && said == sum;
}

static int parse_numbers(const struct raw *raw, struct tar_header *ret)
{
	const struct {
		const char *field;
		size_t length;
		int64_t *value, most;
	} narrow[] = {
		{ raw->uid, sizeof raw->uid, &ret->uid, INT64_MAX },
		{ raw->gid, sizeof raw->gid, &ret->gid, INT64_MAX },
		{ raw->size, sizeof raw->size, &ret->size, INT64_MAX },
		{ raw->mtime, sizeof raw->mtime, &ret->mtime, INT64_MAX },
	};
	int64_t mode;

	for (size_t i = 0; i < sizeof narrow / sizeof *narrow; i++)
		if (parse_number(narrow[i].field, narrow[i].length, narrow[i].value))
			return -1;
	if (parse_octal(raw->mode, sizeof raw->mode, &mode))
		return -1;
	ret->mode = (uint32_t)mode & 07777;
	return 0;
}

/* Of every member: libarchive takes no header for one where these are no numbers. */
static int parse_device(const struct raw *raw, struct tar_header *ret)
{
	int64_t major, minor;

	if (parse_octal(raw->major, sizeof raw->major, &major) || parse_octal(raw->minor, sizeof raw->minor, &minor) ||
	    major > UINT32_MAX || minor > UINT32_MAX)
		return -1;
	ret->major = (uint32_t)major;
	ret->minor = (uint32_t)minor;
	return 0;
}

static bool is_zero(const unsigned char *block)
{
	for (size_t i = 0; i < TAR_UNIT; i++)
		if (block[i])
			return false;
	return true;
}

int tar_header_parse(const unsigned char block[TAR_UNIT], struct tar_header *ret, struct error *e)
{
	const struct raw *raw = (const struct raw *)block;
	bool is_gnu = memcmp(raw->magic, "ustar  ", 8) == 0, is_posix = memcmp(raw->magic, "ustar\0" "00", 8) == 0;

	if (is_zero(block))
		return 0;
	if (!checksum_is_right(block))
		return error_set(e, ERROR_IMAGE, "a header's checksum is wrong");
	if (!is_gnu && !is_posix)
		return error_set(e, ERROR_IMAGE, "a header is neither POSIX' nor GNU's");
	*ret = (struct tar_header){ .type = raw->type ? raw->type : TAR_FILE };
	/* In GNU's headers the prefix holds other things. */
	if (is_posix && raw->prefix[0])
		(void)snprintf(ret->name, sizeof ret->name, "%.155s/%.100s", raw->prefix, raw->name); /* always fits */
	else
		(void)snprintf(ret->name, sizeof ret->name, "%.100s", raw->name);
	(void)snprintf(ret->target, sizeof ret->target, "%.100s", raw->target);
	if (parse_numbers(raw, ret) || parse_device(raw, ret))
		return error_set(e, ERROR_IMAGE, "a header holds an unusual number");
	return 1;
}
