/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_buffer.c - what a log writer has in its hands, in memory that outlives it.
 */
#include "runtime/supervise/log_buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

enum {
#ifdef __x86_64__
	SHARED_SIZE = 4096,
#else
	SHARED_SIZE = 64 << 10, /* kernels of arm64 have pages of 4, 16 or 64 KiB, and a part begins with one */
#endif
	FILE_SIZE = SHARED_SIZE + LOG_STREAMS * LOG_RING + LOG_OUTPUT,
	SPACE = SHARED_SIZE + LOG_STREAMS * 2 * LOG_RING + LOG_OUTPUT,
};

/* Changes with everything that is laid out here. */
static const char magic[16] = "box log buffer 1";

struct log_shared {
	char magic[sizeof magic];
	uint32_t turn; /* which mark counts */
	struct log_mark marks[2];
};

_Static_assert(sizeof(struct log_shared) <= SHARED_SIZE, "one page");

const struct log_mark *log_mark(const struct log_buffer *buffer)
{
	return &buffer->shared->marks[buffer->shared->turn];
}

struct log_mark *log_mark_change(struct log_buffer *buffer)
{
	struct log_mark *other = &buffer->shared->marks[!buffer->shared->turn];

	*other = *log_mark(buffer);
	return other;
}

void log_mark_set(struct log_buffer *buffer)
{
	/* All stores before this one are done when it is: the next writer is another process on the same memory. */
	__atomic_store_n(&buffer->shared->turn, !buffer->shared->turn, __ATOMIC_SEQ_CST);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static char *ring_at(const struct log_buffer *buffer, enum log_stream stream, uint64_t offset)
{
	return buffer->rings[stream] + offset % LOG_RING;
}

const char *log_ring_at(const struct log_buffer *buffer, enum log_stream stream, uint64_t offset)
{
	return ring_at(buffer, stream, offset);
}

const char *log_ring(const struct log_buffer *buffer, enum log_stream stream)
{
	return ring_at(buffer, stream, log_mark(buffer)->input[stream].begin);
}

/* splitmix64: what an app cannot guess is the seed. */
static uint64_t next_random(struct log_buffer *buffer)
{
	uint64_t x = buffer->seed += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* What the bytes that will be read are not. A terminal cannot be copied from: few bytes of one may be taken for unread. */
static void make_nonce(struct log_buffer *buffer, int from, size_t wanted, unsigned char ret[static 8])
{
	uint64_t random = next_random(buffer);
	unsigned char bytes[8];
	ssize_t copied;

	memcpy(ret, &random, sizeof random);
	if (wanted >= sizeof random || (copied = tee(from, buffer->copy[1], wanted, SPLICE_F_NONBLOCK)) <= 0)
		return;
	if (read(buffer->copy[0], bytes, (size_t)copied) == (ssize_t)wanted)
		for (size_t i = 0; i < wanted; i++)
			ret[i] = (unsigned char)~bytes[i];
}

/* Where the nonce of a read lies: its last bytes. */
static char *nonce_place(const struct log_buffer *buffer, enum log_stream stream, const struct log_input *input, size_t *ret_length)
{
	*ret_length = input->wanted < sizeof input->nonce ? input->wanted : sizeof input->nonce;
	return ring_at(buffer, stream, input->end + input->wanted - *ret_length);
}

static void end_read(struct log_buffer *buffer, enum log_stream stream, size_t count)
{
	struct log_input *input = &log_mark_change(buffer)->input[stream];

	input->end += count;
	input->wanted = 0;
	log_mark_set(buffer);
}

static void begin_read(struct log_buffer *buffer, enum log_stream stream, int from, size_t wanted)
{
	struct log_input *input = &log_mark_change(buffer)->input[stream];
	size_t length;
	char *place;

	input->wanted = wanted;
	make_nonce(buffer, from, wanted, input->nonce);
	place = nonce_place(buffer, stream, input, &length);
	memcpy(place, input->nonce, length);
	log_mark_set(buffer);
}

ssize_t log_buffer_read(struct log_buffer *buffer, enum log_stream stream, int from)
{
	const struct log_input *input = &log_mark(buffer)->input[stream];
	size_t room = LOG_RING - (size_t)(input->end - input->begin);
	int available = 0;
	ssize_t count;

	if (ioctl(from, FIONREAD, &available))
		return -1;
	if (available <= 0 || !room)
		return 0;
	if ((size_t)available < room)
		room = (size_t)available;
	begin_read(buffer, stream, from, room);
	count = read(from, ring_at(buffer, stream, input->end), room);
	end_read(buffer, stream, count > 0 ? (size_t)count : 0);
	return count < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : count;
}

/* A writer was killed between the beginning of a read and its end. */
static void settle_read(struct log_buffer *buffer, enum log_stream stream)
{
	const struct log_input *input = &log_mark(buffer)->input[stream];
	size_t length;
	char *place;

	if (!input->wanted)
		return;
	place = nonce_place(buffer, stream, input, &length);
	end_read(buffer, stream, memcmp(place, input->nonce, length) == 0 ? 0 : input->wanted);
}

/* Pages of the file at the next address. Populated: a page fault inside read(2) could fail in a process that is being killed. */
static char *map_part(int fd, char **at, off_t offset, size_t size)
{
	char *part = mmap(*at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, offset);

	*at += size;
	return part == MAP_FAILED ? NULL : part;
}

static int map_all(int fd, struct log_buffer *ret)
{
	char *at = mmap(NULL, SPACE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	off_t offset = SHARED_SIZE;

	if (at == MAP_FAILED)
		return -1;
	ret->shared = (struct log_shared *)(void *)at;
	if (!map_part(fd, &at, 0, SHARED_SIZE))
		return -1;
	for (int i = 0; i < LOG_STREAMS; i++) {
		ret->rings[i] = map_part(fd, &at, offset, LOG_RING);
		if (!ret->rings[i] || !map_part(fd, &at, offset, LOG_RING))
			return -1;
		offset += LOG_RING;
	}
	ret->output = map_part(fd, &at, offset, LOG_OUTPUT);
	return ret->output ? 0 : -1;
}

void log_buffer_release(struct log_buffer *buffer)
{
	int saved = errno;

	if (buffer->shared)
		(void)munmap(buffer->shared, SPACE); /* our own mapping */
	for (int i = 0; i < 2; i++)
		if (buffer->copy[i] >= 0)
			close(buffer->copy[i]);
	*buffer = (struct log_buffer){ .copy = { -1, -1 } };
	errno = saved;
}

static bool is_good(const struct log_buffer *buffer)
{
	return memcmp(buffer->shared->magic, magic, sizeof magic) == 0 && buffer->shared->turn < 2;
}

int log_buffer_open(struct log_buffer *ret, int folder, bool *ret_is_new, struct error *e)
{
	autoclose int fd = openat(folder, "buffer", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	*ret = (struct log_buffer){ .copy = { -1, -1 } };
	/* A page that the file system cannot give later would be SIGBUS. */
	if (fd < 0 || fallocate(fd, 0, 0, FILE_SIZE))
		return error_sys(e, "make the log's buffer");
	if (map_all(fd, ret) || pipe2(ret->copy, O_CLOEXEC | O_NONBLOCK) || getrandom(&ret->seed, sizeof ret->seed, 0) < 0) {
		error_sys(e, "map the log's buffer");
		log_buffer_release(ret);
		return -1;
	}
	*ret_is_new = !is_good(ret);
	if (*ret_is_new) {
		memset(ret->shared, 0, sizeof *ret->shared);
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		memcpy(ret->shared->magic, magic, sizeof magic);
	}
	for (int i = 0; i < LOG_STREAMS; i++)
		settle_read(ret, (enum log_stream)i);
	return 0;
}
