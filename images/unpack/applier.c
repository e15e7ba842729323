/* SPDX-License-Identifier: Apache-2.0 */
/*
 * applier.c - a tar into a folder.
 *
 * libarchive reads the headers (tar only; decompression is done before it), everything it says is checked here, and files are made by
 * calls that cannot leave the root. Any complaint of libarchive ends the unpacking: a header that one reader skips and another takes is
 * how two programs come to see two different archives in the same bytes.
 */
#include "images/unpack/applier.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "images/unpack/budget.h"
#include "images/unpack/layer_tree.h"
#include "images/unpack/member_name.h"
#include "images/unpack/stream.h"

/* What libarchive's callback needs; the stream's own error comes back through it. */
struct source {
	struct stream *stream;
	struct error error;
	bool has_failed;
};

static la_ssize_t next_bytes(struct archive *archive, void *data, const void **ret)
{
	struct source *source = data;
	const unsigned char *bytes = NULL;
	ssize_t got = stream_next(source->stream, &bytes, &source->error);

	if (got < 0) {
		source->has_failed = true;
		archive_set_error(archive, EIO, "the stream failed");
		return ARCHIVE_FATAL;
	}
	*ret = bytes;
	return got;
}

static struct archive *open_archive(struct source *source, struct error *e)
{
	struct archive *archive = archive_read_new();

	if (archive && archive_read_support_format_tar(archive) == ARCHIVE_OK &&
	    archive_read_open(archive, source, NULL, next_bytes, NULL) == ARCHIVE_OK)
		return archive;
	if (source->has_failed)
		*e = source->error;
	else
		error_set(e, ERROR_IMAGE, "it is no tar archive");
	if (archive)
		(void)archive_read_free(archive); /* nothing was written through it */
	return NULL;
}

/* Puts the member's name in front of an error, harmless for a terminal and not too long. */
static int name_member(struct error *e, const char *raw)
{
	autorelease(text) struct text name = { 0 };
	size_t length = strlen(raw);

	text_add_escaped(&name, raw, length > 200 ? 200 : length);
	return error_in(e, "member \"%s%s\"", name.data ? name.data : "", length > 200 ? "…" : "");
}

static int apply_entry(struct layer_tree *tree, struct archive *archive, struct archive_entry *entry, struct error *e)
{
	const char *raw = archive_entry_pathname(entry);
	autofree char *name = NULL;
	int applied;

	if (budget_entry(tree->budget, e))
		return -1;
	if (!raw)
		return error_set(e, ERROR_IMAGE, "member %lld has no readable name", (long long)tree->budget->entries);
	name = member_name_clean(raw, tree->budget->limits, e);
	applied = name ? member_apply(tree, archive, entry, name, e) : -1;
	return applied < 0 ? name_member(e, raw) : applied;
}

static int apply_all(struct layer_tree *tree, struct archive *archive, struct error *e)
{
	struct archive_entry *entry;
	int code = ARCHIVE_OK, applied = layer_tree_begin(tree, e);

	while (applied == 0 &&
	       ((code = archive_read_next_header(archive, &entry)) == ARCHIVE_OK || code == ARCHIVE_WARN))
		applied = apply_entry(tree, archive, entry, e);
	if (applied)
		return applied < 0 ? -1 : layer_tree_set_times(tree, e);
	if (code != ARCHIVE_EOF)
		return error_set(e, ERROR_IMAGE, "broken tar after %lld members: %s", (long long)tree->budget->entries,
				 archive_error_string(archive) ? archive_error_string(archive) : "unknown header");
	return layer_tree_set_times(tree, e);
}

int apply_tar(struct stream *stream, int root, const struct apply_options *options, struct budget *budget,
	      struct digest *ret, struct apply_report *report, struct error *e)
{
	struct source source = { .stream = stream };
	struct archive *archive = open_archive(&source, e);
	struct layer_tree tree;
	int64_t used;
	int result;

	if (!archive)
		return -1;
	layer_tree_init(&tree, root, options, budget, report);
	result = apply_all(&tree, archive, e);
	layer_tree_release(&tree);
	used = archive_filter_bytes(archive, 0);
	(void)archive_read_free(archive); /* nothing was written through it */
	if (result && source.has_failed)
		*e = source.error; /* libarchive's words were only an echo of this */
	report->members = budget->entries;
	return result ? -1 : stream_finish(stream, used, ret, e);
}
