/* SPDX-License-Identifier: Apache-2.0 */
/*
 * question.c - one question to a registry that is no part of a pull.
 */
#include "images/registry/question.h"

#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "images/registry/fetch.h"
#include "images/store.h"
#include "images/unpack/store_ids.h"

static void no_progress(const struct digest *digest, int64_t at, int64_t size, void *data)
{
	(void)digest;
	(void)at;
	(void)size;
	(void)data;
}

int question_ask(int store, const struct plan *plan, const char *order, const char *name, struct text *ret, struct error *e)
{
	char folder[STORE_NAME];
	struct id_map ids;
	struct fetch_setup setup = { .plan = plan, .store = store, .ids = &ids, .progress = no_progress };
	autoclose int staging = store_staging_make(store, folder, e);
	autofree char *path = text_format("staging/%s", folder);
	struct error ignored = { 0 };
	struct fetch *fetch;
	int result = -1;

	if (staging < 0)
		return -1;
	store_ids_find(&ids);
	setup.staging = staging;
	fetch = fetch_new(&setup, e);
	if (fetch)
		result = fetch_document(fetch, order, name, ret, e);
	fetch_free(fetch);
	(void)folder_remove(store, path, &ignored); /* else the next sweep does it */
	return result;
}
