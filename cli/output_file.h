/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output_file.h - a file that a command writes for people: it appears under its name when it is whole and on disk.
 */
#pragma once

#include <stddef.h>

struct error;

struct output_file {
	int fd;
	const char *path; /* borrowed; NULL: stdout */
	char *temporary;  /* NULL: fd writes to path itself (a device or FIFO) */
};

/* path NULL or "-": stdout, which may not be a terminal. */
int output_file_open(const char *path, struct output_file *ret, struct error *e);
/* Gives the file its name; what was there before is replaced only now. */
int output_file_commit(struct output_file *file, struct error *e);
/* All of a file that is short. */
int output_file_write(const char *path, const char *content, size_t length, struct error *e);
/* Removes what was not committed. */
void output_file_release(struct output_file *file);
