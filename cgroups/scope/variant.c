/* SPDX-License-Identifier: Apache-2.0 */
/*
 * variant.c - GVariant text.
 *
 * The type of a value is known before it is read where its author said it ("uint64 5", "@as []") or where it is an item of an array; else
 * the value itself says it, and a whole number is an int32.
 */
#include "cgroups/scope/variant.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

enum { TEXT_MAX = 65536, SIGNATURE_MAX = 64, NUMBER_MAX = 64, MICROSECONDS = 1000000 };

struct reader {
	const char *text, *at;
	int depth;
	size_t items;
	struct error *e;
};

static int read_value(struct reader *r, const char *wanted, struct variant *ret);

/* Basic types by their words. Integers: the bits that a value may have, and whether it may be negative. */
static const struct word {
	const char *name;
	char type;
	unsigned char width;
	bool is_signed;
} words[] = {
	{ "boolean", 'b', 0, false }, { "byte", 'y', 8, false }, { "int16", 'n', 16, true }, { "uint16", 'q', 16, false },
	{ "int32", 'i', 32, true }, { "uint32", 'u', 32, false }, { "int64", 'x', 64, true }, { "uint64", 't', 64, false },
	{ "double", 'd', 0, false }, { "string", 's', 0, false }, { "objectpath", 'o', 0, false }, { "signature", 'g', 0, false },
};

static const struct word *word_of(char type)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (words[i].type == type)
			return &words[i];
	return NULL;
}

void variant_release(struct variant *variant)
{
	for (size_t i = 0; i < variant->count; i++)
		variant_release(&variant->items[i]);
	free(variant->items);
	free(variant->text);
	free(variant->signature);
	*variant = (struct variant){ 0 };
}

static int expected(const struct reader *r, const char *what)
{
	autorelease(text) struct text found = { 0 };

	if (!*r->at)
		return error_set(r->e, ERROR_SPEC, "expected %s, found the end of \"%.200s\"", what, r->text);
	text_add_escaped(&found, r->at, strlen(r->at) < 20 ? strlen(r->at) : 20);
	return error_set(r->e, ERROR_SPEC, "expected %s, found \"%s\"", what, found.data);
}

static void skip_space(struct reader *r)
{
	r->at += strspn(r->at, " \t\n");
}

/* Takes the character if it is the next one. */
static bool take(struct reader *r, char c)
{
	skip_space(r);
	if (*r->at != c)
		return false;
	r->at++;
	return true;
}

static int set_type(struct variant *ret, const char *signature)
{
	ret->signature = alloc_copy(signature);
	return 0;
}

static int check_type(const struct reader *r, const char *wanted, const char *found)
{
	if (!wanted || strcmp(wanted, found) == 0)
		return 0;
	return error_set(r->e, ERROR_SPEC, "expected a value of the type \"%s\", found one of \"%s\" before \"%.20s\"", wanted, found, r->at);
}

static int read_integer(struct reader *r, const struct word *word, const char *digits, struct variant *ret)
{
	bool is_negative = *digits == '-';
	const char *start = digits + (is_negative || *digits == '+');
	const char type[] = { word->type, '\0' };
	unsigned long long value;
	uint64_t limit = word->width == 64 ? UINT64_MAX : (UINT64_C(1) << word->width) - 1;
	char *end;

	errno = 0;
	value = strtoull(start, &end, 0); /* 0x1f, 017 and 15, as GVariant has them */
	if (*start < '0' || *start > '9' || *end || errno)
		return error_set(r->e, ERROR_SPEC, "expected a whole number, found \"%s\"", digits);
	if (word->is_signed)
		limit = (limit >> 1) + is_negative;
	else if (is_negative && value)
		limit = 0;
	if (value > limit)
		return error_set(r->e, ERROR_SPEC, "%s does not fit into the type %s", digits, word->name);
	ret->bits = is_negative ? 0 - (uint64_t)value : (uint64_t)value;
	return set_type(ret, type);
}

static int read_double(const struct reader *r, const char *digits, struct variant *ret)
{
	char *end;

	errno = 0;
	ret->number = strtod(digits, &end);
	if (end == digits || *end || (errno && ret->number != 0))
		return error_set(r->e, ERROR_SPEC, "expected a number, found \"%s\"", digits);
	return set_type(ret, "d");
}

static int read_number(struct reader *r, const char *wanted, struct variant *ret)
{
	char digits[NUMBER_MAX] = "";
	size_t length = strspn(r->at, "0123456789abcdefABCDEFxX+-.");
	const struct word *word;

	if (length == 0 || length >= sizeof digits)
		return expected(r, "a number");
	memcpy(digits, r->at, length);
	digits[length] = '\0';
	word = wanted && !wanted[1] ? word_of(wanted[0]) : NULL;
	if (wanted && (!word || (!word->width && word->type != 'd')))
		return error_set(r->e, ERROR_SPEC, "expected a value of the type \"%s\", found the number %s", wanted, digits);
	r->at += length;
	if ((word && word->type == 'd') || (!word && !text_starts(digits, "0x") && strpbrk(digits, ".eE")))
		return read_double(r, digits, ret);
	return read_integer(r, word ? word : word_of('i'), digits, ret);
}

