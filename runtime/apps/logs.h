/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logs.h - what an app in the background wrote.
 */
#pragma once

#include "runtime/logs/log_reader.h"

struct error;
struct list;
struct places;

/* Reads the log of an app (log_reader.h), whether it runs or not, and whether a supervisor writes it or not. What goes_on of the hearer
 * says does not end it; with follow it ends when the app is stopped for good or removed. An app whose driver is journald has no log here:
 * ERROR_UNSUPPORTED, with the command that reads it. */
int logs_read(const struct places *places, const char *name, const struct log_question *question, const struct log_hearer *hearer,
	      struct error *e);

/* Reads the logs of several apps as one, in the order of time (log_merge.h); follow is not heeded. hearers: one each. */
int logs_read_all(const struct places *places, const struct list *names, const struct log_question *question,
		  const struct log_hearer *hearers, struct error *e);
