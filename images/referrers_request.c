/* SPDX-License-Identifier: Apache-2.0 */
/*
 * referrers_request.c - what box and box-image say to each other about what refers to an image; box's side.
 */
#include "images/referrers_request.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/places.h"
#include "base/text.h"
#include "images/image_request.h"
#include "images/store.h"
#include "images/unpack_answer.h"

int referrers_request(const struct places *places, const char *name, const char *digest, struct text *ret, struct error *e)
{
	autorelease(unpack_answer) struct unpack_answer answer = { 0 };
	autoclose int store = store_open(places->store, e);
	autofree char *attempt = text_format("look for what refers to %s", name);
	autorelease(list) struct list words = { 0 };
	const struct image_request request = { .store = store, .words = &words, .about = name, .attempt = attempt, .is_online = true };

	if (store < 0)
		return -1;
	list_add(&words, "referrers");
	list_addf(&words, "%d", store);
	list_add(&words, name);
	list_add(&words, digest);
	if (image_request(&request, &answer, e))
		return -1;
	if (answer.told.count != 1)
		return error_set(e, ERROR_INTERNAL, "%s: box-image says nothing", attempt);
	text_add(ret, answer.told.items[0]);
	return 0;
}
