/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_journal.h - lines of an app as messages to journald, in its native protocol.
 *
 * A message has MESSAGE (the line, of whatever bytes), PRIORITY (6 for stdout, 3 for stderr, 4 for what box itself says),
 * SYSLOG_IDENTIFIER and CONTAINER_NAME (the app), CONTAINER_ID_FULL, IMAGE_NAME, and CONTAINER_PARTIAL_MESSAGE=true where the line goes on
 * in the next one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "runtime/supervise/log_record.h"

struct log_journal_names {
	const char *name, *id;
	const char *image; /* or NULL */
};

struct log_journal {
	int fd;
	bool is_stalled;
	struct text heads[LOG_BOX + 1]; /* the fields that all messages of a stream have */
};

/* Sends nothing yet; the journal need not run. names may be all NULL where nothing will be sent. */
void log_journal_init(struct log_journal *ret, const struct log_journal_names *names);
void log_journal_release(struct log_journal *journal);

/* Sends one line. A journal that takes nothing holds the caller up for a second, once; until it takes something again there is no further
 * wait. -1 with errno where the line was not sent. */
int log_journal_send(struct log_journal *journal, enum log_stream stream, const char *line, size_t length, bool is_partial);

/* Says that so many bytes are lost, and why. */
int log_journal_loss(struct log_journal *journal, uint64_t lost, const char *why);
