/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index_verify.h - whether an index is one that index_writer.c may have written.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct error;

/*
 * The index comes out of the sandbox and is read by the kernel with all of its power: what is not exactly in the writer's form is refused.
 * tar_size: of the tar that it speaks about.
 */
int index_verify(const unsigned char *index, size_t size, int64_t tar_size, struct error *e);
