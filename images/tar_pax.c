/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_pax.c - the records of a pax header: "LENGTH KEY=VALUE\n", where LENGTH counts all of it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "images/tar_header.h"

/* Each is compared with those before it: the number is what bounds the time. Hardly any file has as many. */
enum { XATTR_NAME = 127, XATTR_MEMORY = 1 << 20, XATTRS_MOST = 512 };
static const char xattr_prefix[] = "SCHILY.xattr.";

/* What says nothing that a layer keeps. */
static const char *const ignored[] = { "atime",      "ctime",        "uname",      "gname",       "comment", "LIBARCHIVE.creationtime",
				       "SCHILY.dev", "SCHILY.ino", "SCHILY.nlink", "SCHILY.fflags", "SCHILY.acl.access",
				       "SCHILY.acl.default" };

void tar_pax_release(struct tar_pax *pax)
{
	for (size_t i = 0; i < pax->xattr_count; i++) {
		free(pax->xattrs[i].name);
		free(pax->xattrs[i].value);
	}
	free(pax->xattrs);
	text_release(&pax->path);
	text_release(&pax->target);
	*pax = (struct tar_pax){ 0 };
}

/* Digits alone; -1 where it is anything else. */
static int parse_digits(const char *digits, size_t length, int64_t *ret)
{
	int64_t value = 0;

	if (!length)
		return -1;
	for (size_t i = 0; i < length; i++) {
		if (digits[i] < '0' || digits[i] > '9' || value > (INT64_MAX - 9) / 10)
			return -1;
		value = value * 10 + (digits[i] - '0');
	}
	*ret = value;
	return 0;
}

/* "1700000000.123456789": more digits than nanoseconds have are cut off. */
static int parse_time(const char *value, size_t length, int64_t *ret, uint32_t *ret_nsec)
{
	const char *point = memchr(value, '.', length);
	size_t whole = point ? (size_t)(point - value) : length;
	uint32_t scale = 100000000, nsec = 0;

	if (parse_digits(value, whole, ret))
		return -1;
	for (size_t i = whole + 1; i < length; i++) {
		if (value[i] < '0' || value[i] > '9')
			return -1;
		nsec += (uint32_t)(value[i] - '0') * scale;
		scale /= 10;
	}
	*ret_nsec = nsec;
	return 0;
}

/* A name: some bytes of UTF-8 without a zero. */
static int parse_name(const char *value, size_t length, struct text *ret)
{
	size_t one;

	if (!length || memchr(value, '\0', length))
		return -1;
	for (size_t i = 0; i < length; i += one)
		if ((one = utf8_length((const unsigned char *)value + i, length - i)) == 0)
			return -1;
	text_clear(ret);
	text_add_bytes(ret, value, length);
	return 0;
}

static int add_xattr(struct tar_pax *pax, const char *name, size_t name_length, const char *value, size_t size)
{
	struct tar_xattr *xattr;

	pax->xattr_bytes += name_length + size;
	if (!name_length || name_length > XATTR_NAME || pax->xattr_bytes > XATTR_MEMORY || pax->xattr_count == XATTRS_MOST)
		return -1;
	for (size_t i = 0; i < pax->xattr_count; i++)
		if (strlen(pax->xattrs[i].name) == name_length && memcmp(pax->xattrs[i].name, name, name_length) == 0)
			return -1;
	xattr = alloc_append(&pax->xattrs, &pax->xattr_count, sizeof *xattr);
	xattr->name = alloc_copy_bytes(name, name_length);
	xattr->value = alloc_copy_bytes(value, size);
	xattr->size = size;
	return 0;
}

/* The first of each kind counts; a second one is what readers disagree about. */
static int take(struct tar_pax *pax, const char *key, const char *value, size_t length)
{
	const struct {
		const char *key;
		enum tar_said said;
		int64_t *number;
		struct text *name;
	} rows[] = {
		{ "path", SAID_PATH, NULL, &pax->path },        { "linkpath", SAID_TARGET, NULL, &pax->target },
		{ "size", SAID_SIZE, &pax->size, NULL },        { "uid", SAID_UID, &pax->uid, NULL },
		{ "gid", SAID_GID, &pax->gid, NULL },           { "mtime", SAID_MTIME, &pax->mtime, NULL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (strcmp(key, rows[i].key) != 0)
			continue;
		if (pax->said & rows[i].said)
			return -1;
		pax->said |= rows[i].said;
		if (rows[i].name)
			return parse_name(value, length, rows[i].name);
		return rows[i].said == SAID_MTIME ? parse_time(value, length, &pax->mtime, &pax->mtime_nsec)
						  : parse_digits(value, length, rows[i].number);
	}
	if (text_starts(key, xattr_prefix))
		return add_xattr(pax, key + sizeof xattr_prefix - 1, strlen(key) - (sizeof xattr_prefix - 1), value, length);
	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		if (strcmp(key, ignored[i]) == 0)
			return 0;
	return -1;
}

/* The record at *body: its key, its value, and *body behind it. */
static int next_record(const char **body, const char *end, char ret_key[static 256], const char **ret_value, size_t *ret_length)
{
	const char *at = *body, *space = memchr(at, ' ', (size_t)(end - at)), *equals, *stop;
	int64_t length;

	if (!space || space - at > 8 || parse_digits(at, (size_t)(space - at), &length) || length > end - at)
		return -1;
	stop = at + length;
	if (stop <= space + 1 || stop[-1] != '\n')
		return -1;
	equals = memchr(space + 1, '=', (size_t)(stop - 1 - (space + 1)));
	if (!equals || equals == space + 1 || equals - (space + 1) > 255 || memchr(space + 1, '\0', (size_t)(equals - (space + 1))))
		return -1;
	memcpy(ret_key, space + 1, (size_t)(equals - (space + 1)));
	ret_key[equals - (space + 1)] = '\0';
	*ret_value = equals + 1;
	*ret_length = (size_t)(stop - 1 - (equals + 1));
	*body = stop;
	return 0;
}

static int refuse(const char *key, struct error *e)
{
	return error_set(e, ERROR_IMAGE, "the pax record \"%s\" is unusual", key);
}

int tar_pax_parse(struct tar_pax *pax, const char *body, size_t length, struct error *e)
{
	const char *value, *end = body + length;
	char key[256] = "";
	size_t size;

	while (body < end)
		if (next_record(&body, end, key, &value, &size) || take(pax, key, value, size))
			return refuse(key, e);
	return 0;
}

int tar_pax_check_global(const char *body, size_t length, struct error *e)
{
	const char *value, *end = body + length;
	char key[256] = "";
	size_t size;

	while (body < end)
		if (next_record(&body, end, key, &value, &size) || strcmp(key, "comment") != 0)
			return refuse(key, e);
	return 0;
}
