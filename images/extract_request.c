/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extract_request.c - what box asks box-image to make of an archive that ADD takes apart; box's side.
 */
#include "images/extract_request.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/places.h"
#include "base/text.h"
#include "images/image_request.h"
#include "images/store.h"
#include "images/unpack_answer.h"

/* A tar's first header, of whatever age: its checksum, the field itself counted as spaces. */
static bool is_tar_header(const unsigned char bytes[static 512])
{
	enum { SUM_AT = 148, SUM_END = 156 };
	unsigned long sum = 0, said;
	char field[9] = "";

	memcpy(field, bytes + SUM_AT, SUM_END - SUM_AT);
	said = strtoul(field, NULL, 8);
	for (size_t i = 0; i < 512; i++)
		sum += i >= SUM_AT && i < SUM_END ? ' ' : bytes[i];
	return said && said == sum;
}

bool extract_may_be_archive(int file)
{
	static const char *const magics[] = { "\x1f\x8b", "BZh", "\xfd\x37zXZ", "\x28\xb5\x2f\xfd" };
	unsigned char bytes[512] = "";
	ssize_t got = pread(file, bytes, sizeof bytes, 0);

	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
		if (got > (ssize_t)strlen(magics[i]) && memcmp(bytes, magics[i], strlen(magics[i])) == 0)
			return true;
	return got == (ssize_t)sizeof bytes && is_tar_header(bytes);
}

int extract_request(const struct places *places, int archive, int out, bool says_kind, const char *words, bool *ret_is_archive,
		    struct error *e)
{
	autorelease(unpack_answer) struct unpack_answer answer = { 0 };
	autorelease(list) struct list arguments = { 0 };
	autoclose int store = store_open(places->store, e);
	const struct image_request request = { .words = &arguments, .about = words, .store = store, .source = out, .input = archive };

	if (store < 0)
		return -1;
	list_add(&arguments, "extract");
	list_addf(&arguments, "%d", store);
	list_addf(&arguments, "%d", out);
	list_add(&arguments, says_kind ? "kind" : "members");
	if (image_request(&request, &answer, e))
		return error_in(e, "unpack %s", words);
	*ret_is_archive = answer.told.count && strcmp(answer.told.items[0], "archive") == 0;
	return 0;
}
