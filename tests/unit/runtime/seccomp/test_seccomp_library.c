/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_seccomp_library.c - our programs against libseccomp's own.
 *
 * For a profile whose rules do not overlap both mean the same, so libseccomp is a second opinion that shares nothing with
 * ours but the numbers.
 */
#define seccomp_load library_load /* the library's; box has an inline function of that name */
#include <seccomp.h>
#undef seccomp_load

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#include "base/error.h"
#include "runtime/seccomp/seccomp.h"
#include "runtime/seccomp/seccomp_profile.h"
#include "tests/unit/runtime/bpf.h"

#ifdef __x86_64__
#define OTHERS "\"SCMP_ARCH_X86\", \"SCMP_ARCH_X32\""
static const uint32_t others[] = { SCMP_ARCH_X86, SCMP_ARCH_X32 };
#else
#define OTHERS "\"SCMP_ARCH_ARM\""
static const uint32_t others[] = { SCMP_ARCH_ARM };
#endif

static const char json[] =
	"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"architectures\": [" OTHERS "], "
	"\"syscalls\": ["
	"{\"names\": [\"read\", \"write\", \"open\", \"close\", \"mmap\", \"futex\", \"execve\", \"exit_group\", "
	"\"fstat\", \"poll\","
	"  \"getpid\", \"kill\", \"rt_sigreturn\", \"openat\", \"statx\", \"clock_gettime\"], \"action\": "
	"\"SCMP_ACT_ALLOW\"},"
	"{\"names\": [\"clone\"], \"action\": \"SCMP_ACT_ALLOW\","
	"  \"args\": [{\"index\": 0, \"value\": 2114060288, \"valueTwo\": 0, \"op\": \"SCMP_CMP_MASKED_EQ\"}]},"
	"{\"names\": [\"personality\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": [{\"index\": 0, \"value\": 8, "
	"\"op\": \"SCMP_CMP_EQ\"}]},"
	"{\"names\": [\"prctl\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 22,"
	"  \"args\": [{\"index\": 0, \"value\": 15, \"op\": \"SCMP_CMP_GE\"}, {\"index\": 3, \"value\": 100, \"op\": "
	"\"SCMP_CMP_LT\"}]},"
	"{\"names\": [\"dup2\"], \"action\": \"SCMP_ACT_KILL_PROCESS\","
	"  \"args\": [{\"index\": 1, \"value\": 2, \"op\": \"SCMP_CMP_GT\"}]},"
	"{\"names\": [\"lseek\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": [{\"index\": 2, \"value\": 4, \"op\": "
	"\"SCMP_CMP_LE\"}]},"
	"{\"names\": [\"getpriority\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": [{\"index\": 0, \"value\": 1, "
	"\"op\": \"SCMP_CMP_NE\"}]}"
	"]}";

static uint32_t library_action(const struct seccomp_rule *rule)
{
	switch (rule->action) {
	case SECCOMP_ACTION_ALLOW: return SCMP_ACT_ALLOW;
	case SECCOMP_ACTION_KILL_PROCESS: return SCMP_ACT_KILL_PROCESS;
	default: return SCMP_ACT_ERRNO((unsigned)rule->errno_ret);
	}
}

static enum scmp_compare library_operator(enum seccomp_operator op)
{
	static const enum scmp_compare operators[] = {
		[SECCOMP_NOT_EQUAL] = SCMP_CMP_NE,           [SECCOMP_LESS] = SCMP_CMP_LT,
		[SECCOMP_LESS_EQUAL] = SCMP_CMP_LE,          [SECCOMP_EQUAL] = SCMP_CMP_EQ,
		[SECCOMP_GREATER_EQUAL] = SCMP_CMP_GE,       [SECCOMP_GREATER] = SCMP_CMP_GT,
		[SECCOMP_MASKED_EQUAL] = SCMP_CMP_MASKED_EQ,
	};

	return operators[op];
}

/* The library's program for the same profile, mapped. */
static const struct sock_filter *library_compile(const struct seccomp_spec *spec, size_t *ret_count)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int fd = memfd_create("filter", MFD_CLOEXEC);
	off_t length;
	void *code;

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		cr_assert_eq(seccomp_arch_add(context, others[i]), 0);
	for (size_t i = 0; i < spec->rule_count; i++) {
		const struct seccomp_rule *rule = &spec->rules[i];
		struct scmp_arg_cmp arguments[SECCOMP_ARGUMENTS];

		for (size_t k = 0; k < rule->argument_count; k++)
			arguments[k] = (struct scmp_arg_cmp){ (unsigned)rule->arguments[k].index,
							      library_operator(rule->arguments[k].op),
							      rule->arguments[k].value, rule->arguments[k].value_two };
		for (size_t k = 0; k < rule->names.count; k++) {
			int number = seccomp_syscall_resolve_name(rule->names.items[k]);

			cr_assert_eq(seccomp_rule_add_array(context, library_action(rule), number,
							    (unsigned)rule->argument_count, arguments),
				     0);
		}
	}
	cr_assert_eq(seccomp_export_bpf(context, fd), 0);
	seccomp_release(context);
	length = lseek(fd, 0, SEEK_END);
	code = mmap(NULL, (size_t)length, PROT_READ, MAP_PRIVATE, fd, 0);
	cr_assert_neq(code, MAP_FAILED);
	close(fd);
	*ret_count = (size_t)length / sizeof(struct sock_filter);
	return code;
}

Test(seccomp_library, same_meaning)
{
	static const uint64_t edges[] = { 0, 1, 2, 3, 4, 5, 8, 15, 99, 100, 0x7e020000, UINT32_MAX };
	struct error e = { 0 };
	struct seccomp_spec spec = { 0 };
	struct seccomp_profile profile = { 0 };
	struct seccomp_filter own = { 0 };
	const struct sock_filter *library;
	size_t library_count, compared = 0;
	uint64_t state = 99;

	cr_assert_eq(seccomp_spec_decode(json, sizeof json - 1, "test", &spec, &e), 0, "%s", e.text);
	cr_assert_eq(seccomp_profile_resolve(&spec, 0, "6.1", &profile, &e), 0, "%s", e.text);
	cr_assert_eq(seccomp_profile_compile(&profile, &own, &e), 0, "%s", e.text);
	library = library_compile(&spec, &library_count);
	for (int i = 0; i < 1000000; i++) {
		const struct seccomp_arch *arch = profile.tables[bpf_random(&state) % profile.table_count].arch;
		struct seccomp_data data = { .arch = arch->audit,
					     .nr = (int)(bpf_random(&state) % 450 + arch->number_base) };
		uint32_t ours, theirs;

		for (int k = 0; k < 6; k++) {
			data.args[k] = edges[bpf_random(&state) % (sizeof edges / sizeof *edges)];
			/* libseccomp looks at the lower halves alone for x32; we do not, as the kernel hands whole registers on. */
			if (!arch->is_32bit && !arch->number_base && bpf_random(&state) % 4 == 0)
				data.args[k] |= bpf_random(&state) << 32;
		}
		ours = bpf_run(own.code, own.count, &data);
		if (ours == (SECCOMP_RET_ERRNO | ENOSYS))
			continue; /* unknown numbers are the one thing that we answer differently */
		theirs = bpf_run(library, library_count, &data);
		cr_assert_eq(ours, theirs, "%s number %#x: ours %#x, libseccomp's %#x", arch->name, (unsigned)data.nr,
			     ours, theirs);
		compared++;
	}
	cr_expect_gt(compared, 700000, "only %zu compared", compared);
	seccomp_spec_release(&spec);
	seccomp_profile_release(&profile);
	seccomp_filter_release(&own);
}
