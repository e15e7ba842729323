/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_words.c - the words of seccomp profiles, each list once.
 */
#include "specs/seccomp_words.h"

#include <linux/seccomp.h>
#include <stddef.h>

/* The first of a list is the example in messages. */
const struct word seccomp_actions[] = {
	{ "SCMP_ACT_ERRNO", SECCOMP_ACTION_ERRNO },
	{ "SCMP_ACT_ALLOW", SECCOMP_ACTION_ALLOW },
	{ "SCMP_ACT_KILL", SECCOMP_ACTION_KILL_THREAD },
	{ "SCMP_ACT_KILL_THREAD", SECCOMP_ACTION_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", SECCOMP_ACTION_KILL_PROCESS },
	{ "SCMP_ACT_TRAP", SECCOMP_ACTION_TRAP },
	{ "SCMP_ACT_TRACE", SECCOMP_ACTION_TRACE },
	{ "SCMP_ACT_LOG", SECCOMP_ACTION_LOG },
	{ "SCMP_ACT_NOTIFY", SECCOMP_ACTION_NOTIFY },
	{ 0 },
};

const struct word seccomp_operators[] = {
	{ "SCMP_CMP_EQ", SECCOMP_EQUAL },
	{ "SCMP_CMP_NE", SECCOMP_NOT_EQUAL },
	{ "SCMP_CMP_LT", SECCOMP_LESS },
	{ "SCMP_CMP_LE", SECCOMP_LESS_EQUAL },
	{ "SCMP_CMP_GE", SECCOMP_GREATER_EQUAL },
	{ "SCMP_CMP_GT", SECCOMP_GREATER },
	{ "SCMP_CMP_MASKED_EQ", SECCOMP_MASKED_EQUAL },
	{ 0 },
};

const struct word seccomp_flags[] = {
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
	{ 0 },
};

const char *const seccomp_archs[] = {
#if defined(__x86_64__)
	"SCMP_ARCH_X32", "SCMP_ARCH_X86", "SCMP_ARCH_X86_64",
#elif defined(__aarch64__)
	"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM",
#endif
	NULL,
};
