/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch_request.c - what box asks box-image to fetch by its address; box's side.
 */
#include "images/fetch_request.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/places.h"
#include "base/text.h"
#include "images/image_request.h"
#include "images/store.h"
#include "images/unpack_answer.h"

char *fetch_request(const struct places *places, const char *url, const char *expected, struct error *e)
{
	autorelease(unpack_answer) struct unpack_answer answer = { 0 };
	autorelease(list) struct list words = { 0 };
	autoclose int store = store_open(places->store, e);
	const struct image_request request = { .words = &words, .about = url, .store = store, .is_online = true };

	if (store < 0)
		return NULL;
	list_add(&words, "fetch");
	list_addf(&words, "%d", store);
	list_add(&words, url);
	if (expected)
		list_add(&words, expected);
	if (image_request(&request, &answer, e) == 0 && answer.told.count && text_starts(answer.told.items[0], "sha256:"))
		return alloc_copy(answer.told.items[0]);
	if (e->kind == ERROR_NONE)
		error_set(e, ERROR_INTERNAL, "box-image named no digest");
	(void)error_in(e, "fetch %s", url);
	return NULL;
}

static char *path_of(const char *digest)
{
	return text_format("build/fetched/%s", digest + strlen("sha256:"));
}

int fetch_request_open(int store, const char *digest)
{
	autofree char *path = path_of(digest);

	return openat(store, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

void fetch_request_forget(int store, const char *digest)
{
	autofree char *path = path_of(digest);

	(void)unlinkat(store, path, 0); /* what stays goes in a day */
}
