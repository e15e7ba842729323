/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compressor.c - gzip and zstd that give the same bytes on every machine.
 *
 * gzip: one member. Each block is deflated with the 32 KiB before it as its dictionary and ends at a byte (Z_SYNC_FLUSH), so that blocks
 * are simply one behind the other, as pigz does it. zstd: one frame for each block.
 */
#include "images/unpack/compressor.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

enum {
	THREADS = 8,
	STACK = 256 << 10,
	GZIP_BLOCK = 1 << 20,
	GZIP_LEVEL = 5,
	GZIP_MEMORY = 9, /* the most, which compresses best */
	GZIP_WINDOW = 32 << 10,
	ZSTD_BLOCK = 8 << 20, /* several times the window of the level */
	ZSTD_LEVEL = 3,
};

struct format;

/* A block on its way. */
struct block {
	unsigned char *in, *out;
	size_t before; /* bytes of in that are those before the block */
	size_t in_length, out_length;
	uint32_t crc; /* of the block; gzip's */
	bool is_last;
};

struct work {
	const struct format *format;
	int from, to;
	int64_t size;
	size_t count;         /* of blocks */
	pthread_mutex_t lock; /* of everything below */
	pthread_cond_t changed;
	size_t next;    /* block to be taken */
	size_t written; /* blocks so far */
	uint32_t crc;
	bool has_failed;
	struct error error;
};

struct format {
	size_t block, before;
	size_t (*bound)(size_t length);
	int (*compress)(struct block *block, struct error *e);
	int (*begin)(struct work *work, struct error *e);
	int (*end)(struct work *work, struct error *e);
};

static int put(const struct work *work, const void *bytes, size_t length, struct error *e)
{
	return write_all(work->to, bytes, length) ? error_sys(e, "write the layer's blob") : 0;
}

static size_t gzip_bound(size_t length)
{
	return compressBound(length) + 64; /* and the flush */
}

static int gzip_compress(struct block *block, struct error *e)
{
	z_stream stream = { 0 };
	int result;

	block->crc = (uint32_t)crc32(0, block->in + block->before, (uInt)block->in_length);
	if (deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, -MAX_WBITS, GZIP_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
		return error_set(e, ERROR_INTERNAL, "gzip: zlib cannot begin");
	if (block->before)
		(void)deflateSetDictionary(&stream, block->in,
					   (uInt)block->before); /* cannot fail right after the beginning */
	stream.next_in = block->in + block->before;
	stream.avail_in = (uInt)block->in_length;
	stream.next_out = block->out;
	stream.avail_out = (uInt)gzip_bound(GZIP_BLOCK);
	result = deflate(&stream, block->is_last ? Z_FINISH : Z_SYNC_FLUSH);
	block->out_length = stream.total_out;
	(void)deflateEnd(&stream); /* says that a stream without an end is ended: it is not meant to have one */
	if (result != (block->is_last ? Z_STREAM_END : Z_OK) || stream.avail_in)
		return error_set(e, ERROR_INTERNAL, "gzip: zlib gives %d", result);
	return 0;
}

static int gzip_begin(struct work *work, struct error *e)
{
	/* Without a name or a time; made on "unknown", which is what no machine is. */
	static const unsigned char header[10] = { 0x1f, 0x8b, Z_DEFLATED, 0, 0, 0, 0, 0, 0, 255 };

	work->crc = (uint32_t)crc32(0, NULL, 0);
	return put(work, header, sizeof header, e);
}

static int gzip_end(struct work *work, struct error *e)
{
	const uint32_t words[2] = { work->crc, (uint32_t)work->size };
	unsigned char trailer[8];

	for (size_t i = 0; i < sizeof trailer; i++)
		trailer[i] = (unsigned char)(words[i / 4] >> i % 4 * 8);
	return put(work, trailer, sizeof trailer, e);
}

static int zstd_compress(struct block *block, struct error *e)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t got;

	if (!context)
		return error_set(e, ERROR_INTERNAL, "zstd: no memory for it");
	(void)ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, ZSTD_LEVEL); /* these are always good */
	(void)ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	got = ZSTD_compress2(context, block->out, ZSTD_compressBound(ZSTD_BLOCK), block->in, block->in_length);
	ZSTD_freeCCtx(context);
	if (ZSTD_isError(got))
		return error_set(e, ERROR_INTERNAL, "zstd: %s", ZSTD_getErrorName(got));
	block->out_length = got;
	return 0;
}

static int zstd_nothing(struct work *work, struct error *e)
{
	(void)work;
	(void)e;
	return 0;
}

static const struct format formats[] = {
	[COMPRESSION_GZIP] = { GZIP_BLOCK, GZIP_WINDOW, gzip_bound, gzip_compress, gzip_begin, gzip_end },
	[COMPRESSION_ZSTD] = { ZSTD_BLOCK, 0, ZSTD_compressBound, zstd_compress, zstd_nothing, zstd_nothing },
};

