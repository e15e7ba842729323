/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_seccomp_compile.c - compiled programs against a plain reading of the profile.
 *
 * The plain reading walks all rules for each call and knows nothing of segments, searches or jumps. Both are asked about the
 * same million calls: numbers around every edge, arguments around every value that the profile compares with.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "base/text.h"
#include "runtime/seccomp/seccomp.h"
#include "runtime/seccomp/seccomp_profile.h"
#include "tests/unit/runtime/bpf.h"

extern const char seccomp_default_start[], seccomp_default_end[];

#ifdef __x86_64__
#define OWN_AUDIT     AUDIT_ARCH_X86_64
#define OTHER_AUDIT   AUDIT_ARCH_I386
#define ARCHITECTURES "\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\""
#else
#define OWN_AUDIT     AUDIT_ARCH_AARCH64
#define OTHER_AUDIT   AUDIT_ARCH_ARM
#define ARCHITECTURES "\"SCMP_ARCH_AARCH64\",\"SCMP_ARCH_ARM\""
#endif

enum { NUMBERS = 600, VALUES = 256, X32_BIT = 0x40000000 };

static const uint64_t default_capabilities = 0x405fb; /* what an app has that says nothing */

/* A profile in three forms, and the values that are worth asking about. */
struct fixture {
	struct seccomp_spec spec;
	struct seccomp_profile profile;
	struct seccomp_filter filter;
	uint64_t values[VALUES];
	size_t value_count;
};

static void add_value(struct fixture *f, uint64_t value)
{
	if (f->value_count < VALUES)
		f->values[f->value_count++] = value;
}

static void load(struct fixture *f, const char *json, size_t length, uint64_t capabilities)
{
	struct error e = { 0 };

	*f = (struct fixture){ 0 };
	cr_assert_eq(seccomp_spec_decode(json, length, "profile", &f->spec, &e), 0, "%s", e.text);
	cr_assert_eq(seccomp_profile_resolve(&f->spec, capabilities, "6.1.0", &f->profile, &e), 0, "%s", e.text);
	cr_assert_eq(seccomp_profile_compile(&f->profile, &f->filter, &e), 0, "%s", e.text);
	for (size_t i = 0; i < f->spec.rule_count; i++) {
		for (size_t k = 0; k < f->spec.rules[i].argument_count; k++) {
			add_value(f, f->spec.rules[i].arguments[k].value);
			add_value(f, f->spec.rules[i].arguments[k].value_two);
		}
	}
	add_value(f, 0);
}

static void load_default(struct fixture *f, uint64_t capabilities)
{
	load(f, seccomp_default_start, (size_t)(seccomp_default_end - seccomp_default_start), capabilities);
}

static void release(struct fixture *f)
{
	seccomp_spec_release(&f->spec);
	seccomp_profile_release(&f->profile);
	seccomp_filter_release(&f->filter);
}

/* The plain reading */

static bool holds(const struct seccomp_argument *a, uint64_t argument, bool is_32bit)
{
	uint64_t mask = is_32bit ? UINT32_MAX : UINT64_MAX, value = a->value & mask;

	argument &= mask;
	switch (a->op) {
	case SECCOMP_NOT_EQUAL: return argument != value;
	case SECCOMP_LESS: return argument < value;
	case SECCOMP_LESS_EQUAL: return argument <= value;
	case SECCOMP_EQUAL: return argument == value;
	case SECCOMP_GREATER_EQUAL: return argument >= value;
	case SECCOMP_GREATER: return argument > value;
	case SECCOMP_MASKED_EQUAL: return (argument & value) == (a->value_two & mask);
	}
	abort();
}

static bool applies(const struct seccomp_rule *rule, uint64_t capabilities)
{
	for (size_t i = 0; i < rule->includes.caps.count; i++) {
		if (!(capabilities >> capability_number(rule->includes.caps.items[i]) & 1))
			return false;
	}
	for (size_t i = 0; i < rule->excludes.caps.count; i++) {
		if (capabilities >> capability_number(rule->excludes.caps.items[i]) & 1)
			return false;
	}
	return rule->includes.arches.count == 0 || list_has(&rule->includes.arches, seccomp_own_arch()->go_name);
}

static uint32_t result_of(const struct seccomp_rule *rule)
{
	switch (rule->action) {
	case SECCOMP_ACTION_ALLOW: return SECCOMP_RET_ALLOW;
	case SECCOMP_ACTION_NOTIFY: return SECCOMP_RET_USER_NOTIF;
	case SECCOMP_ACTION_TRACE: return SECCOMP_RET_TRACE | (uint32_t)rule->errno_ret;
	default: return SECCOMP_RET_ERRNO | (uint32_t)rule->errno_ret;
	}
}

