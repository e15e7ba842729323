/* SPDX-License-Identifier: Apache-2.0 */
/*
 * content_digests.c - the digests of a selection's files.
 */
#include "images/build/content_digests.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "images/build/selection.h"
#include "images/image_request.h"
#include "images/store.h"

enum { RACY_S = 2, LIMIT = 512 << 20, SPARE = 4096, HEX = 64 };

static const char magic[16] = "box digests 1\n";

struct known {
	uint64_t device, inode, size;
	int64_t mtime_s, ctime_s, read_s;
	uint32_t mtime_ns, ctime_ns;
	char hex[HEX];
};

struct content_digests {
	int store, root;
	char *path;
	struct known *items; /* in the order of before, as they were in the file */
	size_t count;
	struct known *more;  /* as they came */
	size_t more_count;
	size_t used;
};

static int before(const void *a, const void *b)
{
	const struct known *one = a, *other = b;

	if (one->device != other->device)
		return one->device < other->device ? -1 : 1;
	return one->inode < other->inode ? -1 : one->inode > other->inode;
}

static struct known as_seen(const struct stat *st)
{
	return (struct known){ .device = st->st_dev, .inode = st->st_ino, .size = (uint64_t)st->st_size, .mtime_s = st->st_mtim.tv_sec,
			       .mtime_ns = (uint32_t)st->st_mtim.tv_nsec, .ctime_s = st->st_ctim.tv_sec,
			       .ctime_ns = (uint32_t)st->st_ctim.tv_nsec };
}

static bool is_true(const struct known *known, const struct known *seen)
{
	return known->size == seen->size && known->mtime_s == seen->mtime_s && known->mtime_ns == seen->mtime_ns &&
	       known->ctime_s == seen->ctime_s && known->ctime_ns == seen->ctime_ns && seen->mtime_s + RACY_S < known->read_s &&
	       seen->ctime_s + RACY_S < known->read_s;
}

struct content_digests *content_digests_open(int store, int root)
{
	struct content_digests *digests = alloc_zeroed(1, sizeof *digests);
	struct error ignored = { 0 };
	struct text content = { 0 };
	struct stat st;

	digests->store = store;
	digests->root = root;
	if (fstat(root, &st))
		return digests;
	digests->path = text_format("build/digests/%jx-%jx", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	if (file_read(store, digests->path, LIMIT, &content, &ignored) == 0 && content.length >= sizeof magic &&
	    memcmp(content.data, magic, sizeof magic) == 0 && (content.length - sizeof magic) % sizeof *digests->items == 0) {
		digests->count = (content.length - sizeof magic) / sizeof *digests->items;
		digests->items = alloc_zeroed(digests->count + 1, sizeof *digests->items);
		memcpy(digests->items, content.data + sizeof magic, content.length - sizeof magic);
	}
	text_release(&content);
	return digests;
}

static bool find(struct content_digests *digests, struct selected *item)
{
	const struct known seen = as_seen(&item->st);
	const struct known *known = digests->count ? bsearch(&seen, digests->items, digests->count, sizeof seen, before) : NULL;

	if (!known || !is_true(known, &seen))
		return false;
	digests->used++;
	(void)snprintf(item->digest, sizeof item->digest, "sha256:%.64s", known->hex); /* always fits */
	return true;
}

/* What box-image said about the files that were asked for, one line each. */
static int take(struct content_digests *digests, struct selected *const *asked, size_t count, const struct text *said, int64_t now,
		struct error *e)
{
	const char *line = said->data ? said->data : "";

	if (said->length != count * (HEX + 1))
		return error_set(e, ERROR_INTERNAL, "box-image said %zu bytes about %zu files", said->length, count);
	for (size_t i = 0; i < count; i++, line += HEX + 1) {
		struct known *known;

		if (strspn(line, "0123456789abcdef") != HEX)
			return error_set(e, ERROR_KERNEL, "read %s: it cannot be opened, or is no file any more", asked[i]->path);
		known = alloc_append(&digests->more, &digests->more_count, sizeof *known);
		*known = as_seen(&asked[i]->st);
		known->read_s = now;
		memcpy(known->hex, line, HEX);
		(void)snprintf(asked[i]->digest, sizeof asked[i]->digest, "sha256:%.64s", line); /* always fits */
	}
	return 0;
}

/* names: each with a zero byte behind it. box-image has the processor's instructions for it. */
static int ask(int root, const struct text *names, struct text *ret, struct error *e)
{
	autoclose int input = file_in_memory("names", names->data, names->length), out = file_in_memory("digests", "", 0);
	autorelease(list) struct list words = { 0 };
	const struct image_request request = { .words = &words, .attempt = "digest the files of the build", .store = root, .source = out,
					       .input = input };

	if (input < 0 || out < 0)
		return error_sys(e, "make a file in memory");
	list_add(&words, "digest");
	list_addf(&words, "%d", root);
	list_addf(&words, "%d", out);
	if (image_request(&request, NULL, e))
		return -1;
	if (lseek(out, 0, SEEK_SET) != 0)
		return error_sys(e, "read the digests of files");
	return file_read_fd(out, "digests", LIMIT, ret, e);
}

int content_digests_fill(struct content_digests *digests, struct selection *selection, size_t *ret_read, struct error *e)
{
	autofree struct selected **asked = alloc_zeroed(selection->count + 1, sizeof *asked);
	autorelease(text) struct text names = { 0 };
	autorelease(text) struct text said = { 0 };
	int64_t now = time(NULL);
	size_t count = 0;

	for (size_t i = 0; i < selection->count; i++) {
		struct selected *item = &selection->items[i];

		if (!S_ISREG(item->st.st_mode) || find(digests, item))
			continue;
		text_add_bytes(&names, item->path, strlen(item->path) + 1);
		asked[count++] = item;
	}
	if (ret_read)
		*ret_read = count;
	if (!count)
		return 0;
	return ask(digests->root, &names, &said, e) || take(digests, asked, count, &said, now, e) ? -1 : 0;
}

/* A file that was read again takes the place of what was known of it. */
static size_t merge(struct content_digests *digests, struct known *all)
{
	size_t count = 0, total = digests->more_count;

	if (digests->more_count)
		memcpy(all, digests->more, digests->more_count * sizeof *all);
	/* What nobody asked for goes once there is much of it. */
	if (digests->count && digests->count <= 4 * (digests->used + digests->more_count) + SPARE) {
		memcpy(all + total, digests->items, digests->count * sizeof *all);
		total += digests->count;
	}
	qsort(all, total, sizeof *all, before);
	for (size_t i = 0; i < total; i++) {
		if (count && before(&all[count - 1], &all[i]) == 0) {
			if (all[i].read_s > all[count - 1].read_s)
				all[count - 1] = all[i];
		} else {
			all[count++] = all[i];
		}
	}
	return count;
}

static void write_all_known(struct content_digests *digests)
{
	autofree struct known *all = alloc_zeroed(digests->count + digests->more_count + 1, sizeof *all);
	autorelease(text) struct text content = { 0 };
	struct error ignored = { 0 };
	size_t count = merge(digests, all);

	text_add_bytes(&content, magic, sizeof magic);
	text_add_bytes(&content, all, count * sizeof *all);
	if (store_make_folder(digests->store, "build/digests", &ignored))
		return;
	(void)file_replace(digests->store, digests->path, content.data, content.length, 0600, &ignored); /* it is a cache */
}

void content_digests_close(struct content_digests *digests)
{
	if (digests->more_count && digests->path)
		write_all_known(digests);
	free(digests->items);
	free(digests->more);
	free(digests->path);
	free(digests);
}
