/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats_lines.h - the kernel's cgroup files as parts of runc's JSON. Private to cgroups/; text in, text out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct text;

/* The first number in text; UINT64_MAX for "max" (as runc has it), 0 where there is none, or no text (NULL). */
uint64_t lines_number(const char *text);

/* The number of the line "key N", or 0. */
uint64_t lines_key(const char *text, const char *key);

/* "0-2,5" as [0,1,2,5]; at most 4096 numbers. */
void lines_add_set(struct text *ret, const char *set);

/* "1 2 3" as [1,2,3]. */
void lines_add_row(struct text *ret, const char *row);

/* "key N" lines as {"key":N,…}. */
void lines_add_object(struct text *ret, const char *lines);

/* "8:0 Read 17" or "8:0 17" lines as [{"major":8,"op":"Read","value":17},…], the total left out. */
void lines_add_blkio(struct text *ret, const char *lines);

/* "8:0 rbytes=17 wbytes=5 …" lines likewise, by two keys, which are called Read and Write. */
void lines_add_io(struct text *ret, const char *lines, const char *read_key, const char *write_key);
