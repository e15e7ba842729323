/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health_record.c - the health of an app in a mapped file.
 */
#include "runtime/supervise/health_record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

enum { TRIES = 100, PAUSE_US = 100 };

const char *health_word(uint32_t status)
{
	static const char *const words[HEALTH_STATUS_COUNT] = { "", "starting", "healthy", "unhealthy" };

	return status < HEALTH_STATUS_COUNT ? words[status] : "";
}

struct health_result *health_record_next(struct health_record *record)
{
	return &record->results[record->count % (HEALTH_KEPT + 1)];
}

uint32_t health_record_kept(const struct health_record *record)
{
	return record->count < HEALTH_KEPT ? (uint32_t)record->count : HEALTH_KEPT;
}

const struct health_result *health_record_result(const struct health_record *record, uint32_t ago)
{
	return &record->results[(record->count - 1 - ago) % (HEALTH_KEPT + 1)];
}

struct health_record *health_record_open(int state, struct error *e)
{
	autoclose int fd = openat(state, HEALTH_RECORD_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct health_record *record;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return error_sys(e, "open " HEALTH_RECORD_FILE " in the state folder") ? NULL : NULL;
	if ((size_t)st.st_size != sizeof *record && (ftruncate(fd, 0) || ftruncate(fd, sizeof *record)))
		return error_sys(e, "make " HEALTH_RECORD_FILE " in the state folder") ? NULL : NULL;
	record = mmap(NULL, sizeof *record, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (record == MAP_FAILED)
		return error_sys(e, "map " HEALTH_RECORD_FILE " of the state folder") ? NULL : NULL;
	if (record->size != sizeof *record)
		*record = (struct health_record){ .size = sizeof *record };
	record->sequence &= ~1U; /* a supervisor that was killed had begun a change: each field of it is whole */
	return record;
}

void health_record_close(struct health_record *record)
{
	if (record)
		(void)munmap(record, sizeof *record);
}

void health_record_begin(struct health_record *record)
{
	record->sequence++;
	atomic_thread_fence(memory_order_release);
}

void health_record_end(struct health_record *record)
{
	atomic_thread_fence(memory_order_release);
	record->sequence++;
}

static uint32_t sequence_of(int fd)
{
	uint32_t sequence = 1;

	if (pread(fd, &sequence, sizeof sequence, offsetof(struct health_record, sequence)) != (ssize_t)sizeof sequence)
		return 1;
	return sequence;
}

int health_record_read(int state, struct health_record *ret, struct error *e)
{
	autoclose int fd = openat(state, HEALTH_RECORD_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return error_sys(e, "open " HEALTH_RECORD_FILE " in the state folder");
	for (int try = 0; try < TRIES; try++) {
		ssize_t got = pread(fd, ret, sizeof *ret, 0);

		if (got != (ssize_t)sizeof *ret || ret->size != sizeof *ret)
			return error_set(e, ERROR_UNSUPPORTED, "read the health of an app: its supervisor is of another version of box");
		if (!(ret->sequence & 1) && ret->sequence == sequence_of(fd))
			return 0;
		(void)usleep(PAUSE_US);
	}
	return 0; /* its supervisor was killed in the middle of a change: each field is whole */
}

uint32_t health_record_status(int state)
{
	autoclose int fd = openat(state, HEALTH_RECORD_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct health_record head;
	const size_t length = offsetof(struct health_record, results);

	if (fd < 0 || pread(fd, &head, length, 0) != (ssize_t)length || head.size != sizeof head || head.status >= HEALTH_STATUS_COUNT)
		return HEALTH_UNCHECKED;
	return head.status;
}
