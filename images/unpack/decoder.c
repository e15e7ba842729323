/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decoder.c - gzip (isa-l) and zstd as streams.
 *
 * Both formats may be several members one behind the other (pigz, stargz and zstd:chunked write such files); all of them count. What
 * stands behind the last gzip member must be zeros, as tape padding is: anything else would be bytes that one reader of the same blob
 * sees and another does not. zstd has frames to skip for that purpose, and nothing else may follow.
 */
#include "images/unpack/decoder.h"

#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/error.h"

struct decoder {
	const struct format *format;
	struct inflate_state gzip;
	bool between; /* no member is open: at the start, and behind a whole one */
	bool padding; /* zeros behind the last gzip member have begun */
	ZSTD_DCtx *zstd;
};

static void start_gzip(struct decoder *decoder, int window_log)
{
	(void)window_log; /* gzip's is always 32 KiB */
	isal_inflate_init(&decoder->gzip);
	decoder->gzip.crc_flag = ISAL_GZIP;
}

static void start_zstd(struct decoder *decoder, int window_log)
{
	decoder->zstd = ZSTD_createDCtx();
	/* A frame may ask for a window of 2 GiB, which would be memory by the attacker's choice. */
	if (decoder->zstd)
		(void)ZSTD_DCtx_setParameter(decoder->zstd, ZSTD_d_windowLogMax, window_log); /* 27 is always in range */
}

static const char *gzip_problem(int code)
{
	switch (code) {
	case ISAL_INVALID_BLOCK: return "a broken block";
	case ISAL_INVALID_SYMBOL: return "a broken symbol";
	case ISAL_INVALID_LOOKBACK: return "a copy from before its beginning";
	case ISAL_INVALID_WRAPPER: return "a broken header";
	case ISAL_UNSUPPORTED_METHOD: return "an unknown method";
	case ISAL_INCORRECT_CHECKSUM: return "a wrong checksum";
	default: return "broken data";
	}
}

/* Behind a whole member: zeros to the end, or another member. */
static int gzip_between(struct decoder *decoder, struct decoder_step *step, struct error *e)
{
	size_t i = 0;

	while (i < step->in_length && step->in[i] == 0)
		i++;
	if (i > 0)
		decoder->padding = true;
	if (i < step->in_length && decoder->padding)
		return error_set(e, ERROR_IMAGE, "its gzip data is followed by other bytes");
	if (i < step->in_length && step->in[0] != 0x1f)
		return error_set(e, ERROR_IMAGE, "its gzip data is followed by other bytes");
	step->taken = i;
	if (i == step->in_length)
		return 0;
	isal_inflate_reset(&decoder->gzip);
	decoder->gzip.crc_flag = ISAL_GZIP;
	decoder->between = false;
	return 0;
}

static int run_gzip(struct decoder *decoder, struct decoder_step *step, struct error *e)
{
	struct inflate_state *state = &decoder->gzip;
	int code;

	if (decoder->between)
		return gzip_between(decoder, step, e);
	state->next_in = (uint8_t *)(uintptr_t)step->in; /* only read, though its type does not say so */
	state->avail_in = (uint32_t)step->in_length;
	state->next_out = step->out;
	state->avail_out = (uint32_t)step->out_length;
	code = isal_inflate(state);
	if (code != ISAL_DECOMP_OK && code != ISAL_END_INPUT)
		return error_set(e, ERROR_IMAGE, "its gzip data has %s", gzip_problem(code));
	step->taken = step->in_length - state->avail_in;
	step->given = step->out_length - state->avail_out;
	if (state->block_state == ISAL_BLOCK_FINISH)
		decoder->between = true;
	return 0;
}

