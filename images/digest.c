/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest.c - the names of contents.
 */
#include "images/digest.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	size_t digits;
} algorithms[] = {
	[DIGEST_SHA256] = { "sha256", 64 },
	[DIGEST_SHA512] = { "sha512", 128 },
};

const char *digest_algorithm_name(enum digest_algorithm algorithm)
{
	return algorithms[algorithm].name;
}

int digest_parse(const char *text, struct digest *ret)
{
	const char *colon = text ? strchr(text, ':') : NULL;

	if (!colon)
		return -1;
	for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
		size_t length = strlen(algorithms[i].name);

		if ((size_t)(colon - text) != length || strncmp(text, algorithms[i].name, length) != 0)
			continue;
		if (strlen(colon + 1) != algorithms[i].digits ||
		    strspn(colon + 1, "0123456789abcdef") != algorithms[i].digits)
			return -1;
		ret->algorithm = (enum digest_algorithm)i;
		memcpy(ret->hex, colon + 1, algorithms[i].digits + 1);
		return 0;
	}
	return -1;
}

void digest_text(const struct digest *digest, char ret[static DIGEST_TEXT])
{
	(void)snprintf(ret, DIGEST_TEXT, "%s:%s", digest_algorithm_name(digest->algorithm),
		       digest->hex); /* always fits */
}

void digest_file_name(const struct digest *digest, char ret[static DIGEST_TEXT])
{
	(void)snprintf(ret, DIGEST_TEXT, "%s-%s", digest_algorithm_name(digest->algorithm),
		       digest->hex); /* always fits */
}

int digest_parse_file_name(const char *name, const char *end, struct digest *ret)
{
	size_t length = strlen(name), behind = strlen(end);
	char text[DIGEST_TEXT], *dash;

	if (length < behind || length - behind >= sizeof text || strcmp(name + length - behind, end) != 0)
		return -1;
	memcpy(text, name, length - behind);
	text[length - behind] = '\0';
	dash = strchr(text, '-');
	if (!dash)
		return -1;
	*dash = ':';
	return digest_parse(text, ret);
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return a->algorithm == b->algorithm && strcmp(a->hex, b->hex) == 0;
}
