/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_record.c - one line of an app's output as one line of JSON, both ways.
 *
 * Most output is ASCII without quotes. It is looked at and copied sixteen bytes at a time; only what needs another form in JSON, or may be
 * no UTF-8, is looked at byte by byte. The vectors are the compiler's own, so that every processor has its best.
 */
#include "runtime/supervise/log_record.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"

enum {
	RECORD_FRAME = 160, /* at least: LOG_HEAD, "bytes", "partial", closing */
	ESCAPE = 6,         /* \u001b */
	LANES = 16,
};

typedef unsigned char lanes __attribute__((vector_size(LANES)));

static const char *const names[] = { "stdout", "stderr", "box" };
static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

const char *log_stream_name(enum log_stream stream)
{
	return names[stream];
}

int log_stream_number(const char *name)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

void log_time_format(int64_t ns, char ret[static LOG_TIME])
{
	char words[CLOCK_TEXT];

	clock_print(ns / 1000000000, ns % 1000000000, /* digits= */ 9, words);
	memcpy(ret, words, LOG_TIME);
}

void log_head_make(struct log_head *ret, enum log_stream stream, int64_t ns)
{
	char when[LOG_TIME];

	log_time_format(ns, when);
	ret->length = (size_t)snprintf(ret->bytes, sizeof ret->bytes, "{\"time\":\"%.*s\",\"stream\":\"%s\",\"line\":\"", LOG_TIME, when,
				       names[stream]);
}

size_t log_record_room(size_t length)
{
	return RECORD_FRAME + length * ESCAPE + (length + 2) / 3 * 4;
}

size_t log_record_fits(size_t room)
{
	return (room - RECORD_FRAME - 4) * 3 / (3 * ESCAPE + 4);
}

static bool is_plain(lanes v)
{
	lanes special = (lanes)(v < 0x20) | (lanes)(v >= 0x80) | (lanes)(v == '"') | (lanes)(v == '\\');
	uint64_t halves[2];

	memcpy(halves, &special, sizeof halves);
	return (halves[0] | halves[1]) == 0;
}

/* Copies what stands in JSON as it is, up to the first vector that has something else. */
static size_t copy_plain(char *to, const char *from, size_t length)
{
	size_t done = 0;
	lanes v;

	while (length - done >= LANES) {
		memcpy(&v, from + done, LANES);
		memcpy(to + done, &v, LANES);
		if (!is_plain(v))
			break;
		done += LANES;
	}
	return done;
}

static char *add_escape(char *to, unsigned char byte)
{
	static const char hex[] = "0123456789abcdef";
	static const char letters[][2] = { { '"', '"' }, { '\\', '\\' }, { '\t', 't' }, { '\r', 'r' }, { '\n', 'n' } };

	*to++ = '\\';
	for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
		if (byte == (unsigned char)letters[i][0]) {
			*to++ = letters[i][1];
			return to;
		}
	}
	*to++ = 'u';
	*to++ = '0';
	*to++ = '0';
	*to++ = hex[byte >> 4];
	*to++ = hex[byte & 15];
	return to;
}

/* One character, or one byte that belongs to none: *is_text becomes false. */
static size_t add_character(char **to, const char *from, size_t left, bool *is_text)
{
	const unsigned char *at = (const unsigned char *)from;
	size_t step = 1;

	if (*at < 0x20 || *at == '"' || *at == '\\') {
		*to = add_escape(*to, *at);
	} else if (*at < 0x80) {
		*(*to)++ = *from;
	} else if ((step = utf8_length(at, left)) > 0) {
		memcpy(*to, from, step);
		*to += step;
	} else {
		memcpy(*to, replacement, 3);
		*to += 3;
		*is_text = false;
		step = 1;
	}
	return step;
}

static char *add_base64(char *to, const char *line, size_t length)
{
	const unsigned char *from = (const unsigned char *)line;

	for (size_t i = 0; i < length; i += 3) {
		size_t count = length - i < 3 ? length - i : 3;
		uint32_t word = (uint32_t)from[i] << 16 | (count > 1 ? (uint32_t)from[i + 1] << 8 : 0) | (count > 2 ? from[i + 2] : 0);

		for (unsigned n = 0; n < 4; n++)
			*to++ = n > count ? '=' : digits[word >> (18 - 6 * n) & 63];
	}
	return to;
}

static char *add_word(char *to, const char *word)
{
	while (*word)
		*to++ = *word++;
	return to;
}

size_t log_record_write(char *to, const struct log_head *head, const char *line, size_t length, bool is_partial)
{
	bool is_text = true;
	char *at = to;
	size_t i = 0;

	memcpy(at, head->bytes, LOG_HEAD); /* all of it: a copy of fixed length costs nothing */
	at += head->length;
	while (i < length) {
		size_t plain = copy_plain(at, line + i, length - i), end;

		at += plain;
		i += plain;
		end = length - i < LANES ? length : i + LANES;
		while (i < end)
			i += add_character(&at, line + i, length - i, &is_text);
	}
	*at++ = '"';
	if (!is_text) {
		at = add_word(at, ",\"bytes\":\"");
		at = add_base64(at, line, length);
		*at++ = '"';
	}
	if (is_partial)
		at = add_word(at, ",\"partial\":true");
	*at++ = '}';
	*at++ = '\n';
	return (size_t)(at - to);
}

