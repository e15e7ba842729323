/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_merge.h - the records of several logs as one.
 */
#pragma once

#include <stddef.h>

struct error;
struct log_hearer;
struct log_question;

struct log_source {
	int folder; /* of a log (log_reader.h); stays the caller's */
	const struct log_hearer *hearer; /* its goes_on is not asked */
};

/* Reads logs, none of which is followed, in the order of their records' times; of the same time, in the order of the logs. A line that
 * takes several records is heard in one piece. tail holds for each of them. What is in memory of a log is a window of it, and no more. */
int log_merge(const struct log_source *sources, size_t count, const struct log_question *question, struct error *e);
