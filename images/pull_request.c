/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pull_request.c - what box and box-image say to each other about a registry's image; box's side.
 */
#include "images/pull_request.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "base/places.h"
#include "base/process.h"
#include "base/text.h"
#include "images/image_environment.h"
#include "images/unpack_request.h"

enum { ANSWER_LIMIT = 1 << 20 };

struct listener {
	const struct image_request *request;
	struct text line;   /* what has come of one */
	struct text answer; /* everything from the first line on that is no progress */
};

/* "blob DIGEST AT SIZE\n" */
static void take_progress(const struct listener *listener, char *line)
{
	char *digest = line + strlen("blob "), *at, *size;
	int64_t have, whole;

	line[strlen(line) - 1] = '\0';
	at = strchr(digest, ' ');
	size = at ? strchr(at + 1, ' ') : NULL;
	if (!size)
		return;
	*at++ = *size++ = '\0';
	if (number_parse(at, 0, INT64_MAX, &have) == 0 && number_parse(size, 0, INT64_MAX, &whole) == 0 && listener->request->progress)
		listener->request->progress(digest, have, whole, listener->request->data);
}

static void hear(const char *bytes, size_t length, void *data)
{
	struct listener *listener = data;

	for (size_t i = 0; i < length; i++) {
		text_add_char(&listener->line, bytes[i]);
		if (bytes[i] != '\n')
			continue;
		if (listener->answer.length || !text_starts(listener->line.data, "blob "))
			text_add_bytes(&listener->answer, listener->line.data, listener->line.length);
		else
			take_progress(listener, listener->line.data);
		text_clear(&listener->line);
	}
	if (listener->answer.length > ANSWER_LIMIT)
		text_clear(&listener->answer);
}

int image_request(const struct image_request *request, struct unpack_answer *ret, struct error *e)
{
	struct listener listener = { .request = request };
	autorelease(unpack_answer) struct unpack_answer answer = { 0 };
	autorelease(list) struct list argv = { 0 };
	autorelease(list) struct list environment = { 0 };
	autofree char *helper = places_helper("box-image", e);
	const int kept[] = { request->store, request->source };
	struct process_run run = { .input = -1, .hear = hear, .data = &listener, .keep = kept, .keep_count = request->source ? 2 : 1 };
	int result;

	if (!helper)
		return -1;
	list_add(&argv, helper);
	for (size_t i = 0; i < request->words->count; i++)
		list_add(&argv, request->words->items[i]);
	image_environment(&environment);
	run.argv = argv.items;
	run.environment = environment.items;
	result = process_run(&run, NULL, e);
	/* The answer may end without an end of line. */
	text_add_bytes(&listener.answer, listener.line.data ? listener.line.data : "", listener.line.length);
	if (result == 0)
		result = unpack_answer_decode(listener.answer.data ? listener.answer.data : "", listener.answer.length, &answer, e);
	text_release(&listener.line);
	text_release(&listener.answer);
	if (result)
		return error_in(e, "%s %s", request->words->items[0], request->name);
	if (unpack_answer_judge(request->name, &answer, e))
		return -1;
	if (ret) {
		*ret = answer;
		answer = (struct unpack_answer){ 0 };
	}
	return 0;
}

int pull_request(const struct pull_request *pull, char **ret_image, char **ret_source, struct error *e)
{
	autorelease(unpack_answer) struct unpack_answer answer = { 0 };
	autorelease(list) struct list words = { 0 };
	const struct image_request request = { .store = pull->store, .words = &words, .name = pull->name, .progress = pull->progress,
					       .data = pull->data };

	list_add(&words, "pull");
	list_addf(&words, "%d", pull->store);
	list_add(&words, pull->written);
	list_add(&words, pull->is_known ? "known" : "new");
	list_add(&words, "any");
	if (pull->platform)
		list_add(&words, pull->platform);
	if (image_request(&request, &answer, e))
		return -1;
	*ret_image = take_ptr(&answer.image);
	*ret_source = take_ptr(&answer.source);
	return 0;
}
