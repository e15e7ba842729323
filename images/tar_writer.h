/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_writer.h - a tar of plain files, as archives of images are: root's, without a time, so that equal content is equal bytes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct error;

/* Names are shorter than 100 bytes. fd may be a pipe. */
int tar_write_folder(int fd, const char *name, struct error *e);
int tar_write_bytes(int fd, const char *name, const void *bytes, size_t length, struct error *e);
/* The size bytes that from holds, from where it stands; fewer are an error. */
int tar_write_file(int fd, const char *name, int from, int64_t size, struct error *e);
/* The two empty blocks behind the last member. */
int tar_write_end(int fd, struct error *e);
