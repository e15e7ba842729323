/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_apply.c - a layer's tar on top of a folder.
 *
 * Marks concern what lies below alone, wherever they are in the tar. So they are obeyed first, and the rest follows in a second reading.
 */
#include "images/layer_apply.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "images/tar_apply.h"
#include "images/tar_reader.h"

#define OPAQUE ".wh..opq"

enum { BUFFER = 256 << 10 };

struct reading {
	int tar;
	unsigned char *buffer;
};

static ssize_t next_bytes(void *data, const unsigned char **ret, struct error *e)
{
	const struct reading *reading = data;
	ssize_t got;

	while ((got = read(reading->tar, reading->buffer, BUFFER)) < 0 && errno == EINTR)
		;
	if (got < 0)
		return error_sys(e, "read the layer");
	*ret = reading->buffer;
	return got;
}

static int empty_folder(int folder, struct error *e)
{
	autorelease(list) struct list names = { 0 };

	if (folder_names(folder, &names))
		return error_sys(e, "read the folder");
	for (size_t i = 0; i < names.count; i++)
		if (folder_remove(folder, names.items[i], e))
			return -1;
	return 0;
}

/* A folder or name that is not there has nothing to hide. */
static int obey(int root, const char *path, const char *mark, struct error *e)
{
	autofree char *above = alloc_copy_bytes(path, (size_t)(mark - path) - strlen(TAR_APPLY_MARK));
	autoclose int folder = beneath_try(root, *above ? above : ".", O_RDONLY | O_DIRECTORY, 0);

	if (folder < 0)
		return 0;
	if (strcmp(mark, OPAQUE) == 0)
		return empty_folder(folder, e);
	if (!*mark || strcmp(mark, ".") == 0 || strcmp(mark, "..") == 0)
		return error_set(e, ERROR_IMAGE, "it removes nothing that can be");
	return folder_remove(folder, mark, e);
}

static int obey_marks(int tar, int root, struct error *e)
{
	struct reading reading = { tar, alloc_zeroed(1, BUFFER) };
	struct tar_reader *reader = tar_reader_new(next_bytes, &reading);
	struct tar_member member;
	int got;

	while ((got = tar_reader_next(reader, &member, e)) > 0) {
		const char *mark = tar_apply_mark(member.name);

		if (mark && member.type == TAR_FILE && obey(root, member.name, mark, e)) {
			error_in(e, "%s", member.name);
			got = -1;
			break;
		}
	}
	tar_reader_free(reader);
	free(reading.buffer);
	return got;
}

int layer_apply(int tar, int root, struct error *e)
{
	const struct tar_apply apply = { .input = tar, .keeps_owners = true, .keeps_special_modes = true, .sets_root = true, .is_layer = true };

	if (obey_marks(tar, root, e))
		return -1;
	if (lseek(tar, 0, SEEK_SET) != 0)
		return error_sys(e, "read the layer once more");
	return tar_apply(&apply, root, "", e);
}