/* Per number its name; made once per architecture. */
struct reading {
	const struct seccomp_arch *arch;
	struct seccomp_numbers numbers;
	const struct seccomp_number *by_number[NUMBERS];
};

static void reading_load(struct reading *r, const struct seccomp_arch *arch)
{
	*r = (struct reading){ .arch = arch };
	seccomp_numbers_load(arch, &r->numbers);
	for (size_t i = 0; i < r->numbers.count; i++)
		r->by_number[r->numbers.items[i].number - arch->number_base] = &r->numbers.items[i];
}

static uint32_t read_plainly(const struct seccomp_spec *spec, const struct reading *r, uint64_t capabilities,
			     const struct seccomp_data *data)
{
	uint32_t number = (uint32_t)data->nr - r->arch->number_base;
	const struct seccomp_number *known = number < NUMBERS ? r->by_number[number] : NULL;
	enum seccomp_action best_action = SECCOMP_ACTION_ALLOW;
	uint32_t best = SECCOMP_RET_ALLOW;
	bool is_hit = false, is_named = false;

	for (size_t i = 0; known && i < spec->rule_count; i++) {
		const struct seccomp_rule *rule = &spec->rules[i];
		bool all = true;

		if (!applies(rule, capabilities) || !list_has(&rule->names, known->name))
			continue;
		is_named = true;
		for (size_t k = 0; k < rule->argument_count; k++)
			all = all &&
			      holds(&rule->arguments[k], data->args[rule->arguments[k].index], r->arch->is_32bit);
		/* The stricter, as the enum has them; of two equal ones the first. */
		if (all && (!is_hit || rule->action < best_action)) {
			best = result_of(rule);
			best_action = rule->action;
		}
		is_hit |= all;
	}
	if (is_hit)
		return best;
	return known && (!known->is_newer || is_named) ? SECCOMP_RET_ERRNO | (uint32_t)spec->default_errno
						       : SECCOMP_RET_ERRNO | ENOSYS;
}

/* Random calls */

static uint64_t pick_argument(const struct fixture *f, uint64_t *state)
{
	uint64_t value = f->values[bpf_random(state) % f->value_count];

	switch (bpf_random(state) % 8) {
	case 0: return value + 1;
	case 1: return value - 1;
	case 2: return value | UINT64_C(1) << 32; /* the bit that the kernel does not look at */
	case 3: return value ^ UINT64_C(1) << bpf_random(state) % 64;
	case 4: return bpf_random(state);
	default: return value;
	}
}

static uint32_t pick_number(const struct reading *r, uint64_t *state)
{
	switch (bpf_random(state) % 16) {
	case 0: return (uint32_t)bpf_random(state) & (X32_BIT - 1);
	case 1: return r->numbers.items[bpf_random(state) % r->numbers.count].number - r->arch->number_base;
	default: return (uint32_t)(bpf_random(state) % NUMBERS);
	}
}

static void compare(const struct fixture *f, uint64_t capabilities, size_t count)
{
	static struct reading readings[3];
	uint64_t state = 88172645463325252;

	for (size_t t = 0; t < f->profile.table_count; t++)
		reading_load(&readings[t], f->profile.tables[t].arch);
	for (size_t i = 0; i < count; i++) {
		const struct reading *r = &readings[bpf_random(&state) % f->profile.table_count];
		struct seccomp_data data = { .arch = r->arch->audit };
		uint32_t expected, found;

		data.nr = (int)(pick_number(r, &state) + r->arch->number_base);
		for (size_t k = 0; k < 6; k++)
			data.args[k] = pick_argument(f, &state);
		if (r->arch->is_32bit) {
			for (size_t k = 0; k < 6; k++)
				data.args[k] &= UINT32_MAX; /* as the kernel has it */
		}
		expected = read_plainly(&f->spec, r, capabilities, &data);
		found = bpf_run(f->filter.code, f->filter.count, &data);
		cr_assert_eq(found, expected,
			     "%s %#x(%#llx, %#llx, %#llx, %#llx, %#llx, %#llx): program %#x, profile %#x",
			     r->arch->name, (unsigned)data.nr, (unsigned long long)data.args[0],
			     (unsigned long long)data.args[1], (unsigned long long)data.args[2],
			     (unsigned long long)data.args[3], (unsigned long long)data.args[4],
			     (unsigned long long)data.args[5], found, expected);
	}
	for (size_t t = 0; t < f->profile.table_count; t++)
		seccomp_numbers_release(&readings[t].numbers);
}

