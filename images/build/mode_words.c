/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mode_words.c - chmod(1)'s words.
 */
#include "images/build/mode_words.h"

#include <string.h>

#include "base/error.h"
#include "base/number.h"

/* The bits of "rwxXst" that the classes of who ("ugo", or "" for all) can have. X: only where somebody may execute, and for folders. */
static mode_t bits_of(const char *letters, size_t length, mode_t classes, mode_t mode, bool is_folder)
{
	mode_t bits = 0;

	for (size_t i = 0; i < length; i++) {
		if (letters[i] == 'r')
			bits |= 0444;
		if (letters[i] == 'w')
			bits |= 0222;
		if (letters[i] == 'x' || (letters[i] == 'X' && (is_folder || mode & 0111)))
			bits |= 0111;
		if (letters[i] == 's')
			bits |= 06000;
		if (letters[i] == 't')
			bits |= 01000;
	}
	return bits & classes;
}

static mode_t classes_of(const char *who, size_t length)
{
	mode_t classes = 0;

	for (size_t i = 0; i < length; i++)
		classes |= who[i] == 'u' ? 04700 : who[i] == 'g' ? 02070 : who[i] == 'o' ? 01007 : 07777;
	return length ? classes : 07777;
}

/* "go-w+x": the end of the clause, or NULL where it is none. */
static const char *apply_clause(const char *at, bool is_folder, mode_t *mode)
{
	size_t who = strspn(at, "ugoa");
	mode_t classes = classes_of(at, who);

	at += who;
	if (!*at || !strchr("+-=", *at))
		return NULL;
	while (*at && strchr("+-=", *at)) {
		char action = *at++;
		size_t length = strspn(at, "rwxXst");
		mode_t bits = bits_of(at, length, classes, *mode, is_folder);

		*mode = action == '+' ? *mode | bits : action == '-' ? *mode & ~bits : (*mode & ~(classes & 0777)) | bits;
		at += length;
	}
	return at;
}

int mode_words_apply(const char *words, mode_t mode, bool is_folder, mode_t *ret, struct error *e)
{
	const char *at = words;
	mode_t result = mode;

	if (*words >= '0' && *words <= '9') {
		if (mode_parse(words, &result))
			return error_set(e, ERROR_SPEC, "--chmod=%.80s: expected octal digits", words);
		*ret = result;
		return 0;
	}
	do {
		at = apply_clause(at, is_folder, &result);
		if (!at || (*at && *at != ','))
			return error_set(e, ERROR_SPEC, "--chmod=%.80s: expected octal digits, or words such as u=rwX,go=rX", words);
	} while (*at++ == ',');
	*ret = result;
	return 0;
}