size_t log_record_loss(char *to, int64_t ns, uint64_t lost, const char *why)
{
	char words[160];
	struct log_head head = { 0 };
	size_t length;

	(void)snprintf(words, sizeof words, "%ju bytes of output are lost: %s", (uintmax_t)lost, why); /* cut where too long */
	log_head_make(&head, LOG_BOX, ns);
	length = log_record_write(to, &head, words, strlen(words), false) - 2; /* "}\n" comes behind the number */
	return length + (size_t)snprintf(to + length, LOG_LOSS - length, ",\"lost\":%ju}\n", (uintmax_t)lost);
}

/* What is left to read. */
struct rest {
	const char *at, *end;
};

static bool skip(struct rest *rest, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(rest->end - rest->at) < length || memcmp(rest->at, word, length) != 0)
		return false;
	rest->at += length;
	return true;
}

/* Everything up to the quote that ends a JSON string, past which rest goes on; NULL where none does. */
static const char *skip_string(struct rest *rest)
{
	const char *at = rest->at;

	while (at < rest->end && *at != '"')
		at += *at == '\\' ? 2 : 1;
	if (at >= rest->end)
		return NULL;
	rest->at = at + 1;
	return at;
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One escape as add_escape makes it; the bytes it takes, 0 for another. */
static size_t read_escape(const char *at, const char *end, char *ret)
{
	static const char letters[] = "\"\\trn", meant[] = "\"\\\t\r\n";
	const char *letter = end - at > 1 ? memchr(letters, at[1], sizeof letters - 1) : NULL;

	if (letter) {
		*ret = meant[letter - letters];
		return 2;
	}
	if (end - at < ESCAPE || memcmp(at, "\\u00", 4) != 0 || hex_value(at[4]) < 0 || hex_value(at[5]) < 0)
		return 0;
	*ret = (char)(hex_value(at[4]) * 16 + hex_value(at[5]));
	return ESCAPE;
}

/* to may be NULL, here and below: only the length is wanted. */
static int read_string(const char *at, const char *end, char *to, size_t *ret_length)
{
	size_t length = 0, taken;
	char byte;

	while (at < end) {
		const char *escape = memchr(at, '\\', (size_t)(end - at));
		size_t plain = (size_t)((escape ? escape : end) - at);

		if (to)
			memcpy(to + length, at, plain);
		length += plain;
		at += plain;
		if (!escape)
			break;
		taken = read_escape(at, end, &byte);
		if (!taken)
			return -1;
		if (to)
			to[length] = byte;
		length++;
		at += taken;
	}
	*ret_length = length;
	return 0;
}

static int read_base64(const char *at, const char *end, char *to, size_t *ret_length)
{
	size_t length = 0;

	if ((end - at) % 4)
		return -1;
	for (; at < end; at += 4) {
		size_t count = at[2] == '=' ? 1 : at[3] == '=' ? 2 : 3;
		uint32_t word = 0;

		for (size_t n = 0; n < 4; n++) {
			const char *digit = n > count ? digits : memchr(digits, at[n], sizeof digits - 1);

			if (!digit)
				return -1;
			word = word << 6 | (uint32_t)(digit - digits);
		}
		for (size_t n = 0; to && n < count; n++)
			to[length + n] = (char)(word >> (16 - 8 * n));
		length += count;
	}
	*ret_length = length;
	return 0;
}

static int read_stream(struct rest *rest, struct log_record *ret)
{
	for (int i = 0; i <= LOG_BOX; i++) {
		if (skip(rest, names[i])) {
			ret->stream = (enum log_stream)i;
			return 0;
		}
	}
	return -1;
}

static int read_line(struct rest *rest, char *buffer, struct log_record *ret)
{
	const char *start = rest->at, *end = skip_string(rest);

	if (!end)
		return -1;
	ret->line = buffer;
	if (!skip(rest, ",\"bytes\":\""))
		return read_string(start, end, buffer, &ret->length);
	start = rest->at;
	end = skip_string(rest);
	return end ? read_base64(start, end, buffer, &ret->length) : -1;
}

/* ,"lost":N */
static int read_lost(struct rest *rest, struct log_record *ret)
{
	char number[24] = "";
	int64_t value;
	size_t length = 0;

	while (rest->at < rest->end && *rest->at >= '0' && *rest->at <= '9' && length < sizeof number - 1)
		number[length++] = *rest->at++;
	if (number_parse(number, 0, INT64_MAX, &value))
		return -1;
	ret->lost = (uint64_t)value;
	return 0;
}

int log_record_read(const char *json, size_t length, char *buffer, struct log_record *ret)
{
	struct rest rest = { .at = json, .end = json + length };

	*ret = (struct log_record){ 0 };
	if (!skip(&rest, "{\"time\":\"") || rest.end - rest.at < LOG_TIME)
		return -1;
	ret->time = rest.at;
	rest.at += LOG_TIME;
	if (!skip(&rest, "\",\"stream\":\"") || read_stream(&rest, ret) || !skip(&rest, "\",\"line\":\""))
		return -1;
	if (read_line(&rest, buffer, ret))
		return -1;
	ret->is_partial = skip(&rest, ",\"partial\":true");
	if (skip(&rest, ",\"lost\":") && read_lost(&rest, ret))
		return -1;
	return skip(&rest, "}") ? 0 : -1;
}
