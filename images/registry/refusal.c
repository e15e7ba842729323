/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refusal.c - what a registry says where it refuses.
 */
#include "images/registry/refusal.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "images/registry/http.h"
#include "specs/field.h"

enum { WORDS = 1024 };

struct reason {
	char *code, *message;
};

struct reasons {
	struct reason *items;
	size_t count;
};

static const struct field reason_fields[] = {
	{ "code", FIELD_TEXT, offsetof(struct reason, code), .flags = FIELD_OPEN, .help = "one word" },
	{ "message", FIELD_TEXT, offsetof(struct reason, message), .help = "a sentence" },
	{ 0 },
};

static const struct field reasons_fields[] = {
	{ "errors", FIELD_OBJECT_LIST, offsetof(struct reasons, items), .flags = FIELD_OPEN, .sub = reason_fields,
	  .size = sizeof(struct reason), .count_offset = offsetof(struct reasons, count), .help = "all of them" },
	{ 0 },
};

static const struct {
	long status;
	const char *words;
	enum error_kind kind;
} meanings[] = {
	{ 401, "not authorised", ERROR_DENIED },    { 403, "forbidden", ERROR_DENIED },
	{ 404, "not found", ERROR_MISSING },        { 429, "too many requests", ERROR_NETWORK },
	{ 500, "a failure of its own", ERROR_NETWORK }, { 502, "a bad gateway", ERROR_NETWORK },
	{ 503, "not available", ERROR_NETWORK },    { 504, "a gateway's timeout", ERROR_NETWORK },
};

static void add_reasons(const struct http_answer *answer, struct text *ret)
{
	struct reasons reasons = { 0 };
	struct error ignored = { 0 };
	const char *body = answer->body.data;

	if (!body)
		return;
	if (field_decode_text(body, answer->body.length, "the answer", reasons_fields, &reasons, &ignored) || !reasons.count) {
		text_add(ret, ": ");
		text_add_escaped(ret, body, strnlen(body, WORDS / 4));
	}
	for (size_t i = 0; i < reasons.count && ret->length < WORDS; i++) {
		const char *words[] = { reasons.items[i].code, reasons.items[i].message };

		for (size_t k = 0; k < 2; k++)
			if (words[k] && *words[k]) {
				text_add(ret, ": ");
				text_add_escaped(ret, words[k], strnlen(words[k], WORDS / 4));
			}
	}
	field_release(reasons_fields, &reasons);
}

int refusal_explain(const struct http_answer *answer, struct error *e)
{
	autorelease(text) struct text words = { 0 };
	const char *meaning = NULL, *after = http_header(answer, "retry-after", 0);
	enum error_kind kind = ERROR_NETWORK;

	for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
		if (meanings[i].status == answer->status) {
			meaning = meanings[i].words;
			kind = meanings[i].kind;
		}
	add_reasons(answer, &words);
	if (answer->status == 429 && after) {
		text_add(&words, "; try again after ");
		text_add_escaped(&words, after, strnlen(after, 40));
		text_add(&words, strspn(after, "0123456789") == strlen(after) ? " seconds" : "");
	}
	return error_set(e, kind, "it answered %ld%s%s%s%.1200s", answer->status, meaning ? " (" : "", meaning ? meaning : "",
			 meaning ? ")" : "", words.data ? words.data : "");
}
