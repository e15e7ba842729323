/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_repair.c - what is wrong in the store goes, and its images are made whole again.
 *
 * The store is a layout: an image whose blobs are good is unpacked from the store itself. Where a blob is not, the image's registry has it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/places.h"
#include "base/text.h"
#include "images/digest.h"
#include "images/image.h"
#include "images/image_name.h"
#include "images/image_request.h"
#include "images/index.h"
#include "images/record.h"
#include "images/store.h"
#include "images/store_check.h"
#include "images/store_remove.h"
#include "images/unpack_answer.h"
#include "images/unpack_request.h"

/* box-image VERB STORE-FD [WORD] */
static int ask(int store, const char *verb, const char *word, struct unpack_answer *ret, struct error *e)
{
	autorelease(list) struct list words = { 0 };
	autofree char *attempt = text_format("box-image %s", verb);
	const struct image_request request = { .words = &words, .about = word ? word : "the store", .attempt = attempt, .store = store };

	list_add(&words, verb);
	list_addf(&words, "%d", store);
	if (word)
		list_add(&words, word);
	return image_request(&request, ret, e);
}

int store_hash_request(int store, struct list *ret_wrong, struct error *e)
{
	autorelease(unpack_answer) struct unpack_answer answer = { 0 };

	if (ask(store, "store-hash", NULL, &answer, e))
		return -1;
	for (size_t i = 0; i < answer.loaded.count; i++)
		list_add(ret_wrong, answer.loaded.items[i]);
	return 0;
}

int store_repair_request(int store, const char *name, struct error *e)
{
	autorelease(unpack_answer) struct unpack_answer answer = { 0 };

	return ask(store, "repair", name, &answer, e);
}

struct users {
	int store;
	const char *layer;
	bool is_used;
};

static int ask_users(struct image_record *record, void *data, struct error *e)
{
	struct users *users = data;
	struct digest image;
	autoclose int claim = -1;

	(void)e;
	if (!list_has(&record->layers, users->layer) || digest_parse(record->image, &image))
		return 0;
	claim = store_claim(users->store, &image);
	users->is_used = users->is_used || (claim < 0 && errno == EWOULDBLOCK);
	return 0;
}

/* A layer that a container looks into must stay, however wrong it is. */
static int remove_layer(int store, const char *words, struct error *e)
{
	struct users users = { .store = store, .layer = words };

	if (image_record_each(store, ask_users, &users, e))
		return -1;
	if (users.is_used) {
		error_set(e, ERROR_EXISTS, "repair the layer %s: a container uses it", words);
		return error_hint(e, "box ps shows which; box rm -f NAME ends it");
	}
	return store_remove_layer(store, words, e);
}

static int remove_wrong(int store, const struct store_problems *problems, struct error *e)
{
	for (size_t i = 0; i < problems->count; i++) {
		const char *what = problems->items[i].what;

		if (text_starts(what, "blob ") && store_remove_blob(store, what + strlen("blob "), e))
			return -1;
		if (text_starts(what, "layer ") && remove_layer(store, what + strlen("layer "), e))
			return -1;
	}
	return sweep_request(store, e);
}

/* A record without its layers says nothing any more: the tar is read again where it is used next. */
static int forget_record(int store, const char *image, struct error *e)
{
	const struct list no_names = { 0 };
	struct digest digest;
	/* What is no digest is a name that went meanwhile. */
	int result = digest_parse(image, &digest) ? 0 : store_remove_image(store, image, &no_names, e);

	if (result <= 0)
		return result;
	error_set(e, ERROR_EXISTS, "repair the image %s: a container uses it", image);
	return error_hint(e, "box ps shows which; box rm -f NAME ends it");
}

/* The blobs that are missing, by the manifest's digest: the tag may have moved since. */
static int fetch(const struct places *places, int store, const char *name_words, const char *image, struct error *e)
{
	const struct image_options options = { .pull = PULL_ALWAYS };
	autorelease(image_name) struct image_name name = { 0 };
	autorelease(image_pulled) struct image_pulled pulled = { 0 };
	autofree char *pinned = NULL;
	autoclose int lock = -1;

	if (image_name_parse(name_words, &name, e))
		return -1;
	pinned = text_format("%s/%s@%s", name.host, name.repository, image);
	if (image_pull(places, pinned, &options, &pulled, e))
		return -1;
	/* The pull has given it one more name. */
	lock = strcmp(pulled.name, name_words) == 0 ? -1 : store_lock(store, e);
	return lock < 0 ? (e->kind == ERROR_NONE ? 0 : -1) : index_remove(store, pulled.name, e);
}

/* The digest of the manifest, to be freed; NULL: index.json does not have the name. */
static char *image_of(int store, const char *name, struct error *e)
{
	autorelease(index) struct index index = { 0 };
	const struct descriptor *found;

	if (index_read(store, &index, e))
		return NULL;
	found = index_find(&index, name);
	return found ? alloc_copy(found->digest) : NULL;
}

static int unpack_again(int store, const char *name, struct error *e)
{
	autoclose int lock = store_lock(store, e);

	return lock < 0 ? -1 : store_repair_request(store, name, e);
}

/* What became of it. */
static const char *mend(const struct places *places, int store, const char *name, struct error *e)
{
	struct error first = { 0 };
	autofree char *image = image_of(store, name, e);

	if (!image) {
		autoclose int lock = e->kind == ERROR_NONE ? store_lock(store, e) : -1;

		return lock >= 0 && forget_record(store, name, e) == 0 ? "forgotten; it is unpacked again where it is used" : NULL;
	}
	if (unpack_again(store, name, &first) == 0)
		return "unpacked again from its blobs";
	if (fetch(places, store, name, image, e) == 0)
		return "fetched again";
	error_hint(e, "box rmi %s, then pull or load it again", name);
	return NULL;
}

int store_repair(const struct places *places, const struct store_problems *problems,
		 void (*told)(const char *image, const char *became, void *data), void *data, struct error *e)
{
	autoclose int store = store_open(places->store, e);
	autoclose int lock = store < 0 ? -1 : store_lock(store, e);
	autorelease(store_problems) struct store_problems now = { 0 };

	if (lock < 0 || remove_wrong(store, problems, e))
		return -1;
	close(take_fd(&lock));
	/* Now the images show what they lack. */
	if (store_check(places, &now, e))
		return -1;
	for (size_t i = 0; i < now.count; i++) {
		struct error failed = { 0 };
		const char *became = now.items[i].image ? mend(places, store, now.items[i].image, &failed) : NULL;
		autofree char *words = became || !now.items[i].image ? NULL : text_format("not mended: %s", failed.text);

		if (now.items[i].image)
			told(now.items[i].image, became ? became : words, data);
	}
	return 0;
}