Test(seccomp_compile, million_calls)
{
	struct fixture f;

	load_default(&f, default_capabilities);
	compare(&f, default_capabilities, 1000000);
	release(&f);
}

Test(seccomp_compile, no_and_all_capabilities)
{
	static const uint64_t masks[] = { 0, (UINT64_C(1) << CAPABILITY_COUNT) - 1, UINT64_C(1) << 21,
					  UINT64_C(1) << 12 };

	for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
		struct fixture f;

		load_default(&f, masks[i]);
		compare(&f, masks[i], 100000);
		release(&f);
	}
}

/* Every operator on both halves of 64 bits, several conditions in one rule, rules that overlap. */
Test(seccomp_compile, random_profiles)
{
	static const char *const actions[] = { "ALLOW\"", "NOTIFY\"", "ERRNO\",\"errnoRet\":33", "TRACE\",\"errnoRet\":44", "ERRNO\"" };
	static const char *const operators[] = { "EQ", "NE", "LT", "LE", "GE", "GT", "MASKED_EQ" };
	static const char *const names[] = { "read", "write", "ioctl", "socket", "prctl", "mseal", "clone" };
	uint64_t state = 4242;

	for (int round = 0; round < 150; round++) {
		autorelease(text) struct text json = { 0 };
		struct fixture f;

		text_add(&json, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":7,\"architectures\":[" ARCHITECTURES
				"],\"syscalls\":[");
		for (int rule = 0; rule < 12; rule++) {
			uint64_t arguments = bpf_random(&state) % 4;

			text_addf(&json,
				  "%s{\"names\":[\"%s\",\"socketcall\",\"ipc\"],\"action\":\"SCMP_ACT_%s,\"args\":[",
				  rule ? "," : "", names[bpf_random(&state) % 7], actions[bpf_random(&state) % 5]);
			for (uint64_t a = 0; a < arguments; a++) {
				uint64_t shift = bpf_random(&state) % 63;

				text_addf(&json,
					  "%s{\"index\":%d,\"op\":\"SCMP_CMP_%s\",\"value\":%llu,\"valueTwo\":%llu}",
					  a ? "," : "", (int)(bpf_random(&state) % 6),
					  operators[bpf_random(&state) % 7],
					  (unsigned long long)(bpf_random(&state) >> 1 >> shift),
					  (unsigned long long)(bpf_random(&state) >> 1 >> shift));
			}
			text_add(&json, "]}");
		}
		text_add(&json, "]}");
		load(&f, json.data, json.length, 0);
		compare(&f, 0, 5000);
		release(&f);
	}
}

/* What must not depend on the plain reading being right */

static uint32_t ask(const struct fixture *f, uint32_t audit, uint32_t number, uint64_t a0, uint64_t a1, uint64_t a2)
{
	struct seccomp_data data = { .arch = audit, .nr = (int)number, .args = { a0, a1, a2 } };

	return bpf_run(f->filter.code, f->filter.count, &data);
}

#define REFUSED(sys) (SECCOMP_RET_ERRNO | (sys))

