/* SPDX-License-Identifier: Apache-2.0 */
/*
 * indexer.c - a tar as it is, and an index of it.
 *
 * Bytes are written before they are looked at, so that one pass over the source is enough even where the index turns out to be impossible:
 * then the folder is made from the tar that was just written, and what is wrong with the archive is said by libarchive and by the rules of
 * the folder form alone.
 */
#include "images/unpack/indexer.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "images/unpack/budget.h"
#include "images/unpack/index_tree.h"
#include "images/unpack/index_writer.h"
#include "images/unpack/stream.h"
#include "images/unpack/write_behind.h"
#include "images/tar_reader.h"

struct tee {
	struct stream *stream;
	struct write_behind *tar;
	int64_t size;       /* given to it */
	bool has_failed;    /* not the archive's form, but reading, decompressing or writing */
	struct error error; /* of that */
};

static ssize_t next_bytes(void *data, const unsigned char **ret, struct error *e)
{
	struct tee *tee = data;
	ssize_t got = stream_next(tee->stream, ret, e);

	if (got > 0 && write_behind_add(tee->tar, *ret, (size_t)got, e))
		got = -1;
	if (got < 0) {
		tee->has_failed = true;
		tee->error = *e;
	} else {
		tee->size += got;
	}
	return got;
}

/* All members into the tree, or why not. */
static int read_members(struct index_tree *tree, struct tee *tee, struct error *e)
{
	struct tar_reader *reader = tar_reader_new(next_bytes, tee);
	struct tar_member member;
	int got;

	while ((got = tar_reader_next(reader, &member, e)) > 0)
		if (index_member_apply(tree, &member, e)) {
			got = -1;
			break;
		}
	tar_reader_free(reader);
	if (got == 0 && tee->size == 0)
		got = error_set(e, ERROR_IMAGE, "it is empty");
	return got;
}

/* The bytes that were not looked at any more. */
static int write_rest(struct tee *tee, struct error *e)
{
	const unsigned char *bytes;
	ssize_t got;

	do
		got = next_bytes(tee, &bytes, e);
	while (got > 0);
	return (int)got;
}

int index_tar(struct stream *stream, const struct index_files *files, const struct apply_options *options, struct budget *budget,
	      struct digest *ret, bool *ret_is_indexed, struct apply_report *report, struct error *e)
{
	autorelease(write_behind) struct write_behind *tar = write_behind_begin(files->tar, "write the layer's tar");
	struct tee tee = { .stream = stream, .tar = tar };
	struct apply_report found = { 0 };
	struct error why = { 0 };
	struct index_tree tree;
	int result;

	index_tree_init(&tree, options, budget, &found);
	result = read_members(&tree, &tee, &why);
	if (result == 0)
		result = index_write(&tree, tee.size, files->index, &why);
	index_tree_release(&tree);
	*ret_is_indexed = result == 0;
	if (result == 0)
		*report = found;
	else if (!tee.has_failed)
		log_debug("no index for this layer: %s", why.text);
	if (tee.has_failed) {
		*e = tee.error;
		return -1;
	}
	if ((result && write_rest(&tee, e)) || write_behind_end(tar, e))
		return -1;
	return stream_digest(stream, ret, e);
}
