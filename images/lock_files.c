/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock_files.c - which app.lock.json files on this host need images of the store.
 */
#include "images/lock_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/places.h"
#include "base/text.h"
#include "images/digest.h"
#include "images/store.h"

enum { LIMIT = 16 << 20 };

static int remember(const struct places *places, const char *path, struct error *e)
{
	autoclose int store = store_open(places->store, e);
	autofree char *slot = store < 0 ? NULL : store_slot(store, "locks", "", path, e);

	return slot ? 0 : -1;
}

void lock_files_register(const struct places *places, const char *lock)
{
	autofree char *path = realpath(lock, NULL);
	struct error failed = { 0 };

	if (path && remember(places, path, &failed))
		log_warning("box prune will not know of %s: %s, continuing", path, failed.text);
}

static void add_digests(const char *json, struct list *ret)
{
	static const char *const starts[] = { "sha256:", "sha512:" };

	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
		for (const char *at = strstr(json, starts[i]); at; at = strstr(at + 1, starts[i])) {
			size_t length = strlen(starts[i]) + strspn(at + strlen(starts[i]), "0123456789abcdef");
			autofree char *words = text_format("%.*s", (int)(length < DIGEST_TEXT ? length : DIGEST_TEXT), at);
			struct digest digest;

			if (digest_parse(words, &digest) == 0 && !list_has(ret, words))
				list_add(ret, words);
		}
}

/* The file that one entry of locks/ is about. */
static int ask(int folder, const char *name, struct list *ret, struct error *e)
{
	autorelease(text) struct text path = { 0 };
	autorelease(text) struct text json = { 0 };
	struct error failed = { 0 };

	if (file_read(folder, name, PATH_MAX, &path, e) || !path.length)
		return path.length ? -1 : 0;
	if (file_read(AT_FDCWD, path.data, LIMIT, &json, &failed) == 0) {
		add_digests(json.data ? json.data : "", ret);
		return 0;
	}
	if (failed.sys == ENOENT || failed.sys == ENOTDIR)
		return unlinkat(folder, name, 0) ? error_sys(e, "forget the lock file %s", path.data) : 0;
	*e = failed;
	return error_in(e, "see which images the lock file %s needs", path.data);
}

int lock_files_digests(int store, struct list *ret, struct error *e)
{
	autoclosedir DIR *entries = folder_open(store, "locks", 0);
	struct dirent *entry;

	if (!entries && errno == ENOENT)
		return 0; /* a store of an older box */
	if (!entries)
		return error_sys(e, "read the folder locks of the store");
	while ((errno = 0, entry = readdir(entries)))
		if (entry->d_name[0] != '.' && !strstr(entry->d_name, ".tmp-") && ask(dirfd(entries), entry->d_name, ret, e))
			return -1;
	return errno ? error_sys(e, "read the folder locks of the store") : 0;
}
