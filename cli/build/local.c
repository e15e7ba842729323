/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local.c - the files of an image as a folder of this host.
 *
 * They come as a tar through a pipe (runtime/export.c), and are made by a process whose root the folder is (make_files.h), so
 * that a link of the image leads to what is in it.
 */
#include "cli/build/local.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "cli/build/make_files.h"
#include "cli/build/work.h"
#include "cli/build/worker.h"
#include "cli/commands.h"

struct local {
	struct build_work *work;
	const struct list *diff_ids;
};

static int feed(int *out, void *data, struct error *e)
{
	const struct local *local = data;

	return build_worker_export(local->work, local->diff_ids, *out, e);
}

int build_local_write(struct build_work *work, const struct list *diff_ids, const char *dest, struct error *e)
{
	struct local local = { work, diff_ids };
	struct make_files wish = { .prefix = "", .is_confined = true, .feed = feed, .data = &local };
	bool is_new = access(dest, F_OK) && errno == ENOENT;
	struct error ignored = { 0 };
	autoclose int folder = -1;
	struct stat st;

	folder = folder_make(dest, 0777, e);
	if (folder < 0)
		return -1;
	if (fstat(folder, &st))
		return error_sys(e, "look at the folder %s", dest);
	wish.folder = folder;
	wish.how.keeps_owners = !work->call->places->rootless;
	/* Whose it is can enter it, too. */
	wish.how.keeps_special_modes = (st.st_mode & 077) == 0 && st.st_uid == geteuid();
	if (build_make_files(work, &wish, e) == 0)
		return 0;
	if (is_new)
		(void)folder_remove(AT_FDCWD, dest, &ignored); /* the first error is told */
	return -1;
}
