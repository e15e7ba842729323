/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roots.c - folders that hold all files of a stage, or of an image.
 *
 * The layers' tars were read strictly when they came into the store. They are applied by a process that has the folder as its root, and
 * power over files alone.
 */
#include "cli/build/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id_map.h"
#include "base/sha256.h"
#include "base/tar_tree.h"
#include "base/text.h"
#include "cli/build/work.h"
#include "images/layer.h"
#include "images/layer_apply.h"
#include "images/store.h"
#include "runtime/child/inside.h"
#include "specs/build_plan.h"

enum { LAYERS_LIMIT = 1 << 20, KEY_DIGITS = 32 };

int build_roots_begin(struct build_work *work, struct error *e)
{
	if (work->roots < 0)
		work->roots = store_staging_make(work->store, work->roots_name, e);
	return work->roots < 0 ? -1 : 0;
}

void build_roots_end(struct build_work *work)
{
	autoclose int staging = work->roots < 0 ? -1 : openat(work->store, "staging", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct error ignored = { 0 };

	if (staging >= 0)
		(void)folder_remove(staging, work->roots_name, &ignored); /* the next sweep does */
	if (work->roots >= 0)
		close(take_fd(&work->roots));
}

char *build_root_key(const struct build_from *from)
{
	return from->kind == BUILD_FROM_STAGE ? text_format("stage-%zu", from->stage) : NULL;
}

static void join(const struct list *diff_ids, size_t count, struct text *ret)
{
	text_add(ret, "");
	for (size_t i = 0; i < count; i++)
		text_addf(ret, "%s\n", diff_ids->items[i]);
}

static char *image_key(const struct list *diff_ids)
{
	autorelease(text) struct text all = { 0 };
	char digest[SHA256_TEXT];

	join(diff_ids, diff_ids->count, &all);
	sha256_bytes(all.data, all.length, digest);
	return text_format("image-%.*s", KEY_DIGITS, strrchr(digest, ':') ? strrchr(digest, ':') + 1 : digest);
}

/* How many of the layers are in it; 0 where it has others, or none is known. */
static size_t count_there(const struct build_work *work, const struct build_root *root, const struct list *diff_ids)
{
	autofree char *path = text_format("%s.layers", root->key);
	autorelease(text) struct text noted = { 0 };
	struct error ignored = { 0 };

	if (file_read(work->roots, path, LAYERS_LIMIT, &noted, &ignored) || !noted.length)
		return 0;
	for (size_t count = diff_ids->count; count; count--) {
		autorelease(text) struct text some = { 0 };

		join(diff_ids, count, &some);
		if (some.length == noted.length && memcmp(some.data, noted.data, some.length) == 0)
			return count;
	}
	return 0;
}

struct applying {
	int tar;
};

static int apply(void *data, struct error *e)
{
	const struct applying *applying = data;
	autoclose int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return root < 0 ? error_sys(e, "open the root") : layer_apply(applying->tar, root, e);
}

static int add_layer(struct build_work *work, const struct build_root *root, const char *diff_id, struct error *e)
{
	static const struct id_map as_they_are;
	struct digest digest;
	autofree char *folder = digest_parse(diff_id, &digest) ? NULL : layer_folder(&digest);
	autofree char *path = folder ? text_format("%s/" LAYER_TAR, folder) : NULL;
	struct applying applying = { .tar = path ? openat(work->store, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1 };
	int *const kept[] = { &applying.tar };
	const struct inside inside = { .map = &as_they_are, .first = -1, .confine = root->folder, .kept = kept, .kept_count = 1,
				       .work = apply, .data = &applying };
	int result;

	if (applying.tar < 0 && folder && layer_has_folder(work->store, &digest)) {
		error_set(e, ERROR_UNSUPPORTED, "take the layer %s apart: the store has it as a folder, which only mounts make usable", diff_id);
		return error_hint(e, "use another store for builds in containers: BOX_STORE=FOLDER");
	}
	if (applying.tar < 0)
		return error_sys(e, "open the layer %s", diff_id);
	result = inside_run(&inside, e);
	close(applying.tar);
	return result ? error_in(e, "take the layer %s apart", diff_id) : 0;
}

int build_root_note(struct build_work *work, const struct build_root *root, const struct list *diff_ids, const char *diff_id,
		    struct error *e)
{
	autofree char *path = text_format("%s.layers", root->key);
	autorelease(text) struct text all = { 0 };
	autoclose int fd = openat(work->roots, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	join(diff_ids, diff_ids->count, &all);
	if (diff_id)
		text_addf(&all, "%s\n", diff_id);
	return fd < 0 || write_all(fd, all.data, all.length) ? error_sys(e, "note the layers of %s", root->key) : 0;
}

static int forget(const struct build_work *work, const struct build_root *root, struct error *e)
{
	autofree char *path = text_format("%s.layers", root->key);

	return unlinkat(work->roots, path, 0) && errno != ENOENT ? error_sys(e, "forget the layers of %s", root->key) : 0;
}

static int fill(struct build_work *work, struct build_root *root, const struct list *diff_ids, struct error *e)
{
	size_t there = count_there(work, root, diff_ids);

	if (!there && folder_remove(work->roots, root->key, e))
		return -1;
	if (!there && mkdirat(work->roots, root->key, 0755))
		return error_sys(e, "make a root");
	root->folder = openat(work->roots, root->key, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (root->folder < 0)
		return error_sys(e, "open a root");
	if (there == diff_ids->count)
		return 0;
	if (forget(work, root, e))
		return -1;
	for (size_t i = there; i < diff_ids->count; i++)
		if (add_layer(work, root, diff_ids->items[i], e))
			return -1;
	return build_root_note(work, root, diff_ids, NULL, e);
}

/* how: the lock that stays, LOCK_SH or LOCK_EX. */
static int open_root(struct build_work *work, const char *key, const struct list *diff_ids, int how, struct build_root *ret,
		     struct error *e)
{
	autofree char *lock = NULL;

	*ret = (struct build_root){ .key = key ? alloc_copy(key) : image_key(diff_ids), .folder = -1 };
	lock = text_format("%s.lock", ret->key);
	ret->lock = openat(work->roots, lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (ret->lock < 0 || flock(ret->lock, LOCK_EX))
		error_sys(e, "lock a root");
	else if (fill(work, ret, diff_ids, e) == 0 && flock(ret->lock, how) == 0)
		return 0;
	build_root_close(ret);
	return e->kind == ERROR_NONE ? error_sys(e, "lock a root") : -1;
}

int build_root_open(struct build_work *work, const char *key, const struct list *diff_ids, struct build_root *ret, struct error *e)
{
	return open_root(work, key, diff_ids, LOCK_SH, ret, e);
}

int build_root_open_to_change(struct build_work *work, const char *key, const struct list *diff_ids, struct build_root *ret,
			      struct error *e)
{
	if (open_root(work, key, diff_ids, LOCK_EX, ret, e))
		return -1;
	if (forget(work, ret, e) == 0)
		return 0;
	build_root_close(ret);
	return -1;
}

int build_root_write(struct build_work *work, const struct list *diff_ids, int fd, struct error *e)
{
	struct tar_tree_report report = { 0 };
	struct build_root root;
	int result;

	if (build_roots_begin(work, e) || build_root_open(work, NULL, diff_ids, &root, e))
		return -1;
	result = tar_tree_write(fd, root.folder, &report, e);
	build_root_close(&root);
	return result;
}

void build_root_close(struct build_root *root)
{
	int saved = errno;

	if (root->folder >= 0)
		close(root->folder);
	if (root->lock >= 0)
		close(root->lock);
	free(root->key);
	*root = (struct build_root){ .folder = -1, .lock = -1 };
	errno = saved;
}
