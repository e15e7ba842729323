/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_verify.c - whether the audit trail is whole.
 */
#include "cli/audit_verify.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/chain.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cli/audit_record.h"

enum { FILE_LIMIT = CHAIN_FILE + 2 * CHAIN_LINE };

/* The walk from line to line. */
struct walk {
	const struct audit_head *kept;
	struct text *out;
	const char *file;
	size_t line;              /* in file, from 1 on */
	int64_t count, seq;       /* records so far, and the number of the last */
	char digest[SHA256_TEXT]; /* of the last line */
	char cut[256];            /* where the last line is, if it is no record; "" */
	char first[40], last[40]; /* times */
};

static int misfit(const struct walk *walk, const char *why, struct error *e)
{
	error_set(e, ERROR_SPEC, "%s:%zu: the record does not fit: %s", walk->file, walk->line, why);
	return error_hint(e, "the records before it, up to number %jd, are whole", (intmax_t)walk->seq);
}

static int check_first(struct walk *walk, const struct audit_record *record, struct error *e)
{
	bool is_beginning = record->seq == 1;

	if (is_beginning != !*record->previous)
		return misfit(walk, "it is called the first one, and holds the digest of another", e);
	if (!is_beginning)
		text_addf(walk->out, "records before number %jd are no longer kept\n", (intmax_t)record->seq);
	(void)snprintf(walk->first, sizeof walk->first, "%.39s", record->time); /* cut is fine */
	return 0;
}

static int check_record(struct walk *walk, const struct audit_record *record, struct error *e)
{
	bool is_first = !walk->count && !*walk->cut;

	if (is_first && check_first(walk, record, e))
		return -1;
	if (!is_first && strcmp(record->previous, walk->digest) != 0)
		return misfit(walk, "the one before it was changed, or is not the one that was there", e);
	if (!is_first && record->seq != walk->seq + 1)
		return misfit(walk, "its number does not follow", e);
	if (*walk->cut && !record->torn)
		return misfit(walk, "the line before it is no record, and it does not say so", e);
	if (*walk->cut)
		text_addf(walk->out, "%s: record %jd was cut: box or the host ended in the middle of writing it\n",
			  walk->cut, (intmax_t)walk->seq);
	(void)snprintf(walk->last, sizeof walk->last, "%.39s", record->time); /* cut is fine */
	return 0;
}

static int check_kept(const struct walk *walk, struct error *e)
{
	if (!walk->kept->digest || walk->kept->seq != walk->seq || strcmp(walk->kept->digest, walk->digest) == 0)
		return 0;
	return misfit(walk, "its digest is not the one that was kept", e);
}

static int take_line(struct walk *walk, const char *line, size_t length, struct error *e)
{
	struct audit_record record;
	struct error unreadable = { 0 };
	int result = 0;

	if (audit_record_read(line, length, walk->file, &record, &unreadable)) {
		if (*walk->cut)
			return misfit(walk, "neither it nor the line before it is a record", e);
		(void)snprintf(walk->cut, sizeof walk->cut, "%.200s:%zu", walk->file, walk->line); /* always fits */
		walk->seq++;
	} else {
		result = check_record(walk, &record, e);
		*walk->cut = '\0';
		walk->seq = result ? walk->seq : record.seq;
		audit_record_release(&record);
	}
	if (result)
		return -1;
	walk->count++;
	sha256_bytes(line, length, walk->digest);
	return check_kept(walk, e);
}

static int take_file(struct walk *walk, int folder, struct error *e)
{
	autorelease(text) struct text content = { 0 };
	const char *lines;
	size_t at = 0;

	if (file_read(folder, walk->file, FILE_LIMIT, &content, e))
		return -1;
	lines = content.data ? content.data : "";
	for (walk->line = 1; at < content.length; walk->line++) {
		const char *line = lines + at, *end = memchr(line, '\n', content.length - at);
		size_t length = end ? (size_t)(end - line) : content.length - at;

		if (take_line(walk, line, length, e))
			return -1;
		at += length + 1;
	}
	return 0;
}

int audit_verify(int folder, const struct audit_head *kept, struct text *ret, struct error *e)
{
	autorelease(list) struct list files = { 0 };
	struct walk walk = { .kept = kept, .out = ret };

	chain_files(folder, AUDIT_LOG, &files);
	for (size_t i = 0; i < files.count; i++) {
		walk.file = files.items[i];
		if (take_file(&walk, folder, e))
			return -1;
	}
	if (*walk.cut)
		text_addf(
			ret,
			"%s: record %jd was cut: box or the host ended in the middle of writing it, or writes it now\n",
			walk.cut, (intmax_t)walk.seq);
	if (kept->seq > walk.seq)
		return error_set(e, ERROR_SPEC,
				 "record %jd was there once, and the last one is %jd: records were cut off",
				 (intmax_t)kept->seq, (intmax_t)walk.seq);
	text_addf(ret, "%jd records, %s to %s: whole\n", (intmax_t)walk.count, walk.first, walk.last);
	return 0;
}
