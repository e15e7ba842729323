/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h - what box says: the only place that prints.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct app;
struct error;
struct list;
struct places;
struct text;

enum { EXIT_BOX_FAILED = 125 };

/* Where box keeps its own, for hints; borrowed until the end. */
void report_places(const struct places *places);

/* Prints the one final error and its hint on stderr. app (may be NULL) tells the line of a field. */
void report_error(const struct app *app, const char *file, const struct error *e);

/* Prints one of several errors, which has its place in its text, and its hint ("": none). */
void report_problem(const char *text, const char *hint);

/* Whether report_error was called. */
bool report_has_failed(void);

/* 127, 126 or 125, by the kind of e: for commands that run a program. */
int report_run_status(const struct error *e);

/* Prints text on stdout; -1 where that fails (a full disk), with e set. */
int report_text(const struct text *text, struct error *e);

/* Prints "box: line" on stderr. */
void report_line(const char *line);

/* Prints the error, and returns the exit code of a command that runs no program: 125 for wrong words, else 1. */
int report_failure(const struct error *e);

/* The width of the terminal that stdout is; 0: it is none. */
size_t report_width(void);

/* A table: rows of columns cells, the first row is the head; cells are escaped, the widest of a column rules.
 * A width other than 0 is kept by cutting the widest columns. Adds to ret. */
void report_table(const struct list *cells, size_t columns, size_t width, struct text *ret);
