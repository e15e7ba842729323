/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack_request.c - what box asks box-image to unpack, and to sweep; box's side.
 */
#include "images/unpack_request.h"

#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "images/image_request.h"
#include "images/reference.h"
#include "images/unpack_answer.h"

int unpack_request(int store, const struct unpack_wish *wish, char **ret_image, struct error *e)
{
	autorelease(unpack_answer) struct unpack_answer answer = { 0 };
	autorelease(list) struct list words = { 0 };
	const struct reference *reference = wish->reference;
	autofree char *attempt = text_format("unpack %s", wish->words);
	autoclose int source = reference_open(reference, e);
	const struct image_request request = { .words = &words, .about = wish->words, .attempt = attempt, .store = store, .source = source };

	if (source < 0)
		return -1;
	list_add(&words, "unpack");
	list_add(&words, reference_kind_name(reference->kind));
	list_addf(&words, "%d", store);
	list_addf(&words, "%d", source);
	list_add(&words, wish->is_known ? "known" : "new");
	list_add(&words, wish->is_rootless ? "folders" : "any");
	list_add(&words, wish->words);
	if (reference->tag)
		list_add(&words, reference->tag);
	if (image_request(&request, &answer, e))
		return -1;
	*ret_image = take_ptr(&answer.image);
	return 0;
}

int sweep_request(int store, struct error *e)
{
	autorelease(list) struct list words = { 0 };
	const struct image_request request = { .words = &words, .about = "the store's staging", .attempt = "empty the store's staging",
					       .store = store };

	list_add(&words, "sweep");
	list_addf(&words, "%d", store);
	return image_request(&request, NULL, e);
}
