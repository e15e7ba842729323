/* SPDX-License-Identifier: Apache-2.0 */
/*
 * other_names.c - folders that list their names in another order.
 */
#include "runtime/child/other_names.h"

#ifdef __x86_64__
#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/user.h>

#include "base/alloc.h"
#include "base/cleanup.h"

enum { LIMIT = 1 << 20, HEAD = offsetof(struct dirent64, d_name), OFFSET_AT = offsetof(struct dirent64, d_off) };

/* The bytes belong to a foreign process: 0 where they are no whole entry. */
static size_t entry_length(const char *bytes, size_t left)
{
	uint16_t length;

	if (left < HEAD)
		return 0;
	memcpy(&length, bytes + offsetof(struct dirent64, d_reclen), sizeof length);
	return length >= HEAD && length <= left ? length : 0;
}

/* Entries from the last to the first. What says where the next one is stays in its place: whoever seeks goes on where he would have. */
static bool turn(const char *from, size_t length, char *to)
{
	size_t end = length, step;

	for (size_t at = 0; at < length; at += step) {
		step = entry_length(from + at, length - at);
		if (!step)
			return false;
		end -= step;
		memcpy(to + end, from + at, step);
	}
	for (size_t at = 0, other = 0; at < length && other < length; at += entry_length(from + at, length - at)) {
		memcpy(to + other + OFFSET_AT, from + at + OFFSET_AT, sizeof(int64_t));
		other += entry_length(to + other, length - other);
	}
	return true;
}

void other_names_answer(pid_t pid, const struct user_regs_struct *regs)
{
	size_t length = regs->rax;
	struct iovec theirs = { (void *)regs->rsi, length };
	autofree char *from = NULL, *to = NULL;

	if (!length || length > LIMIT)
		return;
	from = alloc_zeroed(1, length);
	to = alloc_zeroed(1, length);
	/* Should it be gone, or its memory be none, it sees what the kernel gave it. */
	if (process_vm_readv(pid, &(struct iovec){ from, length }, 1, &theirs, 1, 0) == (ssize_t)length && turn(from, length, to))
		(void)process_vm_writev(pid, &(struct iovec){ to, length }, 1, &theirs, 1, 0);
}
#endif