static int run_zstd(struct decoder *decoder, struct decoder_step *step, struct error *e)
{
	ZSTD_inBuffer in = { step->in, step->in_length, 0 };
	ZSTD_outBuffer out = { step->out, step->out_length, 0 };
	size_t code;

	/* Asked again behind its last frame, zstd would answer that the next one is missing. */
	if (decoder->between && step->in_length == 0)
		return 0;
	if (!decoder->zstd)
		return error_set(e, ERROR_INTERNAL, "no memory for zstd");
	code = ZSTD_decompressStream(decoder->zstd, &out, &in);
	if (ZSTD_isError(code))
		return error_set(e, ERROR_IMAGE, "its zstd data is broken, or needs too much memory: %s",
				 ZSTD_getErrorName(code));
	step->taken = in.pos;
	step->given = out.pos;
	decoder->between = code == 0;
	return 0;
}

/* What box reads, by enum compression. */
static const struct format {
	const char *name;
	void (*start)(struct decoder *decoder, int window_log);
	int (*run)(struct decoder *decoder, struct decoder_step *step, struct error *e);
} formats[] = {
	[COMPRESSION_NONE] = { .name = "no compression" },
	[COMPRESSION_GZIP] = { "gzip", start_gzip, run_gzip },
	[COMPRESSION_ZSTD] = { "zstd", start_zstd, run_zstd },
};

/* How files begin. */
static const struct {
	unsigned char magic[6];
	size_t length;
	const char *name; /* of what box does not read */
	enum compression compression;
	unsigned char spare; /* bits of the first byte that may be anything */
} magics[] = {
	{ { 0x1f, 0x8b }, 2, NULL, COMPRESSION_GZIP, 0 },
	{ { 0x28, 0xb5, 0x2f, 0xfd }, 4, NULL, COMPRESSION_ZSTD, 0 },
	/* A frame that zstd's readers skip may come first: 0x184D2A50 to …5F. */
	{ { 0x50, 0x2a, 0x4d, 0x18 }, 4, NULL, COMPRESSION_ZSTD, 0x0f },
	{ { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, "xz", COMPRESSION_NONE, 0 },
	{ { 'B', 'Z', 'h' }, 3, "bzip2", COMPRESSION_NONE, 0 },
	{ { 0x04, 0x22, 0x4d, 0x18 }, 4, "lz4", COMPRESSION_NONE, 0 },
	{ { 'P', 'K', 3, 4 }, 4, "zip", COMPRESSION_NONE, 0 },
	{ { 0x1f, 0x9d }, 2, "compress", COMPRESSION_NONE, 0 },
};

static bool begins(const unsigned char *bytes, size_t length, size_t n)
{
	return length >= magics[n].length && (bytes[0] & ~magics[n].spare) == magics[n].magic[0] &&
	       memcmp(bytes + 1, magics[n].magic + 1, magics[n].length - 1) == 0;
}

int compression_detect(const unsigned char *bytes, size_t length, enum compression *ret, struct error *e)
{
	*ret = COMPRESSION_NONE;
	for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
		if (!begins(bytes, length, i))
			continue;
		if (magics[i].name) {
			error_set(e, ERROR_UNSUPPORTED, "it is compressed with %s, which box does not read", magics[i].name);
			return error_hint(e, "compress it with gzip or zstd instead");
		}
		*ret = magics[i].compression;
		return 0;
	}
	return 0;
}

const char *compression_name(enum compression compression)
{
	return formats[compression].name;
}

struct decoder *decoder_new(enum compression compression, int window_log)
{
	struct decoder *decoder = alloc_zeroed(1, sizeof *decoder);

	decoder->format = &formats[compression];
	decoder->between = true;
	decoder->format->start(decoder, window_log);
	return decoder;
}

void decoder_free(struct decoder *decoder)
{
	if (!decoder)
		return;
	(void)ZSTD_freeDCtx(decoder->zstd); /* NULL is fine; it cannot fail */
	free(decoder);
}

int decoder_run(struct decoder *decoder, struct decoder_step *step, struct error *e)
{
	step->taken = step->given = 0;
	return decoder->format->run(decoder, step, e);
}

int decoder_finish(const struct decoder *decoder, struct error *e)
{
	if (decoder->between)
		return 0;
	return error_set(e, ERROR_IMAGE, "its %s data ends too early", decoder->format->name);
}
