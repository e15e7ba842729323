/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commit_request.c - what box asks box-image to make of a writable layer; box's side.
 */
#include "images/commit_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "base/places.h"
#include "images/commit_document.h"
#include "images/image_request.h"
#include "images/store.h"
#include "images/unpack_answer.h"

void commit_layer_release(struct commit_layer *layer)
{
	int saved = errno;

	free(layer->diff_id);
	free(layer->digest);
	free(layer->media_type);
	*layer = (struct commit_layer){ 0 };
	errno = saved;
}

/* Up to the next space, or the end. */
static char *take_word(char **rest)
{
	char *word = *rest;
	char *end = word + strcspn(word, " ");

	*rest = *end ? end + 1 : end;
	*end = '\0';
	return alloc_copy(word);
}

static int parse(const char *told, struct commit_layer *ret, struct error *e)
{
	autofree char *line = alloc_copy(told);
	autofree char *size = NULL;
	char *rest = line;

	ret->diff_id = take_word(&rest);
	ret->digest = take_word(&rest);
	size = take_word(&rest);
	ret->media_type = take_word(&rest);
	if (*ret->media_type && number_parse(size, 0, INT64_MAX, &ret->size) == 0)
		return 0;
	commit_layer_release(ret);
	return error_set(e, ERROR_INTERNAL, "box-image made the layer \"%s\"", told);
}

static int document_fd(const struct commit_wish *wish, struct error *e)
{
	autorelease(commit_document) struct commit_document document = { 0 };
	autorelease(text) struct text json = { 0 };
	int fd;

	commit_document_set_map(&document, wish->map);
	list_copy(&document.parents, wish->parents);
	/* A folder's "/" is for people. */
	for (size_t i = 0; i < wish->stubs->count; i++) {
		const char *stub = wish->stubs->items[i];

		list_addf(&document.stubs, "%.*s", (int)strlen(stub) - text_ends(stub, "/"), stub);
	}
	commit_document_dump(&document, &json);
	fd = file_in_memory("box-commit", json.data, json.length);
	return fd >= 0 ? fd : error_sys(e, "write the request for a layer");
}

int commit_request(const struct places *places, const struct commit_wish *wish, struct commit_layer *ret,
		   struct error *e)
{
	autorelease(unpack_answer) struct unpack_answer answer = { 0 };
	autorelease(list) struct list words = { 0 };
	autofree char *attempt = text_format("make a layer of %s", wish->words);
	autoclose int store = store_open(places->store, e), input = store < 0 ? -1 : document_fd(wish, e);
	const struct image_request request = { .words = &words,
					       .about = wish->words,
					       .attempt = attempt,
					       .store = store,
					       .source = wish->upper,
					       .input = input };

	*ret = (struct commit_layer){ 0 };
	if (input < 0)
		return -1;
	list_add(&words, "commit");
	list_addf(&words, "%d", store);
	list_addf(&words, "%d", wish->upper);
	list_add(&words, wish->is_changes ? "changes" : wish->is_rootless ? "folders" : "any");
	list_add(&words, wish->compression);
	list_addf(&words, "%lld", (long long)wish->epoch);
	list_add(&words, wish->words);
	if (image_request(&request, &answer, e))
		return -1;
	return answer.told.count ? parse(answer.told.items[0], ret, e) : 0;
}