static int read_escape(struct reader *r, struct text *ret)
{
	static const char letters[] = "abfnrtv", meanings[] = "\a\b\f\n\r\t\v";
	const char *letter;

	if (!*++r->at)
		return expected(r, "the rest of an escape");
	if (*r->at == 'u' || *r->at == 'U')
		return expected(r, "an escape other than \\u and \\U (write the character itself, as UTF-8)");
	letter = strchr(letters, *r->at);
	text_add_char(ret, letter ? meanings[letter - letters] : *r->at);
	r->at++;
	return 0;
}

static int read_text(struct reader *r, const char *wanted, struct variant *ret)
{
	autorelease(text) struct text text = { 0 };
	char quote = *r->at++;

	if (wanted && strcmp(wanted, "s") != 0 && strcmp(wanted, "o") != 0 && strcmp(wanted, "g") != 0)
		return error_set(r->e, ERROR_SPEC, "expected a value of the type \"%s\", found a text", wanted);
	while (*r->at != quote) {
		if (!*r->at)
			return expected(r, "the quote that ends a text");
		if (*r->at == '\\') {
			if (read_escape(r, &text))
				return -1;
			continue;
		}
		text_add_char(&text, *r->at++);
	}
	r->at++;
	ret->text = text_take(&text);
	return set_type(ret, wanted ? wanted : "s");
}

/* Items up to the closing sign. wanted: of each item; NULL: in an array whatever the first one is, in a tuple anything. */
static int read_items(struct reader *r, char close, const char *wanted, bool is_array, struct variant *ret)
{
	while (!take(r, close)) {
		struct variant item = { 0 };

		if (ret->count && !take(r, ','))
			return expected(r, is_array ? "\",\" or \"]\"" : "\",\" or \")\"");
		if (!is_array && take(r, close))
			return 0; /* "(1,)" is how a tuple of one is written */
		if (++r->items > VARIANT_ITEMS_MAX)
			return error_set(r->e, ERROR_SPEC, "more than %d values in one property", VARIANT_ITEMS_MAX);
		if (read_value(r, wanted ? wanted : is_array && ret->count ? ret->items[0].signature : NULL, &item)) {
			variant_release(&item);
			return -1;
		}
		*(struct variant *)alloc_append(&ret->items, &ret->count, sizeof item) = item;
	}
	return 0;
}

static int read_array(struct reader *r, const char *wanted, struct variant *ret)
{
	autofree char *signature = NULL;

	r->at++;
	if (wanted && wanted[0] != 'a')
		return error_set(r->e, ERROR_SPEC, "expected a value of the type \"%s\", found an array", wanted);
	if (read_items(r, ']', wanted ? wanted + 1 : NULL, /* is_array= */ true, ret))
		return -1;
	if (!wanted && !ret->count)
		return error_set(r->e, ERROR_SPEC, "an empty array needs its type: \"@as []\"");
	signature = text_format("a%s", wanted ? wanted + 1 : ret->items[0].signature);
	return set_type(ret, signature);
}

/* The length of the one complete type at the start of a signature; 0: there is none. */
static size_t type_length(const char *signature, int depth)
{
	size_t length = 1;

	if (depth > VARIANT_DEPTH_MAX || !*signature)
		return 0;
	if (*signature == 'a') {
		size_t item = type_length(signature + 1, depth + 1);

		return item ? item + 1 : 0;
	}
	if (*signature != '(')
		return *signature == 'v' || word_of(*signature) ? 1 : 0;
	while (signature[length] != ')') {
		size_t item = type_length(signature + length, depth + 1);

		if (!item)
			return 0;
		length += item;
	}
	return length > 1 ? length + 1 : 0; /* D-Bus has no empty tuple */
}

/* A tuple of a known type: each item has its own. */
static int read_typed_tuple(struct reader *r, const char *wanted, struct variant *ret)
{
	for (const char *type = wanted + 1; *type != ')'; type += type_length(type, 0)) {
		autofree char *one = alloc_copy_bytes(type, type_length(type, 0));
		struct variant item = { 0 };

		if ((ret->count && !take(r, ',')) || ++r->items > VARIANT_ITEMS_MAX)
			return expected(r, "the other values of a tuple");
		if (read_value(r, one, &item)) {
			variant_release(&item);
			return -1;
		}
		*(struct variant *)alloc_append(&ret->items, &ret->count, sizeof item) = item;
	}
	if (ret->count == 1)
		(void)take(r, ',');
	if (!take(r, ')'))
		return expected(r, "\")\"");
	return set_type(ret, wanted);
}