static const struct call {
	const char *what;
	uint32_t audit, number;
	uint64_t a0, a1, a2;
	uint32_t expected;
} calls[] = {
	{ "read", OWN_AUDIT, SYS_read, 0, 0, 0, SECCOMP_RET_ALLOW },
	{ "clone3", OWN_AUDIT, SYS_clone3, 0, 0, 0, REFUSED(ENOSYS) },
	{ "clone of a thread", OWN_AUDIT, SYS_clone, 0x3d0f00, 0, 0, SECCOMP_RET_ALLOW },
	{ "clone NEWUSER", OWN_AUDIT, SYS_clone, 0x10000011, 0, 0, REFUSED(EPERM) },
	{ "clone NEWUSER, bit 32", OWN_AUDIT, SYS_clone, 0x110000011, 0, 0, REFUSED(EPERM) },
	{ "clone NEWNET", OWN_AUDIT, SYS_clone, 0x40000011, 0, 0, REFUSED(EPERM) },
	{ "unshare FS", OWN_AUDIT, SYS_unshare, 0x200, 0, 0, SECCOMP_RET_ALLOW },
	{ "unshare NEWUSER", OWN_AUDIT, SYS_unshare, 0x10000000, 0, 0, REFUSED(EPERM) },
	{ "unshare NEWTIME", OWN_AUDIT, SYS_unshare, 0x80, 0, 0, REFUSED(EPERM) },
	{ "setns", OWN_AUDIT, SYS_setns, 3, 0, 0, REFUSED(EPERM) },
	{ "mount", OWN_AUDIT, SYS_mount, 0, 0, 0, REFUSED(EPERM) },
	{ "fsopen", OWN_AUDIT, SYS_fsopen, 0, 0, 0, REFUSED(EPERM) },
	{ "open_by_handle_at", OWN_AUDIT, SYS_open_by_handle_at, 0, 0, 0, REFUSED(EPERM) },
	{ "keyctl", OWN_AUDIT, SYS_keyctl, 0, 0, 0, REFUSED(EPERM) },
	{ "add_key", OWN_AUDIT, SYS_add_key, 0, 0, 0, REFUSED(EPERM) },
	{ "bpf", OWN_AUDIT, SYS_bpf, 0, 0, 0, REFUSED(EPERM) },
	{ "perf_event_open", OWN_AUDIT, SYS_perf_event_open, 0, 0, 0, REFUSED(EPERM) },
	{ "userfaultfd", OWN_AUDIT, SYS_userfaultfd, 0, 0, 0, REFUSED(EPERM) },
	{ "io_uring_setup", OWN_AUDIT, SYS_io_uring_setup, 0, 0, 0, REFUSED(EPERM) },
	{ "kexec_load", OWN_AUDIT, SYS_kexec_load, 0, 0, 0, REFUSED(EPERM) },
	{ "TIOCSTI", OWN_AUDIT, SYS_ioctl, 0, 0x5412, 0, REFUSED(EPERM) },
	{ "TIOCSTI, bit 32", OWN_AUDIT, SYS_ioctl, 0, 0x100005412, 0, REFUSED(EPERM) },
	{ "TIOCLINUX", OWN_AUDIT, SYS_ioctl, 0, 0x541c, 0, REFUSED(EPERM) },
	{ "TIOCGWINSZ", OWN_AUDIT, SYS_ioctl, 0, 0x5413, 0, SECCOMP_RET_ALLOW },
	{ "socket UNIX", OWN_AUDIT, SYS_socket, 1, 1, 0, SECCOMP_RET_ALLOW },
	{ "socket INET", OWN_AUDIT, SYS_socket, 2, 1, 0, SECCOMP_RET_ALLOW },
	{ "socket INET6", OWN_AUDIT, SYS_socket, 10, 2, 0, SECCOMP_RET_ALLOW },
	{ "socket NETLINK ROUTE", OWN_AUDIT, SYS_socket, 16, 3, 0, SECCOMP_RET_ALLOW },
	{ "socket NETLINK NETFILTER", OWN_AUDIT, SYS_socket, 16, 3, 12, REFUSED(EPERM) },
	{ "socket NETLINK AUDIT", OWN_AUDIT, SYS_socket, 16, 3, 9, REFUSED(EINVAL) },
	{ "socket PACKET", OWN_AUDIT, SYS_socket, 17, 3, 0, REFUSED(EPERM) },
	{ "socket ALG", OWN_AUDIT, SYS_socket, 38, 5, 0, REFUSED(EPERM) },
	{ "socket ALG, bit 32", OWN_AUDIT, SYS_socket, 0x100000026, 5, 0, REFUSED(EPERM) },
	{ "socket VSOCK", OWN_AUDIT, SYS_socket, 40, 1, 0, REFUSED(EPERM) },
	{ "socketpair TIPC", OWN_AUDIT, SYS_socketpair, 30, 1, 0, REFUSED(EPERM) },
	{ "personality query", OWN_AUDIT, SYS_personality, 0xffffffff, 0, 0, SECCOMP_RET_ALLOW },
	{ "personality ADDR_NO_RANDOMIZE", OWN_AUDIT, SYS_personality, 0x40000, 0, 0, REFUSED(EPERM) },
	{ "chroot, a default capability", OWN_AUDIT, SYS_chroot, 0, 0, 0, SECCOMP_RET_ALLOW },
	{ "fchmodat2", OWN_AUDIT, 452, 0, 0, 0, SECCOMP_RET_ALLOW },
	{ "mseal", OWN_AUDIT, 462, 0, 0, 0, SECCOMP_RET_ALLOW },
	{ "statmount", OWN_AUDIT, 457, 0, 0, 0, REFUSED(ENOSYS) },
	{ "number 600", OWN_AUDIT, 600, 0, 0, 0, REFUSED(ENOSYS) },
	{ "number -1", OWN_AUDIT, 0xffffffff, 0, 0, 0, REFUSED(ENOSYS) },
	{ "a hole in the numbers", OWN_AUDIT, 400, 0, 0, 0, REFUSED(ENOSYS) },
#ifdef __x86_64__
	{ "another machine", AUDIT_ARCH_AARCH64, 63, 0, 0, 0, REFUSED(ENOSYS) },
	{ "read, i386", AUDIT_ARCH_I386, 3, 0, 0, 0, SECCOMP_RET_ALLOW },
	{ "read, x32", AUDIT_ARCH_X86_64, X32_BIT, 0, 0, 0, REFUSED(ENOSYS) },
	{ "clone3, i386", AUDIT_ARCH_I386, 435, 0, 0, 0, REFUSED(ENOSYS) },
	{ "clone3, x32", AUDIT_ARCH_X86_64, X32_BIT + 435, 0, 0, 0, REFUSED(ENOSYS) },
	{ "clone NEWUSER, i386", AUDIT_ARCH_I386, 120, 0x10000011, 0, 0, REFUSED(EPERM) },
	{ "io_uring_setup, i386", AUDIT_ARCH_I386, 425, 0, 0, 0, REFUSED(EPERM) },
	{ "io_uring_setup, x32", AUDIT_ARCH_X86_64, X32_BIT + 425, 0, 0, 0, REFUSED(ENOSYS) },
	{ "TIOCSTI, i386", AUDIT_ARCH_I386, 54, 0, 0x5412, 0, REFUSED(EPERM) },
	{ "TIOCSTI, x32", AUDIT_ARCH_X86_64, X32_BIT + 514, 0, 0x5412, 0, REFUSED(ENOSYS) },
	{ "socket ALG, i386", AUDIT_ARCH_I386, 359, 38, 5, 0, REFUSED(EPERM) },
	{ "socket INET, i386", AUDIT_ARCH_I386, 359, 2, 1, 0, SECCOMP_RET_ALLOW },
	{ "socketcall SOCKET", AUDIT_ARCH_I386, 102, 1, 0, 0, REFUSED(EPERM) },
	{ "socketcall SOCKETPAIR", AUDIT_ARCH_I386, 102, 8, 0, 0, REFUSED(EPERM) },
	{ "socketcall BIND", AUDIT_ARCH_I386, 102, 2, 0, 0, SECCOMP_RET_ALLOW },
	{ "mseal, i386", AUDIT_ARCH_I386, 462, 0, 0, 0, SECCOMP_RET_ALLOW },
	{ "ioctl of x32 without its bit", AUDIT_ARCH_X86_64, 514, 0, 0, 0, REFUSED(ENOSYS) },
#else
	{ "another machine", AUDIT_ARCH_X86_64, 0, 0, 0, 0, REFUSED(ENOSYS) },
	{ "read, arm", AUDIT_ARCH_ARM, 3, 0, 0, 0, SECCOMP_RET_ALLOW },
	{ "clone3, arm", AUDIT_ARCH_ARM, 435, 0, 0, 0, REFUSED(ENOSYS) },
	{ "clone NEWUSER, arm", AUDIT_ARCH_ARM, 120, 0x10000011, 0, 0, REFUSED(EPERM) },
	{ "io_uring_setup, arm", AUDIT_ARCH_ARM, 425, 0, 0, 0, REFUSED(EPERM) },
	{ "TIOCSTI, arm", AUDIT_ARCH_ARM, 54, 0, 0x5412, 0, REFUSED(EPERM) },
	{ "socket ALG, arm", AUDIT_ARCH_ARM, 281, 38, 5, 0, REFUSED(EPERM) },
	{ "socket INET, arm", AUDIT_ARCH_ARM, 281, 2, 1, 0, SECCOMP_RET_ALLOW },
	{ "mseal, arm", AUDIT_ARCH_ARM, 462, 0, 0, 0, SECCOMP_RET_ALLOW },
#endif
};

