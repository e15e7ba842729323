/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_reader.c - the members of a tar.
 *
 *     [ g ]  [ x | L | K | L K ]  header  content, filled up to 512 bytes
 *
 * The size of the content is decided before any of it is skipped, by the pax record where there is one, and used for nothing else
 * than this member (CVE-2025-62518: a size that is applied to another header makes content into headers).
 */
#include "images/tar_reader.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "images/tar_header.h"

enum { BODY_LIMIT = 1 << 20, LONG_NAME = 4096 };

struct tar_reader {
	tar_source *source;
	void *data;
	const unsigned char *at; /* bytes that were got and not used … */
	size_t left;
	int64_t position; /* … and where in the tar they are */
	int64_t content;  /* of the member before: still to be skipped … */
	int64_t filler;   /* … and the zeros behind it */
	struct tar_header header;
	struct tar_pax pax;
	struct text long_name, long_target, body;
};

struct tar_reader *tar_reader_new(tar_source *source, void *data)
{
	struct tar_reader *reader = alloc_zeroed(1, sizeof *reader);

	reader->source = source;
	reader->data = data;
	return reader;
}

void tar_reader_free(struct tar_reader *reader)
{
	if (!reader)
		return;
	tar_pax_release(&reader->pax);
	text_release(&reader->long_name);
	text_release(&reader->long_target);
	text_release(&reader->body);
	free(reader);
}

/* 1 where there are unused bytes, 0 at the end. */
static int more(struct tar_reader *reader, struct error *e)
{
	ssize_t got;

	if (reader->left)
		return 1;
	got = reader->source(reader->data, &reader->at, e);
	reader->left = got > 0 ? (size_t)got : 0;
	return got > 0 ? 1 : (int)got;
}

/* At most length of the unused bytes, which are used then. */
static const unsigned char *use(struct tar_reader *reader, int64_t length, size_t *ret)
{
	const unsigned char *bytes = reader->at;

	*ret = length < (int64_t)reader->left ? (size_t)length : reader->left;
	reader->at += *ret;
	reader->left -= *ret;
	reader->position += (int64_t)*ret;
	return bytes;
}

static int end_early(struct error *e)
{
	return error_set(e, ERROR_IMAGE, "the tar ends in the middle of a member");
}

static int skip(struct tar_reader *reader, int64_t length, struct error *e)
{
	size_t used;

	for (; length > 0; length -= (int64_t)used) {
		int got = more(reader, e);

		if (got <= 0)
			return got < 0 ? -1 : end_early(e);
		(void)use(reader, length, &used);
	}
	return 0;
}

/* Up to the next block, or to the end of the tar: nothing but zeros. */
static int skip_zeros(struct tar_reader *reader, int64_t length, struct error *e)
{
	size_t used;

	for (; length > 0; length -= (int64_t)used) {
		int got = more(reader, e);
		const unsigned char *bytes;

		if (got <= 0)
			return got < 0 ? -1 : end_early(e);
		bytes = use(reader, length, &used);
		for (size_t i = 0; i < used; i++)
			if (bytes[i])
				return error_set(e, ERROR_IMAGE, "other bytes are where a tar has zeros");
	}
	return 0;
}

static int64_t padding(int64_t size)
{
	return (TAR_UNIT - size % TAR_UNIT) % TAR_UNIT;
}

/* 1; 0 where the tar ends right here. */
static int read_block(struct tar_reader *reader, unsigned char ret[TAR_UNIT], struct error *e)
{
	size_t length = 0, used;

	while (length < TAR_UNIT) {
		int got = more(reader, e);
		const unsigned char *bytes;

		if (got <= 0)
			return got < 0 || length == 0 ? got : end_early(e);
		bytes = use(reader, (int64_t)(TAR_UNIT - length), &used);
		memcpy(ret + length, bytes, used);
		length += used;
	}
	return 1;
}

/* The content of a header that only speaks about the next one. */
static int read_body(struct tar_reader *reader, struct error *e)
{
	int64_t size = reader->header.size;
	size_t used;

	text_clear(&reader->body);
	if (size <= 0 || size > BODY_LIMIT)
		return error_set(e, ERROR_IMAGE, "a header's own content has an unusual size");
	while ((int64_t)reader->body.length < size) {
		int got = more(reader, e);
		const unsigned char *bytes;

		if (got <= 0)
			return got < 0 ? -1 : end_early(e);
		bytes = use(reader, size - (int64_t)reader->body.length, &used);
		text_add_bytes(&reader->body, bytes, used);
	}
	return skip_zeros(reader, padding(size), e);
}

/* GNU's long name: text, and zeros behind it. */
static int take_long(struct tar_reader *reader, struct text *ret, struct error *e)
{
	size_t length = strlen(reader->body.data);

	if (ret->length || !length || length > LONG_NAME)
		return error_set(e, ERROR_IMAGE, "a long name is unusual");
	for (size_t i = length; i < reader->body.length; i++)
		if (reader->body.data[i])
			return error_set(e, ERROR_IMAGE, "a long name goes on behind its end");
	text_add_bytes(ret, reader->body.data, length);
	return 0;
}

