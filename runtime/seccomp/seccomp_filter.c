/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_filter.c - a compiled filter.
 */
#include "runtime/seccomp/seccomp_filter.h"

#include <stdint.h>
#include <stdlib.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define ARCHITECTURE 0 /* no filter knows it */
#endif

/* How many instructions a comparison leaves out. */
static size_t skipped(const struct sock_filter *jump, uint32_t a)
{
	bool is_met = false;

	switch (BPF_OP(jump->code)) {
	case BPF_JA: return jump->k;
	case BPF_JEQ: is_met = a == jump->k; break;
	case BPF_JGT: is_met = a > jump->k; break;
	case BPF_JGE: is_met = a >= jump->k; break;
	case BPF_JSET: is_met = a & jump->k; break;
	}
	return is_met ? jump->jt : jump->jf;
}

bool seccomp_filter_allows(const struct seccomp_filter *filter, int call)
{
	const struct seccomp_data data = { .nr = call, .arch = ARCHITECTURE };
	uint32_t a = 0;

	for (size_t at = 0; at < filter->count; at++) {
		const struct sock_filter *code = &filter->code[at];

		if (code->code == (BPF_LD | BPF_W | BPF_ABS) && code->k == offsetof(struct seccomp_data, nr))
			a = (uint32_t)data.nr;
		else if (code->code == (BPF_LD | BPF_W | BPF_ABS) && code->k == offsetof(struct seccomp_data, arch))
			a = data.arch;
		else if (BPF_CLASS(code->code) == BPF_JMP && BPF_SRC(code->code) == BPF_K)
			at += skipped(code, a);
		else /* an argument, or what a filter of box's has nowhere */
			return code->code == (BPF_RET | BPF_K) && code->k == SECCOMP_RET_ALLOW;
	}
	return false;
}

void seccomp_filter_release(struct seccomp_filter *filter)
{
	free(filter->code);
	*filter = (struct seccomp_filter){ 0 };
}
