/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_arch.c - the ways into the kernel and their numbers.
 *
 * libseccomp answers name by name and gives i386's socket calls as pseudo numbers, although the kernel has real ones since
 * 4.3. Its table is therefore read once, number by number, and sorted by name.
 */
#include "runtime/seccomp/seccomp_arch.h"

#include <ctype.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/audit.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/text.h"

enum {
	HIGHEST_NUMBER = 1023, /* of libseccomp's tables; x32 ends at 547 */
	X32_BIT = 0x40000000,
};

/* The first is the native one; the others can run on the same kernel. */
static const struct seccomp_arch arches[] = {
#if defined(__x86_64__)
	{ "SCMP_ARCH_X86_64", "amd64", SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, 0, false, false },
	{ "SCMP_ARCH_X86", "x86", SCMP_ARCH_X86, AUDIT_ARCH_I386, 0, true, true },
	{ "SCMP_ARCH_X32", "x32", SCMP_ARCH_X32, AUDIT_ARCH_X86_64, X32_BIT, false, false },
#elif defined(__aarch64__)
	{ "SCMP_ARCH_AARCH64", "arm64", SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, 0, false, false },
	{ "SCMP_ARCH_ARM", "arm", SCMP_ARCH_ARM, AUDIT_ARCH_ARM, 0, true, false },
#else
#error "seccomp_arch.c: add the numbers of this machine, and check the byte order in seccomp_compile.c"
#endif
};

/* Newer than libseccomp 2.5.4. From 424 on all architectures share their numbers; 335 and 336 are x86-64's alone. */
static const struct {
	const char *name;
	uint32_t number;
	bool is_native_only;
} newer[] = {
#if defined(__x86_64__)
	{ "uretprobe", 335, true },          { "uprobe", 336, true },
#endif
	{ "futex_waitv", 449, false },       { "set_mempolicy_home_node", 450, false },
	{ "cachestat", 451, false },         { "fchmodat2", 452, false },
	{ "map_shadow_stack", 453, false },  { "futex_wake", 454, false },
	{ "futex_wait", 455, false },        { "futex_requeue", 456, false },
	{ "statmount", 457, false },         { "listmount", 458, false },
	{ "lsm_get_self_attr", 459, false }, { "lsm_set_self_attr", 460, false },
	{ "lsm_list_modules", 461, false },  { "mseal", 462, false },
	{ "setxattrat", 463, false },        { "getxattrat", 464, false },
	{ "listxattrat", 465, false },       { "removexattrat", 466, false },
	{ "open_tree_attr", 467, false },    { "file_getattr", 468, false },
	{ "file_setattr", 469, false },
};

const struct seccomp_arch *seccomp_own_arch(void)
{
	return &arches[0];
}

const struct seccomp_arch *seccomp_arch_find(const char *name)
{
	for (size_t i = 0; i < sizeof arches / sizeof *arches; i++) {
		if (strcmp(arches[i].name, name) == 0)
			return &arches[i];
	}
	return NULL;
}

bool seccomp_arch_is_known(const char *name)
{
	static const char prefix[] = "SCMP_ARCH_";
	autofree char *word = NULL;

	if (!text_starts(name, prefix))
		return false;
	word = alloc_copy(name + sizeof prefix - 1);
	for (char *c = word; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return seccomp_arch_resolve_name(word) != 0;
}

const char *seccomp_library_version(void)
{
	static char text[40];
	const struct scmp_version *version = seccomp_version();

	(void)snprintf(text, sizeof text, "%u.%u.%u", version->major, version->minor, version->micro); /* always fits */
	return text;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct seccomp_number *)a)->name, ((const struct seccomp_number *)b)->name);
}

const struct seccomp_number *seccomp_numbers_find(const struct seccomp_numbers *numbers, const char *name)
{
	struct seccomp_number wanted = { .name = (char *)name };

	if (!numbers->items)
		return NULL;
	return bsearch(&wanted, numbers->items, numbers->count, sizeof wanted, by_name);
}

void seccomp_numbers_load(const struct seccomp_arch *arch, struct seccomp_numbers *ret)
{
	struct seccomp_number *item;
	size_t known;

	*ret = (struct seccomp_numbers){ 0 };
	for (uint32_t n = 0; n <= HIGHEST_NUMBER; n++) {
		char *name = seccomp_syscall_resolve_num_arch(arch->token, (int)(arch->number_base + n));

		if (!name)
			continue;
		item = alloc_append(&ret->items, &ret->count, sizeof *item);
		item->name = name;
		item->number = arch->number_base + n;
	}
	if (ret->items)
		qsort(ret->items, ret->count, sizeof *ret->items, by_name);
	known = ret->count;
	for (size_t i = 0; i < sizeof newer / sizeof *newer; i++) {
		struct seccomp_numbers before = { ret->items, known };

		if ((newer[i].is_native_only && arch != seccomp_own_arch()) ||
		    seccomp_numbers_find(&before, newer[i].name))
			continue;
		item = alloc_append(&ret->items, &ret->count, sizeof *item);
		*item = (struct seccomp_number){ alloc_copy(newer[i].name), arch->number_base + newer[i].number,
						 /* is_newer = */ true };
	}
	if (ret->items)
		qsort(ret->items, ret->count, sizeof *ret->items, by_name);
}

char *seccomp_call_name(uint32_t audit, uint32_t number)
{
	for (size_t i = 0; i < sizeof arches / sizeof *arches; i++) {
		char *name;

		if (arches[i].audit != audit || arches[i].number_base != (number & X32_BIT))
			continue;
		name = seccomp_syscall_resolve_num_arch(arches[i].token, (int)number);
		if (name)
			return name;
	}
	return text_format("call %u", number);
}

void seccomp_numbers_release(struct seccomp_numbers *numbers)
{
	for (size_t i = 0; i < numbers->count; i++)
		free(numbers->items[i].name);
	free(numbers->items);
	*numbers = (struct seccomp_numbers){ 0 };
}

uint32_t seccomp_multiplexer(const struct seccomp_arch *arch, const char *name, uint32_t *ret_call)
{
	int pseudo;

	if (!arch->has_multiplexers)
		return 0;
	/* libseccomp(3): -100 - n is call n of socketcall, -200 - n call n of ipc. */
	pseudo = seccomp_syscall_resolve_name_arch(arch->token, name);
	if (pseudo < -100 && pseudo > -200) {
		*ret_call = (uint32_t)(-100 - pseudo);
		return SECCOMP_I386_SOCKETCALL;
	}
	if (pseudo < -200 && pseudo > -300) {
		*ret_call = (uint32_t)(-200 - pseudo);
		return SECCOMP_I386_IPC;
	}
	return 0;
}
