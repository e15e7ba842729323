/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_file.h - the files of a log: bounded, rotated, and written at offsets that are noted first.
 *
 * The log's folder holds files whose names are numbers, 1 and up. The highest is written; when it is full the next one is begun, and what
 * is more than max_files is removed. No file ever changes its name or what it holds, so whoever reads along goes on with the next number
 * when it is there: the one before is complete then.
 *
 * The file that is written has some blocks beyond its end. What an app says that a full disk makes fail finds room there.
 */
#pragma once

#include <stdint.h>

struct error;
struct log_buffer;

struct log_file {
	int folder;         /* the caller's */
	int fd;             /* of the file that the mark names; -1: to be opened */
	int64_t max_size;   /* of one file; at least LOG_FILE_LEAST */
	int64_t max_files;
	uint64_t room;      /* up to here the file has blocks, where its file system gives them beforehand */
};

enum { LOG_FILE_LEAST = 4096 };

/* Opens the file that the mark names. A buffer that names none (a new one) goes on behind the last whole record in the folder. Files
 * that are too many are removed. */
int log_file_open(struct log_file *file, struct log_buffer *buffer, struct error *e);
void log_file_release(struct log_file *file);

/* Writes the buffer's output, which is at most max_size, and begins the next file before it where it does not fit. What cannot be written
 * (a full disk) is counted as lost. */
void log_file_write(struct log_file *file, struct log_buffer *buffer);
