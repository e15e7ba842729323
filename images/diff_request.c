/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff_request.c - where two images of the store differ, and what is in one; box's side.
 */
#include "images/diff_request.h"

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "base/places.h"
#include "images/commit_request.h"
#include "images/descriptor.h"
#include "images/image_parts.h"
#include "images/image_request.h"
#include "images/store.h"
#include "images/unpack_answer.h"

/* How many layers both begin with. */
static size_t common_layers(const struct image_parts *a, const struct image_parts *b)
{
	size_t n = 0;

	while (n < a->layer_count && n < b->layer_count && strcmp(a->diff_ids.items[n], b->diff_ids.items[n]) == 0)
		n++;
	return n;
}

static void add_layers(struct list *words, const char *prefix, const struct image_parts *parts, size_t from)
{
	for (size_t i = from; i < parts->layer_count; i++)
		list_addf(words, "%s%s %lld", prefix, parts->layers[i].digest, (long long)parts->layers[i].size);
}

/* words: from "diff" on. */
static int ask(int store, const struct list *words, struct list *ret, struct error *e)
{
	autorelease(unpack_answer) struct unpack_answer answer = { 0 };
	const struct image_request request = { .words = words, .about = "diff", .attempt = "compare the images", .store = store };

	if (image_request(&request, &answer, e))
		return -1;
	for (size_t i = 0; i < answer.told.count; i++)
		list_add(ret, answer.told.items[i]);
	return 0;
}

int diff_layers_request(const struct places *places, const struct commit_layer *first, const struct commit_layer *second, struct list *ret,
			struct error *e)
{
	autorelease(list) struct list words = { 0 };
	autoclose int store = store_open(places->store, e);

	if (store < 0)
		return -1;
	list_add(&words, "diff");
	list_addf(&words, "%d", store);
	list_add(&words, "above");
	if (first && first->diff_id)
		list_addf(&words, "a %s %lld", first->digest, (long long)first->size);
	if (second && second->diff_id)
		list_addf(&words, "b %s %lld", second->digest, (long long)second->size);
	return ask(store, &words, ret, e);
}

int diff_request(const struct places *places, const char *first, const char *second, struct list *ret, struct error *e)
{
	autorelease(image_parts) struct image_parts a = { 0 };
	autorelease(image_parts) struct image_parts b = { 0 };
	autorelease(list) struct list words = { 0 };
	autoclose int store = store_open(places->store, e);
	size_t common;

	if (store < 0 || image_parts_read(places, first, NULL, &a, e) || image_parts_read(places, second, NULL, &b, e))
		return -1;
	common = common_layers(&a, &b);
	if (common == a.layer_count && common == b.layer_count)
		return 0;
	list_add(&words, "diff");
	list_addf(&words, "%d", store);
	list_add(&words, common ? "above" : "alone");
	add_layers(&words, "a ", &a, common);
	add_layers(&words, "b ", &b, common);
	return ask(store, &words, ret, e);
}

int sbom_request(const struct places *places, const char *manifest, const char *name, const char *created,
		 char **ret_digest, int64_t *ret_size, struct error *e)
{
	autorelease(unpack_answer) struct unpack_answer answer = { 0 };
	autorelease(image_parts) struct image_parts parts = { 0 };
	autorelease(list) struct list words = { 0 };
	autoclose int store = store_open(places->store, e);
	const struct image_request request = {
		.words = &words, .about = name, .attempt = "make the SBOM", .store = store
	};
	const char *size;

	if (store < 0 || image_parts_read(places, manifest, NULL, &parts, e))
		return -1;
	list_add(&words, "sbom");
	list_addf(&words, "%d", store);
	list_add(&words, name);
	list_add(&words, manifest);
	list_add(&words, created);
	add_layers(&words, "", &parts, 0);
	if (image_request(&request, &answer, e))
		return -1;
	size = answer.told.count ? strchr(answer.told.items[0], ' ') : NULL;
	if (!size || number_parse(size + 1, 0, INT64_MAX, ret_size))
		return error_set(e, ERROR_INTERNAL, "box-image made no SBOM");
	*ret_digest = alloc_copy_bytes(answer.told.items[0], (size_t)(size - answer.told.items[0]));
	return 0;
}
