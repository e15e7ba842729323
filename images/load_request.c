/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_request.c - what box and box-image say to each other about archives that become images; box's side.
 */
#include "images/load_request.h"

#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/places.h"
#include "base/text.h"
#include "images/image_request.h"
#include "images/store.h"
#include "images/unpack_answer.h"

/* box-image VERB STORE-FD SOURCE-FD WORD WORDS, under the store's lock. */
static int ask(const struct places *places, const char *verb, int source, const char *word, const char *words, struct unpack_answer *ret,
	       struct error *e)
{
	autoclose int store = store_open(places->store, e);
	autoclose int lock = store < 0 ? -1 : store_lock(store, e);
	autorelease(list) struct list argv = { 0 };
	autofree char *attempt = text_format("%s %s", verb, words);
	const struct image_request request = { .words = &argv, .about = words, .attempt = attempt, .store = store, .source = source };

	if (lock < 0)
		return -1;
	list_add(&argv, verb);
	list_addf(&argv, "%d", store);
	list_addf(&argv, "%d", source);
	list_add(&argv, word);
	list_add(&argv, words);
	return image_request(&request, ret, e);
}

int load_request(const struct places *places, int source, const char *words, bool is_forced, struct list *ret, struct error *e)
{
	autorelease(unpack_answer) struct unpack_answer answer = { 0 };
	int result = ask(places, "load", source, is_forced ? "force" : "keep", words, &answer, e);

	for (size_t i = 0; i < answer.loaded.count; i++)
		list_add(ret, answer.loaded.items[i]);
	return result;
}

int import_request(const struct places *places, int source, const char *words, const char *name, char **ret_image, struct error *e)
{
	autorelease(unpack_answer) struct unpack_answer answer = { 0 };

	if (ask(places, "import", source, name, words, &answer, e))
		return -1;
	*ret_image = take_ptr(&answer.image);
	return 0;
}
