/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack_answer.c - what box-image answers.
 */
#include "images/unpack_answer.h"

#include <errno.h>

#include "base/error.h"
#include "base/log.h"
#include "specs/field.h"

static const struct field answer_fields[] = {
	{ "image", FIELD_TEXT, offsetof(struct unpack_answer, image), .help = "digest of the image" },
	{ "source", FIELD_TEXT, offsetof(struct unpack_answer, source), .help = "digest that the registry gave" },
	{ "loaded", FIELD_TEXT_LIST, offsetof(struct unpack_answer, loaded), .help = "images of an archive" },
	{ "told", FIELD_TEXT_LIST, offsetof(struct unpack_answer, told), .help = "what an image is made of" },
	{ "warnings", FIELD_TEXT_LIST, offsetof(struct unpack_answer, warnings), .help = "what was left out" },
	{ "kind", FIELD_INTEGER, offsetof(struct unpack_answer, kind), .min = ERROR_NONE, .max = ERROR_INTERNAL,
	  .help = "error_kind" },
	{ "sys", FIELD_INTEGER, offsetof(struct unpack_answer, sys), .min = 0, .max = 4095, .help = "errno" },
	{ "text", FIELD_TEXT, offsetof(struct unpack_answer, text), .help = "the error's sentence" },
	{ "hint", FIELD_TEXT, offsetof(struct unpack_answer, hint), .help = "what to do about it" },
	{ 0 },
};

void unpack_answer_dump(const struct unpack_answer *answer, struct text *ret)
{
	field_dump(answer_fields, answer, ret);
}

int unpack_answer_decode(const char *json, size_t length, struct unpack_answer *ret, struct error *e)
{
	struct unpack_answer answer = { 0 };

	if (field_decode_text(json, length, "box-image", answer_fields, &answer, e)) {
		unpack_answer_release(&answer);
		return -1;
	}
	*ret = answer;
	return 0;
}

void unpack_answer_release(struct unpack_answer *answer)
{
	field_release(answer_fields, answer);
}

int unpack_answer_judge(const char *words, const struct unpack_answer *answer, struct error *e)
{
	for (size_t i = 0; i < answer->warnings.count; i++)
		log_warning("%s: %s", words, answer->warnings.items[i]);
	if (answer->kind == ERROR_NONE)
		return 0;
	error_set(e, (enum error_kind)answer->kind, "%s", answer->text ? answer->text : "");
	e->sys = (int)answer->sys;
	if (answer->hint && *answer->hint)
		error_hint(e, "%s", answer->hint);
	else if (answer->sys == ENOSPC)
		error_hint(e, "the store's file system is full: box prune makes room, box system df says what is there; BOX_STORE names another");
	return -1;
}