static int read_tuple(struct reader *r, const char *wanted, struct variant *ret)
{
	autorelease(text) struct text signature = { 0 };

	r->at++;
	if (wanted && wanted[0] != '(')
		return error_set(r->e, ERROR_SPEC, "expected a value of the type \"%s\", found a tuple", wanted);
	if (wanted)
		return read_typed_tuple(r, wanted, ret);
	if (read_items(r, ')', NULL, /* is_array= */ false, ret))
		return -1;
	if (!ret->count)
		return error_set(r->e, ERROR_SPEC, "expected a value in the tuple, found none");
	text_add_char(&signature, '(');
	for (size_t i = 0; i < ret->count; i++)
		text_add(&signature, ret->items[i].signature);
	text_add_char(&signature, ')');
	return set_type(ret, signature.data);
}

static int read_any(struct reader *r, const char *wanted, struct variant *ret)
{
	struct variant inner = { 0 };

	r->at++;
	if (check_type(r, wanted, "v"))
		return -1;
	if (read_value(r, NULL, &inner)) {
		variant_release(&inner);
		return -1;
	}
	*(struct variant *)alloc_append(&ret->items, &ret->count, sizeof inner) = inner;
	return take(r, '>') ? set_type(ret, "v") : expected(r, "\">\"");
}

/* "@TYPE VALUE" */
static int read_annotated(struct reader *r, const char *wanted, struct variant *ret)
{
	size_t length = strcspn(++r->at, " \t\n");
	char signature[SIGNATURE_MAX];

	if (length == 0 || length >= sizeof signature)
		return expected(r, "a type");
	memcpy(signature, r->at, length);
	signature[length] = '\0';
	if (type_length(signature, 0) != length)
		return expected(r, "a type of D-Bus");
	r->at += length;
	return check_type(r, wanted, signature) ? -1 : read_value(r, signature, ret);
}

/* "true", "uint64 5", "inf" */
static int read_word(struct reader *r, const char *wanted, struct variant *ret)
{
	size_t length = strspn(r->at, "abcdefghijklmnopqrstuvwxyz0123456789");
	bool is_true = length == 4 && memcmp(r->at, "true", 4) == 0;

	if (is_true || (length == 5 && memcmp(r->at, "false", 5) == 0)) {
		r->at += length;
		ret->bits = is_true;
		return check_type(r, wanted, "b") ? -1 : set_type(ret, "b");
	}
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const char type[] = { words[i].type, '\0' };

		if (length == 0 || strlen(words[i].name) != length || memcmp(r->at, words[i].name, length) != 0)
			continue;
		r->at += length;
		return check_type(r, wanted, type) ? -1 : read_value(r, type, ret);
	}
	return expected(r, "a value as GVariant text, such as 'text', true or uint64 5");
}

static int read_value(struct reader *r, const char *wanted, struct variant *ret)
{
	int result;

	skip_space(r);
	if (++r->depth > VARIANT_DEPTH_MAX)
		return error_set(r->e, ERROR_SPEC, "values in values, more than %d deep", VARIANT_DEPTH_MAX);
	switch (*r->at) {
	case '\'': case '"': result = read_text(r, wanted, ret); break;
	case '[': result = read_array(r, wanted, ret); break;
	case '(': result = read_tuple(r, wanted, ret); break;
	case '<': result = read_any(r, wanted, ret); break;
	case '@': result = read_annotated(r, wanted, ret); break;
	case '-': case '+': case '.': case '0' ... '9': result = read_number(r, wanted, ret); break;
	default: result = read_word(r, wanted, ret);
	}
	r->depth--;
	return result;
}

int variant_parse(const char *text, struct variant *ret, struct error *e)
{
	struct reader r = { .text = text, .at = text, .e = e };
	struct variant variant = { 0 };
	int result;

	if (strlen(text) > TEXT_MAX)
		return error_set(e, ERROR_SPEC, "a value of more than %d bytes", TEXT_MAX);
	result = read_value(&r, NULL, &variant);
	skip_space(&r);
	if (result == 0 && *r.at)
		result = expected(&r, "the end of the value");
	if (result) {
		variant_release(&variant);
		return -1;
	}
	*ret = variant;
	return 0;
}

int variant_to_microseconds(struct variant *variant, struct error *e)
{
	const struct word *word = variant->signature[1] ? NULL : word_of(variant->signature[0]);
	double seconds;

	if (word && word->type == 'd')
		seconds = variant->number;
	else if (word && word->width)
		seconds = word->is_signed ? (double)(int64_t)variant->bits : (double)variant->bits;
	else
		return error_set(e, ERROR_SPEC, "expected a number of seconds, found a value of the type \"%s\"", variant->signature);
	if (!(seconds >= 0 && seconds < (double)(INT64_MAX / MICROSECONDS)))
		return error_set(e, ERROR_SPEC, "expected a number of seconds that fits, found %g", seconds);
	variant->bits = (uint64_t)(seconds * MICROSECONDS);
	variant->signature[0] = 't';
	return 0;
}