Test(seccomp_compile, default_profile_by_hand)
{
	struct fixture f;

	load_default(&f, default_capabilities);
	cr_assert_eq(f.profile.table_count, 2);
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		uint32_t found = ask(&f, calls[i].audit, calls[i].number, calls[i].a0, calls[i].a1, calls[i].a2);

		cr_expect_eq(found, calls[i].expected, "%s: found %#x, expected %#x", calls[i].what, found,
			     calls[i].expected);
	}
	release(&f);
}

Test(seccomp_compile, capabilities_open_calls)
{
	struct fixture f;

	load_default(&f, default_capabilities | UINT64_C(1) << 21); /* SYS_ADMIN */
	cr_expect_eq(ask(&f, OWN_AUDIT, SYS_mount, 0, 0, 0), SECCOMP_RET_ALLOW, "mount");
	cr_expect_eq(ask(&f, OWN_AUDIT, SYS_unshare, 0x20000, 0, 0), SECCOMP_RET_ALLOW, "unshare NEWNS");
	cr_expect_eq(ask(&f, OWN_AUDIT, SYS_unshare, 0x10000000, 0, 0), REFUSED(EPERM), "unshare NEWUSER");
	cr_expect_eq(ask(&f, OWN_AUDIT, SYS_bpf, 0, 0, 0), REFUSED(EPERM), "bpf");
	cr_expect_eq(ask(&f, OWN_AUDIT, SYS_socket, 38, 0, 0), REFUSED(EPERM), "AF_ALG");
	release(&f);
}

