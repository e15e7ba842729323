/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_arch.h - the ways into the kernel and their numbers.
 *
 * Names and numbers come from libseccomp; a few system calls that are newer than its tables are added here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One way into the kernel: an instruction set with its own numbers. */
struct seccomp_arch {
	const char *name;      /* "SCMP_ARCH_X86_64" */
	const char *go_name;   /* "amd64", as profiles say it in their conditions */
	uint32_t token;        /* libseccomp's, for its tables of names */
	uint32_t audit;        /* seccomp_data.arch */
	uint32_t number_base;  /* added to every number: x32's bit 30 */
	bool is_32bit;         /* only the lower halves of arguments exist */
	bool has_multiplexers; /* i386's socketcall and ipc */
};

/* What this program was compiled for. */
const struct seccomp_arch *seccomp_own_arch(void);

/* The architecture of a name that the native kernel can also run, or NULL. */
const struct seccomp_arch *seccomp_arch_find(const char *name);

/* Whether name is one of any machine ("SCMP_ARCH_S390X"). */
bool seccomp_arch_is_known(const char *name);

/* "2.5.4": of the library that names are resolved with (static storage). */
const char *seccomp_library_version(void);

/* One named number of an architecture. */
struct seccomp_number {
	char *name;
	uint32_t number;
	bool is_newer; /* than libseccomp: it has the name only where a profile uses it */
};

struct seccomp_numbers {
	struct seccomp_number *items; /* by name */
	size_t count;
};

/* All numbers of an architecture. */
void seccomp_numbers_load(const struct seccomp_arch *arch, struct seccomp_numbers *ret);
void seccomp_numbers_release(struct seccomp_numbers *numbers);
const struct seccomp_number *seccomp_numbers_find(const struct seccomp_numbers *numbers, const char *name);

/* The name of a number as a filter sees it (seccomp_data.arch and nr), or "call 4711". The caller frees it. */
char *seccomp_call_name(uint32_t audit, uint32_t number);

/* Where i386 reaches name through socketcall (*ret_call is 1 to 20) or ipc: the number of that multiplexer, else 0. */
uint32_t seccomp_multiplexer(const struct seccomp_arch *arch, const char *name, uint32_t *ret_call);
enum { SECCOMP_I386_SOCKETCALL = 102, SECCOMP_I386_IPC = 117 };
