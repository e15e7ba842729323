/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_remove.c - how things leave the store.
 *
 * Layers are moved to staging, where box-image's sweep empties them: an ordinary user may not remove files of its subordinate ids, and a
 * sandbox as their owner does it.
 */
#include "images/store_remove.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "images/digest.h"
#include "images/index.h"
#include "images/layer.h"
#include "images/record.h"
#include "images/referrers.h"
#include "images/store.h"

static int parse(const char *words, const char *what, struct digest *ret, struct error *e)
{
	if (digest_parse(words, ret))
		return error_set(e, ERROR_INTERNAL, "remove the %s \"%.200s\" from the image store: it is no digest", what, words);
	return 0;
}

int store_remove_image(int store, const char *image, const struct list *names, struct error *e)
{
	struct digest digest;
	autofree char *path = NULL;
	autoclose int claim = -1;

	if (parse(image, "image", &digest, e))
		return -1;
	path = image_record_path(&digest);
	claim = store_claim(store, &digest);
	if (claim < 0 && errno == EWOULDBLOCK)
		return 1;
	if (claim < 0 && errno != ENOENT)
		return error_sys(e, "lock the store's record %s", path);
	for (size_t i = 0; i < names->count; i++)
		if (index_remove(store, names->items[i], e))
			return -1;
	if (claim >= 0 && unlinkat(store, path, 0))
		return error_sys(e, "remove the store's record %s", path);
	referrers_remove(store, &digest);
	return 0;
}

int store_remove_blob(int store, const char *words, struct error *e)
{
	struct digest digest;
	autofree char *path = NULL;

	if (parse(words, "blob", &digest, e))
		return -1;
	path = store_blob_path(&digest);
	if (unlinkat(store, path, 0) && errno != ENOENT)
		return error_sys(e, "remove %s from the image store", path);
	return 0;
}

/* layers/DIGEST becomes staging/NAME/layer. */
int store_remove_layer(int store, const char *words, struct error *e)
{
	autofree char *from = NULL;
	char name[STORE_NAME];
	struct digest digest;
	autoclose int staging = -1;

	if (parse(words, "layer", &digest, e))
		return -1;
	from = layer_folder(&digest);
	if (faccessat(store, from, F_OK, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : error_sys(e, "look at %s in the image store", from);
	staging = store_staging_make(store, name, e);
	if (staging < 0)
		return -1;
	if (renameat(store, from, staging, "layer"))
		return error_sys(e, "set the layer %s of the store aside", from);
	return 0;
}
