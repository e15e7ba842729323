/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.c - the log of one app: takes what it writes, and keeps whole lines with their time.
 *
 * A take is one read and one write, however many lines there are between them, and one look at the clock.
 */
#include "runtime/supervise/log.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"

enum { LINE = 16 << 10 };

/* One line, or a part of one. */
struct piece {
	const char *bytes;
	size_t length;
	size_t taken; /* with its newline */
	bool is_partial;
};

/* The length at which a line is split: not within a character, if it has any. */
static size_t split_length(const char *bytes, size_t longest)
{
	for (size_t cut = longest; cut > longest - 4; cut--)
		if (((unsigned char)bytes[cut] & 0xc0) != 0x80)
			return cut;
	return longest;
}

/* What can be written of the left bytes. False: a line that has not ended, unless is_end. */
static bool next_piece(const struct log *log, const char *bytes, size_t left, bool is_end, struct piece *ret)
{
	size_t looked_at = left <= log->longest ? left : log->longest + 1;
	const char *newline = memchr(bytes, '\n', looked_at);

	*ret = (struct piece){ .bytes = bytes };
	if (newline) {
		ret->length = (size_t)(newline - bytes);
		ret->taken = ret->length + 1;
		if (log->is_terminal && ret->length && bytes[ret->length - 1] == '\r')
			ret->length--;
	} else if (left > log->longest) {
		ret->length = ret->taken = split_length(bytes, log->longest);
		ret->is_partial = true;
	} else {
		ret->length = ret->taken = left;
		return is_end && left;
	}
	return true;
}

/* Fills output with records of what lies in the ring, and notes both. False: nothing was there. */
static bool make_records(struct log *log, enum log_stream stream, int64_t now, bool is_end)
{
	struct log_mark *mark = log_mark_change(&log->buffer);
	struct log_input *input = &mark->input[stream];
	size_t room = log->file.max_size < LOG_OUTPUT ? (size_t)log->file.max_size : LOG_OUTPUT;
	const char *bytes = log_ring(&log->buffer, stream);
	char *to = log->buffer.output;
	struct log_head head;
	struct piece piece;

	/* Never alone: while the disk is full it would be tried again and again, and nothing be read. */
	if (mark->lost && next_piece(log, bytes, (size_t)(input->end - input->begin), is_end, &piece))
		mark->output = log_record_loss(to, now, mark->lost, strerror((int)mark->reason));
	if (mark->output)
		mark->lost = 0;
	log_head_make(&head, stream, now);
	while (next_piece(log, bytes, (size_t)(input->end - input->begin), is_end, &piece)) {
		if (log_record_room(piece.length) > room - mark->output)
			break;
		mark->output += log_record_write(to + mark->output, &head, piece.bytes, piece.length, piece.is_partial);
		input->begin += piece.taken;
		bytes += piece.taken;
	}
	if (mark->output)
		log_mark_set(&log->buffer);
	return mark->output > 0;
}

/* One message for each line, which is noted when it is sent: a writer that is killed between the two has sent one line that is sent
 * again. */
static void send_lines(struct log *log, enum log_stream stream, bool is_end)
{
	for (;;) {
		const struct log_input *input = &log_mark(&log->buffer)->input[stream];
		struct log_mark *mark;
		struct piece piece;

		if (!next_piece(log, log_ring(&log->buffer, stream), (size_t)(input->end - input->begin), is_end, &piece))
			return;
		mark = log_mark_change(&log->buffer);
		if (mark->lost && log_journal_loss(&log->journal, mark->lost, strerror((int)mark->reason)) == 0)
			mark->lost = 0;
		if (log_journal_send(&log->journal, stream, piece.bytes, piece.length, piece.is_partial)) {
			mark->lost += piece.taken;
			mark->reason = errno;
		}
		mark->input[stream].begin += piece.taken;
		log_mark_set(&log->buffer);
	}
}

static void pass_on(struct log *log, enum log_stream stream, bool is_end)
{
	int64_t now;

	if (log->driver == LOG_DRIVER_JOURNALD) {
		send_lines(log, stream, is_end);
		return;
	}
	now = clock_since_1970_ns();
	while (make_records(log, stream, now, is_end))
		log_file_write(&log->file, &log->buffer);
}

static void pass_all(struct log *log, bool is_end)
{
	for (int i = 0; i < LOG_STREAMS; i++)
		pass_on(log, (enum log_stream)i, is_end);
}

int log_open(struct log *ret, int state, int folder, const struct log_options *setup, struct error *e)
{
	bool is_new;

	*ret = (struct log){
		.driver = setup->driver,
		.is_terminal = setup->is_terminal,
		.file = { .folder = folder, .fd = -1, .max_size = setup->max_size, .max_files = setup->max_files },
	};
	log_journal_init(&ret->journal, &setup->names);
	ret->longest = log_record_fits(setup->max_size < LOG_OUTPUT ? (size_t)setup->max_size - LOG_LOSS : LOG_OUTPUT - LOG_LOSS);
	if (ret->longest > LINE)
		ret->longest = LINE;
	if (log_buffer_open(&ret->buffer, state, &is_new, e))
		return error_in(e, "open the log");
	if (setup->driver == LOG_DRIVER_FILE && log_file_open(&ret->file, &ret->buffer, e)) {
		log_release(ret);
		return error_in(e, "open the log");
	}
	log_file_write(&ret->file, &ret->buffer);
	pass_all(ret, false);
	return 0;
}

int log_take(struct log *log, enum log_stream stream, int from)
{
	ssize_t count = log_buffer_read(&log->buffer, stream, from);

	if (count <= 0)
		return (int)count;
	pass_on(log, stream, false);
	return 1;
}

void log_end(struct log *log)
{
	pass_all(log, true);
}

void log_release(struct log *log)
{
	log_buffer_release(&log->buffer);
	log_file_release(&log->file);
	log_journal_release(&log->journal);
}
