/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_words.h - the words of seccomp profiles: what the decoder takes and what "features" says.
 */
#pragma once

enum seccomp_action {
	SECCOMP_ACTION_KILL_PROCESS, /* in the kernel's order: the first is the strictest */
	SECCOMP_ACTION_KILL_THREAD,
	SECCOMP_ACTION_TRAP,
	SECCOMP_ACTION_ERRNO,
	SECCOMP_ACTION_NOTIFY, /* a program outside decides */
	SECCOMP_ACTION_TRACE,
	SECCOMP_ACTION_LOG,
	SECCOMP_ACTION_ALLOW,
};

enum seccomp_operator {
	SECCOMP_NOT_EQUAL,
	SECCOMP_LESS,
	SECCOMP_LESS_EQUAL,
	SECCOMP_EQUAL,
	SECCOMP_GREATER_EQUAL,
	SECCOMP_GREATER,
	SECCOMP_MASKED_EQUAL, /* (argument & value) == value_two */
};

/* A word and its number. */
struct word {
	const char *name; /* NULL ends the table */
	int value;
};

extern const struct word seccomp_actions[];   /* enum seccomp_action */
extern const struct word seccomp_operators[]; /* enum seccomp_operator */
extern const struct word seccomp_flags[];     /* SECCOMP_FILTER_FLAG_* */

/* What this machine's kernel can run; runtime's seccomp_arch.c has their numbers, and a unit test holds both equal. Ends with NULL. */
extern const char *const seccomp_archs[];