/* Block number n and what it needs of the one before. */
static int read_block(const struct work *work, size_t n, struct block *block, struct error *e)
{
	int64_t at = (int64_t)(n * work->format->block);
	size_t length;

	block->before = n ? work->format->before : 0;
	block->in_length =
		(size_t)(work->size - at) < work->format->block ? (size_t)(work->size - at) : work->format->block;
	block->is_last = n + 1 == work->count;
	length = block->before + block->in_length;
	at -= (int64_t)block->before;
	for (size_t have = 0; have < length;) {
		ssize_t got = pread(work->from, block->in + have, length - have, at + (int64_t)have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? error_sys(e, "read the layer's tar")
				   : error_set(e, ERROR_INTERNAL, "the layer's tar ends early");
		have += (size_t)got;
	}
	return 0;
}

/* In its turn. */
static int write_block(struct work *work, size_t n, const struct block *block, struct error *e)
{
	int result;

	pthread_mutex_lock(&work->lock);
	while (work->written != n && !work->has_failed)
		pthread_cond_wait(&work->changed, &work->lock);
	result = work->has_failed;
	pthread_mutex_unlock(&work->lock);
	/* Nobody else writes until it is said that this block is written. */
	if (result || put(work, block->out, block->out_length, e))
		return -1;
	pthread_mutex_lock(&work->lock);
	work->crc = (uint32_t)crc32_combine(work->crc, block->crc, (z_off_t)block->in_length);
	work->written++;
	pthread_cond_broadcast(&work->changed);
	pthread_mutex_unlock(&work->lock);
	return 0;
}

static bool take_block(struct work *work, size_t *ret)
{
	bool is_one;

	pthread_mutex_lock(&work->lock);
	is_one = work->next < work->count && !work->has_failed;
	if (is_one)
		*ret = work->next++;
	pthread_mutex_unlock(&work->lock);
	return is_one;
}

static void fail(struct work *work, const struct error *e)
{
	pthread_mutex_lock(&work->lock);
	if (!work->has_failed)
		work->error = *e; /* the first one is the cause */
	work->has_failed = true;
	pthread_cond_broadcast(&work->changed);
	pthread_mutex_unlock(&work->lock);
}

static void *run(void *data)
{
	struct work *work = data;
	const struct format *format = work->format;
	autofree unsigned char *in = alloc_zeroed(1, format->before + format->block);
	autofree unsigned char *out = alloc_zeroed(1, format->bound(format->block));
	struct block block = { .in = in, .out = out };
	struct error e = { 0 };
	size_t n = 0;

	while (take_block(work, &n))
		if (read_block(work, n, &block, &e) || format->compress(&block, &e) ||
		    write_block(work, n, &block, &e)) {
			fail(work, &e);
			break;
		}
	return NULL;
}

static size_t processors(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);

	return count > THREADS ? THREADS : count > 0 ? (size_t)count : 1;
}

/* The caller works too: where no thread can be had, alone. */
static void run_all(struct work *work)
{
	pthread_t threads[THREADS];
	size_t wanted = processors() - 1, count = 0;
	pthread_attr_t attributes;

	if (pthread_attr_init(&attributes) == 0) {
		(void)pthread_attr_setstacksize(
			&attributes, STACK); /* the default is the stack limit, which may be all memory there is */
		while (count < wanted && count + 1 < work->count &&
		       pthread_create(&threads[count], &attributes, run, work) == 0)
			count++;
		(void)pthread_attr_destroy(&attributes); /* cannot fail */
	}
	(void)run(work);
	for (size_t i = 0; i < count; i++)
		(void)pthread_join(threads[i], NULL); /* they are ours, and nobody else joins them */
}

int compressor_run(enum compression compression, int from, int to, struct error *e)
{
	struct work work = { .format = &formats[compression], .from = from, .to = to };
	struct stat st;

	if (fstat(from, &st))
		return error_sys(e, "look at the layer's tar");
	work.size = st.st_size;
	work.count = (size_t)(st.st_size / (int64_t)work.format->block) +
		     (st.st_size % (int64_t)work.format->block || !st.st_size);
	if (work.format->begin(&work, e))
		return -1;
	pthread_mutex_init(&work.lock, NULL); /* neither can fail without attributes */
	pthread_cond_init(&work.changed, NULL);
	run_all(&work);
	pthread_cond_destroy(&work.changed);
	pthread_mutex_destroy(&work.lock);
	if (work.has_failed) {
		*e = work.error;
		return -1;
	}
	return work.format->end(&work, e);
}

int compressor_parse(const char *word, enum compression *ret)
{
	static const struct {
		const char *word;
		enum compression compression;
	} words[] = { { "none", COMPRESSION_NONE }, { "gzip", COMPRESSION_GZIP }, { "zstd", COMPRESSION_ZSTD } };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i].word, word) == 0) {
			*ret = words[i].compression;
			return 0;
		}
	return -1;
}
