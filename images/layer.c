/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer.c - one layer in the store, in one form or both.
 */
#include "images/layer.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "images/digest.h"
#include "images/layer_mount.h"

char *layer_folder(const struct digest *layer)
{
	char name[DIGEST_TEXT];

	digest_file_name(layer, name);
	return text_format("layers/%s", name);
}

bool layer_has_index(int store, const struct digest *layer)
{
	autofree char *folder = layer_folder(layer);
	autofree char *path = text_format("%s/" LAYER_INDEX, folder);

	return faccessat(store, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int layer_open_index(int store, const struct digest *layer, struct error *e)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC;
	autofree char *folder = layer_folder(layer);
	autofree char *index_path = text_format("%s/" LAYER_INDEX, folder);
	autofree char *tar_path = text_format("%s/" LAYER_TAR, folder);
	autoclose int index = openat(store, index_path, flags), tar = index < 0 ? -1 : openat(store, tar_path, flags);
	int mount;

	if (index < 0 || tar < 0)
		return error_sys(e, "open %s in the image store", index < 0 ? index_path : tar_path);
	mount = layer_mount(index, tar, e);
	return mount < 0 ? error_in(e, "the layer %.16s…", layer->hex) : mount;
}
