/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpf.c - the kernel's reading of a seccomp program, for tests.
 */
#include "tests/unit/runtime/bpf.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

_Noreturn static void broken(const char *what, unsigned code, size_t at)
{
	cr_assert_fail("the kernel would refuse this program: %s (instruction %#x at %zu)", what, code, at);
	abort(); /* cr_assert_fail does not return, which its declaration does not say */
}

static size_t jump(const struct sock_filter *insn, size_t at, uint32_t a)
{
	bool holds;

	switch (BPF_OP(insn->code)) {
	case BPF_JA: return at + 1 + insn->k;
	case BPF_JEQ: holds = a == insn->k; break;
	case BPF_JGT: holds = a > insn->k; break;
	case BPF_JGE: holds = a >= insn->k; break;
	case BPF_JSET: holds = a & insn->k; break;
	default: broken("unknown jump", insn->code, at);
	}
	return at + 1 + (holds ? insn->jt : insn->jf);
}

uint32_t bpf_run(const struct sock_filter *code, size_t count, const struct seccomp_data *data)
{
	uint32_t a = 0;
	size_t at = 0;

	for (;;) {
		const struct sock_filter *insn = &code[at];

		if (at >= count)
			broken("it leaves its end", 0, at);
		switch (BPF_CLASS(insn->code)) {
		case BPF_RET: return insn->k;
		case BPF_LD:
			if (insn->code != (BPF_LD | BPF_W | BPF_ABS) || insn->k % 4 || insn->k > sizeof *data - 4)
				broken("unknown load", insn->code, at);
			memcpy(&a, (const char *)data + insn->k, 4);
			at++;
			break;
		case BPF_ALU:
			if (insn->code != (BPF_ALU | BPF_AND | BPF_K))
				broken("unknown arithmetic", insn->code, at);
			a &= insn->k;
			at++;
			break;
		case BPF_JMP: at = jump(insn, at, a); break;
		default: broken("unknown instruction", insn->code, at);
		}
	}
}

uint64_t bpf_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state * UINT64_C(2685821657736338717);
}
