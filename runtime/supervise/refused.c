/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refused.c - system calls that the app's seccomp profile refuses, counted.
 */
#include "runtime/supervise/refused.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

enum {
	QUESTION_BYTES = 256, /* seccomp_notif of kernels to come: it is 80 now */
	ROUNDS = 64,          /* answers in a row: the loop has other things to do */
};

static struct refused_record *map_record(int state, int is_new, struct error *e)
{
	autoclose int fd = openat(state, REFUSED_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (is_new ? O_TRUNC : 0), 0600);
	struct refused_record *record = MAP_FAILED;
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && ((size_t)st.st_size == sizeof *record || ftruncate(fd, sizeof *record) == 0))
		record = mmap(NULL, sizeof *record, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (record == MAP_FAILED) {
		error_sys(e, "map " REFUSED_FILE " of the state folder");
		return NULL;
	}
	if (record->size != sizeof *record || record->kinds > REFUSED_KINDS)
		*record = (struct refused_record){ .size = sizeof *record };
	return record;
}

int refused_begin(struct refused *r, int state, int listener, int is_new, int64_t now_ms, struct error *e)
{
	*r = (struct refused){ .listener = -1, .tokens = REFUSED_BURST, .filled_ms = now_ms };
	if (listener < 0)
		return 0;
	r->record = map_record(state, is_new, e);
	if (!r->record)
		return -1;
	r->listener = listener;
	return 0;
}

void refused_end(struct refused *r)
{
	if (r->record)
		(void)munmap(r->record, sizeof *r->record);
	*r = (struct refused){ .listener = -1 };
}

int64_t refused_watch(const struct refused *r, struct pollfd *poll)
{
	bool waits = r->listener >= 0 && r->tokens == 0;

	*poll = (struct pollfd){ .fd = waits ? -1 : r->listener, .events = POLLIN };
	return waits ? r->filled_ms + 1 : INT64_MAX;
}

static void count(struct refused_record *record, const struct seccomp_data *call)
{
	uint32_t i = 0;

	while (i < record->kinds && (record->calls[i].number != (uint32_t)call->nr || record->calls[i].arch != call->arch))
		i++;
	if (i == REFUSED_KINDS) {
		record->others++;
		return;
	}
	if (i == record->kinds) {
		record->calls[i] = (struct refused_call){ .arch = call->arch, .number = (uint32_t)call->nr };
		record->kinds++;
	}
	record->calls[i].count++;
}

/* One question and its answer; false where there is none left, or nobody who could ask. */
static bool answer_one(struct refused *r)
{
	union {
		struct seccomp_notif question;
		char bytes[QUESTION_BYTES];
	} asked;
	struct seccomp_notif_resp answer = { .error = -EPERM };

	memset(&asked, 0, sizeof asked); /* the kernel insists */
	if (ioctl(r->listener, SECCOMP_IOCTL_NOTIF_RECV, &asked))
		return errno == ENOENT || errno == EINTR; /* who asked was killed meanwhile */
	count(r->record, &asked.question.data);
	answer.id = asked.question.id;
	(void)ioctl(r->listener, SECCOMP_IOCTL_NOTIF_SEND, &answer); /* fails where who asked has just been killed */
	return true;
}

static void refill(struct refused *r, int64_t now_ms)
{
	int64_t more = (now_ms - r->filled_ms) * REFUSED_PER_SECOND / 1000;

	if (more <= 0)
		return;
	r->tokens = r->tokens + more < REFUSED_BURST ? r->tokens + more : REFUSED_BURST;
	r->filled_ms = now_ms;
}

/* RECV would wait where nobody asks. */
static bool is_asked(struct refused *r)
{
	struct pollfd now = { .fd = r->listener, .events = POLLIN };

	return poll(&now, 1, 0) == 1 && (now.revents & POLLIN);
}

void refused_serve(struct refused *r, const struct pollfd *polled, int64_t now_ms)
{
	if (r->listener < 0)
		return;
	refill(r, now_ms);
	for (int round = 0; round < ROUNDS && r->tokens > 0 && is_asked(r); round++) {
		if (!answer_one(r))
			break;
		r->tokens--;
	}
	/* Nobody is left whose filter it is: it would be ready for ever. */
	if ((polled->revents & (POLLHUP | POLLERR | POLLNVAL)) && !is_asked(r))
		r->listener = -1;
}

int refused_read(int state, struct refused_record *ret, struct error *e)
{
	autoclose int fd = openat(state, REFUSED_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return error_sys(e, "open " REFUSED_FILE " in the state folder");
	if (read(fd, ret, sizeof *ret) != (ssize_t)sizeof *ret || ret->size != sizeof *ret || ret->kinds > REFUSED_KINDS)
		return error_set(e, ERROR_UNSUPPORTED, "read the refused system calls: their count is of another version of box");
	return 0;
}