/* A header that speaks about the next one: 1 where it was such. */
static int take_extension(struct tar_reader *reader, bool *has_pax, struct error *e)
{
	char type = reader->header.type;
	int taken;

	if (type != 'g' && type != 'x' && type != 'L' && type != 'K')
		return 0;
	if (read_body(reader, e))
		return -1;
	if (type == 'g')
		taken = tar_pax_check_global(reader->body.data, reader->body.length, e);
	else if (type == 'x')
		taken = *has_pax ? error_set(e, ERROR_IMAGE, "two pax headers speak about one member")
				 : tar_pax_parse(&reader->pax, reader->body.data, reader->body.length, e);
	else
		taken = take_long(reader, type == 'L' ? &reader->long_name : &reader->long_target, e);
	*has_pax |= type == 'x';
	if (taken == 0 && *has_pax && (reader->long_name.length || reader->long_target.length))
		return error_set(e, ERROR_IMAGE, "a pax header and a long name speak about one member");
	return taken ? -1 : 1;
}

/* What pax says goes before what the header says. */
static void fill(const struct tar_reader *reader, struct tar_member *ret)
{
	const struct tar_header *header = &reader->header;
	const struct tar_pax *pax = &reader->pax;
	const char *name = reader->long_name.length ? reader->long_name.data : header->name;
	const char *target = reader->long_target.length ? reader->long_target.data : header->target;

	*ret = (struct tar_member){
		.type = (enum tar_type)header->type,
		.name = pax->said & SAID_PATH ? pax->path.data : name,
		.target = pax->said & SAID_TARGET ? pax->target.data : target,
		.mode = header->mode,
		.uid = pax->said & SAID_UID ? pax->uid : header->uid,
		.gid = pax->said & SAID_GID ? pax->gid : header->gid,
		.size = pax->said & SAID_SIZE ? pax->size : header->size,
		.mtime = pax->said & SAID_MTIME ? pax->mtime : header->mtime,
		.mtime_nsec = pax->mtime_nsec,
		.major = header->major,
		.minor = header->minor,
		.data = reader->position,
		.xattrs = pax->xattrs,
		.xattr_count = pax->xattr_count,
	};
}

static int check(const struct tar_member *member, struct error *e)
{
	if (member->type < TAR_FILE || member->type > TAR_FIFO)
		return error_set(e, ERROR_IMAGE, "a member is of an unusual kind");
	if (!*member->name)
		return error_set(e, ERROR_IMAGE, "a member has no name");
	/* The oldest form of a folder. */
	if (member->type == TAR_FILE && text_ends(member->name, "/"))
		return error_set(e, ERROR_IMAGE, "a file has a folder's name");
	if (member->type != TAR_FILE && member->size != 0)
		return error_set(e, ERROR_IMAGE, "a member that is no file has content");
	if (member->size < 0 || member->size > INT64_MAX - TAR_UNIT)
		return error_set(e, ERROR_IMAGE, "a member has an impossible size");
	return 0;
}

/* Behind the first block of zeros there are only more of them. */
static int read_rest(struct tar_reader *reader, struct error *e)
{
	int got;

	while ((got = more(reader, e)) == 1)
		if (skip_zeros(reader, (int64_t)reader->left, e))
			return -1;
	return got;
}

int tar_reader_next(struct tar_reader *reader, struct tar_member *ret, struct error *e)
{
	unsigned char block[TAR_UNIT];
	bool has_pax = false;
	int got;

	tar_pax_release(&reader->pax);
	text_clear(&reader->long_name);
	text_clear(&reader->long_target);
	if (skip(reader, reader->content, e) || skip_zeros(reader, reader->filler, e))
		return -1;
	reader->content = reader->filler = 0;
	do {
		got = read_block(reader, block, e);
		if (got > 0)
			got = tar_header_parse(block, &reader->header, e);
		if (got == 0 && (has_pax || reader->long_name.length || reader->long_target.length))
			return end_early(e);
		if (got <= 0)
			return got < 0 ? -1 : read_rest(reader, e);
		got = take_extension(reader, &has_pax, e);
	} while (got > 0);
	if (got < 0)
		return -1;
	fill(reader, ret);
	if (check(ret, e))
		return -1;
	reader->content = ret->size;
	reader->filler = padding(ret->size);
	return 1;
}

ssize_t tar_reader_content(struct tar_reader *reader, const unsigned char **ret, struct error *e)
{
	size_t used;
	int got;

	if (reader->content == 0)
		return 0;
	got = more(reader, e);
	if (got <= 0)
		return got < 0 ? -1 : end_early(e);
	*ret = use(reader, reader->content, &used);
	reader->content -= (int64_t)used;
	return (ssize_t)used;
}
