/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decoder.h - gzip and zstd as streams.
 *
 * A decoder takes bytes and gives bytes; both may stop short, as with zlib: it is called again with what is left.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;

enum compression { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD };

struct decoder;

/* What the first bytes say; a compression that box does not read is an error that names it. */
int compression_detect(const unsigned char *bytes, size_t length, enum compression *ret, struct error *e);
const char *compression_name(enum compression compression); /* "gzip" */

/* Never NULL, to be freed. compression: not COMPRESSION_NONE. window_log: how far back zstd may look, which is memory (2^window_log). */
struct decoder *decoder_new(enum compression compression, int window_log);
void decoder_free(struct decoder *decoder);

struct decoder_step {
	const unsigned char *in;
	size_t in_length;
	unsigned char *out;
	size_t out_length;
	size_t taken, given; /* set by decoder_run */
};

/* Goes on from in to out, as far as both reach. */
int decoder_run(struct decoder *decoder, struct decoder_step *step, struct error *e);

/* After the last input byte was taken: whether the stream was whole. */
int decoder_finish(const struct decoder *decoder, struct error *e);
