/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack_request.c - what box and box-image say to each other; box's side.
 */
#include "images/unpack_request.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/places.h"
#include "base/process.h"
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
	if (answer->image)
		return 0;
	error_set(e, answer->kind ? (enum error_kind)answer->kind : ERROR_INTERNAL, "%s",
		  answer->text ? answer->text : "box-image said nothing");
	e->sys = (int)answer->sys;
	if (answer->hint && *answer->hint)
		error_hint(e, "%s", answer->hint);
	return -1;
}

int unpack_request(int store, const struct unpack_wish *wish, char **ret_image, struct error *e)
{
	autorelease(unpack_answer) struct unpack_answer answer = { 0 };
	autorelease(list) struct list argv = { 0 };
	autorelease(text) struct text out = { 0 };
	const struct reference *reference = wish->reference;
	autofree char *helper = places_helper("box-image", e);
	autoclose int source = -1;
	struct process_run run = { .input = -1 };

	if (!helper)
		return -1;
	source = reference_open(reference, e);
	if (source < 0)
		return -1;
	list_add(&argv, helper);
	list_add(&argv, "unpack");
	list_add(&argv, reference_kind_name(reference->kind));
	list_addf(&argv, "%d", store);
	list_addf(&argv, "%d", source);
	list_add(&argv, wish->is_known ? "known" : "new");
	list_add(&argv, wish->is_rootless ? "folders" : "any");
	list_add(&argv, wish->words);
	if (reference->tag)
		list_add(&argv, reference->tag);
	run.argv = argv.items;
	run.keep = (int[]){ store, source };
	run.keep_count = 2;
	if (process_run(&run, &out, e))
		return error_in(e, "unpack %s", wish->words);
	if (unpack_answer_decode(out.data ? out.data : "", out.length, &answer, e))
		return error_in(e, "unpack %s", wish->words);
	if (unpack_answer_judge(wish->words, &answer, e))
		return -1;
	*ret_image = take_ptr(&answer.image);
	return 0;
}

int sweep_request(int store, struct error *e)
{
	autorelease(unpack_answer) struct unpack_answer answer = { 0 };
	autofree char *helper = places_helper("box-image", e);
	autorelease(list) struct list argv = { 0 };
	autorelease(text) struct text out = { 0 };
	struct process_run run = { .input = -1, .keep = &store, .keep_count = 1 };

	if (!helper)
		return -1;
	list_add(&argv, helper);
	list_add(&argv, "sweep");
	list_addf(&argv, "%d", store);
	run.argv = argv.items;
	if (process_run(&run, &out, e) || unpack_answer_decode(out.data ? out.data : "", out.length, &answer, e))
		return error_in(e, "empty the store's staging");
	return unpack_answer_judge("the store's staging", &answer, e);
}
