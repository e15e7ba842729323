/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pull_request.c - what box and box-image say to each other about a registry's image; box's side.
 */
#include "images/pull_request.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "images/unpack_answer.h"

int pull_request(const struct pull_request *pull, char **ret_image, char **ret_source, struct error *e)
{
	autorelease(unpack_answer) struct unpack_answer answer = { 0 };
	autorelease(list) struct list words = { 0 };
	autofree char *attempt = text_format("pull %s", pull->name);
	const struct image_request request = { .store = pull->store, .words = &words, .about = pull->name, .attempt = attempt,
					       .is_online = true, .progress = pull->progress, .data = pull->data };

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
