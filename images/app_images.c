/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_images.c - which images of the store the apps in the background are started from.
 */
#include "images/app_images.h"

#include <dirent.h>
#include <errno.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "images/digest.h"

int app_images_digests(int store, struct list *ret, struct error *e)
{
	autoclosedir DIR *entries = folder_open(store, "apps", 0);
	struct dirent *entry;

	if (!entries)
		return errno == ENOENT ? 0 : error_sys(e, "read the folder apps of the store");
	while ((errno = 0, entry = readdir(entries))) {
		autofree char *path = text_format("%s/image", entry->d_name);
		autorelease(text) struct text digest = { 0 };

		if (entry->d_name[0] == '.')
			continue;
		if (file_read(dirfd(entries), path, DIGEST_TEXT, &digest, e)) {
			if (e->sys != ENOENT && e->sys != ENOTDIR)
				return error_in(e, "see which image the app %s needs", entry->d_name);
			error_clear(e); /* it runs from a folder */
		} else if (digest.length) {
			list_add(ret, digest.data);
		}
	}
	return errno ? error_sys(e, "read the folder apps of the store") : 0;
}
