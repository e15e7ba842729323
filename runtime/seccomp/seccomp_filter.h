/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_filter.h - a compiled filter, as the kernel takes it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <linux/filter.h>

struct seccomp_filter {
	struct sock_filter *code; /* owned; NULL without a filter */
	size_t count;
	unsigned flags; /* SECCOMP_FILTER_FLAG_* that the profile asks for */
};

/* Whether it lets the call of this machine through whatever its arguments are. False where that is not seen at once. */
bool seccomp_filter_allows(const struct seccomp_filter *filter, int call);

void seccomp_filter_release(struct seccomp_filter *filter);
