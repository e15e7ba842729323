/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_profile.h - a profile resolved for one machine and one set of capabilities.
 *
 * What a profile means: for one call, the strictest rule that matches counts (of two equally strict ones the earlier);
 * where none matches, the default action. Strictness is the kernel's own order, kill before errno before allow. That is what
 * somebody who writes "allow ioctl" and "refuse ioctl TIOCSTI" means; libseccomp would let the rule without arguments
 * win, and could not say "masked value differs" in any other way.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "runtime/seccomp/seccomp_arch.h"
#include "specs/seccomp_spec.h"

struct error;
struct seccomp_filter;

/* One rule on one number. */
struct seccomp_match {
	uint32_t number;
	uint32_t result; /* SECCOMP_RET_* with its data */
	size_t order;    /* of the rule in the profile */
	struct seccomp_argument arguments[SECCOMP_ARGUMENTS];
	size_t argument_count;
};

/* One architecture of the profile: what happens to each number. */
struct seccomp_table {
	const struct seccomp_arch *arch;
	struct seccomp_match *matches; /* by number, the strictest first */
	size_t match_count;
	uint32_t *known; /* numbers that get the default action where no rule matches, ascending */
	size_t known_count;
};

enum { SECCOMP_TABLES = 3 };

struct seccomp_profile {
	struct seccomp_table tables[SECCOMP_TABLES];
	size_t table_count;
	uint32_t default_result; /* for known numbers */
	uint32_t unknown_result; /* for all others: ENOSYS, unless the default lets calls through */
	uint32_t foreign_result; /* for an architecture without a table */
	unsigned flags;          /* SECCOMP_FILTER_FLAG_* */
};

/* Resolves names for the native architecture and the ones that the profile lists beside it. Rules whose conditions do not hold for
 * capabilities and kernel ("6.1.0-13-amd64") are left out. */
int seccomp_profile_resolve(const struct seccomp_spec *spec, uint64_t capabilities, const char *kernel,
			    struct seccomp_profile *ret, struct error *e);
void seccomp_profile_release(struct seccomp_profile *profile);

/* seccomp_compile.c: the BPF program of a profile. The caller releases ret with seccomp_filter_release(). */
int seccomp_profile_compile(const struct seccomp_profile *profile, struct seccomp_filter *ret, struct error *e);
