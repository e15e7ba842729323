/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_reader.h - the members of a tar, and where their content lies in it.
 *
 * It reads what today's writers of layers write: ustar with pax records or GNU's long names. It is strict: whatever could be understood in
 * two ways is an error, and its caller leaves the whole archive to libarchive (applier.h), which then has the only word about it.
 */
#pragma once

#include <sys/types.h>

#include "images/tar_member.h"

struct error;
struct tar_reader;

/* The next bytes of the tar (valid until the next call), 0 at its end, or -1. */
typedef ssize_t tar_source(void *data, const unsigned char **ret, struct error *e);

struct tar_reader *tar_reader_new(tar_source *source, void *data);
void tar_reader_free(struct tar_reader *reader);

/* 1 and the next member; 0 at the end, after everything was read; or -1. */
int tar_reader_next(struct tar_reader *reader, struct tar_member *ret, struct error *e);

/* The next bytes of the content of the member that tar_reader_next gave (valid until the next call), 0 at its end, or -1. What is not
 * read is passed over by the next tar_reader_next. */
ssize_t tar_reader_content(struct tar_reader *reader, const unsigned char **ret, struct error *e);
