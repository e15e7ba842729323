/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_merge.c - the records of several logs as one.
 *
 * A heap of logs, whose next records have been read: the earliest one lies on top.
 */
#include "runtime/logs/log_merge.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "runtime/logs/log_reader.h"

struct voice {
	struct log_cursor cursor;
	struct log_record next;
	const struct log_hearer *hearer;
	unsigned inside; /* one bit for each stream: its line goes on in the next record */
};

struct merge {
	struct voice *voices; /* in the order of the caller's */
	size_t *heap, count;  /* those that have something to say */
	char *line;           /* LOG_CURSOR_LINE bytes */
};

static bool is_first(const struct merge *m, size_t a, size_t b)
{
	int order = memcmp(m->voices[a].next.time, m->voices[b].next.time, LOG_TIME);

	return order ? order < 0 : a < b;
}

/* Lets what lies at a place of the heap sink to where it belongs. */
static void sink(struct merge *m, size_t at)
{
	for (;;) {
		size_t first = at, below = 2 * at + 1, moved = m->heap[at];

		for (size_t i = below; i < below + 2 && i < m->count; i++)
			if (is_first(m, m->heap[i], m->heap[first]))
				first = i;
		if (first == at)
			return;
		m->heap[at] = m->heap[first];
		m->heap[first] = moved;
		at = first;
	}
}

static void tell_missed(struct voice *voice)
{
	if (voice->cursor.missed && voice->hearer->missed)
		voice->hearer->missed(voice->cursor.missed, voice->hearer->data);
	voice->cursor.missed = 0;
}

/* Its record, and those after it that belong to the same line. 1: it has a next one; 0: that was all. */
static int hear(struct merge *m, struct voice *voice, struct error *e)
{
	int got;

	do {
		const struct log_cursor *cursor = &voice->cursor;

		(void)log_record_read(cursor->json, cursor->length, m->line, &voice->next); /* which was one when it was looked at */
		tell_missed(voice);
		if (voice->hearer->hear(&voice->next, cursor->json, cursor->length, voice->hearer->data, e))
			return -1;
		voice->inside = (voice->inside & ~(1U << voice->next.stream)) | (unsigned)voice->next.is_partial << voice->next.stream;
		got = log_cursor_next(&voice->cursor, /* line= */ NULL, &voice->next, e);
	} while (got > 0 && voice->inside);
	return got;
}

static int begin(struct merge *m, const struct log_source *sources, size_t count, const struct log_question *question, struct error *e)
{
	for (size_t i = 0; i < count; i++) {
		struct voice *voice = &m->voices[i];
		int got = log_cursor_begin(&voice->cursor, sources[i].folder, question, /* is_one_of_many= */ count > 1, e);

		voice->hearer = sources[i].hearer;
		if (got == 0)
			got = log_cursor_next(&voice->cursor, /* line= */ NULL, &voice->next, e);
		if (got < 0)
			return -1;
		if (got)
			m->heap[m->count++] = i;
	}
	for (size_t at = m->count / 2; at-- > 0;)
		sink(m, at);
	return 0;
}

static int hear_all(struct merge *m, struct error *e)
{
	while (m->count) {
		int got = hear(m, &m->voices[m->heap[0]], e);

		if (got < 0)
			return -1;
		if (!got)
			m->heap[0] = m->heap[--m->count];
		if (m->count)
			sink(m, 0);
	}
	return 0;
}

int log_merge(const struct log_source *sources, size_t count, const struct log_question *question, struct error *e)
{
	struct merge m = { .voices = alloc_zeroed(count, sizeof *m.voices), .heap = alloc_zeroed(count, sizeof *m.heap),
			   .line = alloc_zeroed(1, LOG_CURSOR_LINE) };
	int result;

	for (size_t i = 0; i < count; i++)
		m.voices[i].cursor.fd = -1;
	result = begin(&m, sources, count, question, e) || hear_all(&m, e) ? -1 : 0;
	for (size_t i = 0; i < count; i++)
		log_cursor_release(&m.voices[i].cursor);
	free(m.voices);
	free(m.heap);
	free(m.line);
	return result;
}
