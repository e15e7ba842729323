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

static char *part_of(const struct digest *layer, const char *part)
{
	autofree char *folder = layer_folder(layer);

	return text_format("%s/%s", folder, part);
}

char *layer_root_path(const struct digest *layer)
{
	return part_of(layer, LAYER_ROOT);
}

static bool has_part(int store, const struct digest *layer, const char *part)
{
	autofree char *path = part_of(layer, part);

	return faccessat(store, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool layer_has_folder(int store, const struct digest *layer)
{
	return has_part(store, layer, LAYER_ROOT);
}

bool layer_has_index(int store, const struct digest *layer)
{
	return has_part(store, layer, LAYER_INDEX);
}

int layer_open_index(int store, const struct digest *layer, struct error *e)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC;
	autofree char *index_path = part_of(layer, LAYER_INDEX);
	autofree char *tar_path = part_of(layer, LAYER_TAR);
	autoclose int index = openat(store, index_path, flags), tar = index < 0 ? -1 : openat(store, tar_path, flags);
	int mount;

	if (index < 0 || tar < 0)
		return error_sys(e, "open %s in the image store", index < 0 ? index_path : tar_path);
	mount = layer_mount(index, tar, e);
	return mount < 0 ? error_in(e, "the layer %.16s…", layer->hex) : mount;
}
