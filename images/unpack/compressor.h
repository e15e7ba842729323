/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compressor.h - gzip and zstd that give the same bytes on every machine, on all of its processors.
 *
 * The input is cut into blocks of a fixed size, each of which is compressed by itself; what comes out depends on the input, the format and
 * the version of the library, and not on how many threads there are or which is first. isa-l, which box decompresses with, is not used:
 * its bytes differ between processors.
 */
#pragma once

#include "images/unpack/decoder.h"

struct error;

/* All of the file from, which is not changed meanwhile, to the empty file to. compression: not COMPRESSION_NONE. */
int compressor_run(enum compression compression, int from, int to, struct error *e);

/* "none", "gzip", "zstd"; -1: another word. */
int compressor_parse(const char *word, enum compression *ret);