/* The kernel's load time follows the length; a change that doubles it should be noticed. */
Test(seccomp_compile, default_profile_is_short)
{
	struct fixture f;

	load_default(&f, default_capabilities);
	cr_expect_lt(f.filter.count, 400, "%zu instructions", f.filter.count);
	release(&f);
}

#ifdef __x86_64__
/* A profile of OCI that does not know i386's multiplexer still means it. */
Test(seccomp_compile, multiplexer_follows_plain_rules)
{
	static const char json[] =
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86\"],\"syscalls\":["
		"{\"names\":[\"bind\",\"semop\"],\"action\":\"SCMP_ACT_ALLOW\"},"
		"{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"op\":\"SCMP_CMP_EQ\","
		"\"value\":1}]}]}";
	struct fixture f;

	load(&f, json, sizeof json - 1, 0);
	cr_expect_eq(ask(&f, AUDIT_ARCH_I386, 102, 2, 0, 0), SECCOMP_RET_ALLOW, "socketcall(SYS_BIND)");
	cr_expect_eq(ask(&f, AUDIT_ARCH_I386, 361, 0, 0, 0), SECCOMP_RET_ALLOW, "bind");
	cr_expect_eq(ask(&f, AUDIT_ARCH_I386, 102, 1, 0, 0), REFUSED(EPERM),
		     "socketcall(SYS_SOCKET) cannot keep the condition");
	cr_expect_eq(ask(&f, AUDIT_ARCH_I386, 359, 1, 0, 0), SECCOMP_RET_ALLOW, "socket");
	cr_expect_eq(ask(&f, AUDIT_ARCH_I386, 117, 0x10001, 0, 0), SECCOMP_RET_ALLOW, "ipc(SEMOP, version 1)");
	cr_expect_eq(ask(&f, AUDIT_ARCH_I386, 117, 2, 0, 0), REFUSED(EPERM), "ipc(SEMGET)");
	cr_expect_eq(ask(&f, AUDIT_ARCH_X86_64, X32_BIT + 49, 0, 0, 0), REFUSED(ENOSYS), "x32 was not asked for");
	release(&f);
}
#endif

Test(seccomp_compile, deny_list_lets_unknown_calls_through)
{
	static const char json[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":["
				   "{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":0},"
				   "{\"names\":[\"ptrace\"],\"action\":\"SCMP_ACT_KILL_PROCESS\"},"
				   "{\"names\":[\"ptrace\"],\"action\":\"SCMP_ACT_ERRNO\"}]}";
	struct fixture f;

	load(&f, json, sizeof json - 1, 0);
	cr_expect_eq(ask(&f, OWN_AUDIT, 600, 0, 0, 0), SECCOMP_RET_ALLOW);
	cr_expect_eq(ask(&f, OWN_AUDIT, SYS_mount, 0, 0, 0), SECCOMP_RET_ERRNO,
		     "errnoRet 0: nothing happens, success");
	cr_expect_eq(ask(&f, OWN_AUDIT, SYS_ptrace, 0, 0, 0), SECCOMP_RET_KILL_PROCESS, "the strictest counts");
	cr_expect_eq(ask(&f, OTHER_AUDIT, 21, 0, 0, 0), REFUSED(ENOSYS), "no way around it by the 32-bit table");
	release(&f);
}
