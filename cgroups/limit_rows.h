/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit_rows.h - which limit goes into which file, and as which text. Private to cgroups/; nothing here touches the kernel.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroups/host.h"

struct limits;
struct text;

enum row_flags {
	ROW_TEXT = 1,        /* char *, else int64_t */
	ROW_PART = 2,        /* where there is no file for it, the next row says it */
	ROW_ZERO_IS_OFF = 4, /* 0 asks for what a host without the file does anyway */
};

struct limit_row {
	const char *name;      /* for messages */
	const char *app_field; /* in app.json below "resources.", NULL: only OCI knows it */
	const char *oci_field; /* in config.json below "linux.resources.", NULL: only app.json knows it */
	enum controller controller;
	const char *v2_file; /* NULL: such a host cannot do it */
	const char *v1_file;
	size_t offset; /* in struct limits */
	/* The file's content; what is said is never LIMIT_UNSET. */
	void (*format)(const struct limits *limits, int64_t value, bool is_v2, struct text *ret);
	const char *v2_other, *v1_other; /* the file's name with another I/O scheduler */
	/* Its content there, where that differs. */
	void (*format_other)(const struct limits *limits, int64_t value, bool is_v2, struct text *ret);
	size_t default_offset; /* of the bool that says that nobody wrote it; 0: none */
	unsigned flags;
};

/* From top to bottom; ends with name NULL. A value that its file refuses for now (EINVAL) is tried again after the others. */
const struct limit_row *limit_rows(void);

bool row_is_said(const struct limits *limits, const struct limit_row *row);
bool row_is_unlimited(const struct limits *limits, const struct limit_row *row);
bool row_is_default(const struct limits *limits, const struct limit_row *row);

/* The content for the row's file, or, is_other, for its other name. */
void row_format(const struct limits *limits, const struct limit_row *row, bool is_v2, bool is_other, struct text *ret);

/* "linux.resources.memory.limit" or "resources.limits.memory": as its author wrote it. ret is emptied first; borrowed from it. */
const char *row_field(const struct limit_row *row, bool is_oci, struct text *ret);

/* "max" or the number on v2, the number or -1 on v1. */
void format_number(const struct limits *limits, int64_t value, bool is_v2, struct text *ret);

/* 2 to 262144 shares as 1 to 10000: 1 + (shares - 2) * 9999 / 262142. */
int64_t weight_of_shares(int64_t shares);
/* 10 to 1000 as 1 to 10000: 1 + (weight - 10) * 9999 / 990. */
int64_t io_weight_of_blkio(int64_t weight);

/* A copy to be written: what an OCI update leaves alone (0) is not said, and "memory without limit" is so with swap, too. Borrows all that
 * limits points to: it is not to be released. */
struct limits limits_settled(const struct limits *limits);
