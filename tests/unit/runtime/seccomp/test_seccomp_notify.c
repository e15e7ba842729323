/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_seccomp_notify.c - filters that ask a program outside: their flags, who may have them, and the way of the listener.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/error.h"
#include "base/places.h"
#include "runtime/child/listener.h"
#include "runtime/child/stage.h"
#include "runtime/seccomp/seccomp.h"
#include "runtime/seccomp/seccomp_arch.h"
#include "runtime/seccomp/seccomp_profile.h"
#include "specs/container.h"
#include "specs/seccomp_words.h"
#include "tests/unit/base/scratch.h"
#include "tests/unit/runtime/bpf.h"

enum { ANSWER = 4711 };

static unsigned flags_of(const char *json)
{
	struct seccomp_spec spec;
	struct seccomp_profile profile;
	struct error e = { 0 };
	unsigned flags;

	cr_assert_eq(seccomp_spec_decode(json, strlen(json), "p", &spec, &e), 0, "%s", e.text);
	cr_assert_eq(seccomp_profile_resolve(&spec, 0, "6.1.0", &profile, &e), 0, "%s", e.text);
	flags = profile.flags;
	seccomp_profile_release(&profile);
	seccomp_spec_release(&spec);
	return flags;
}

#define ALL_FLAGS "\"flags\":[\"SECCOMP_FILTER_FLAG_TSYNC\",\"SECCOMP_FILTER_FLAG_LOG\",\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]"
#define RULE(name, action) "\"syscalls\":[{\"names\":[\"" name "\"],\"action\":\"" action "\"}]"

Test(seccomp_notify, flags)
{
	const unsigned waits = SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV | SECCOMP_FILTER_FLAG_NEW_LISTENER;

	cr_expect_eq(flags_of("{\"defaultAction\":\"SCMP_ACT_ALLOW\"," ALL_FLAGS "," RULE("mkdirat", "SCMP_ACT_NOTIFY") "}"), waits);
	cr_expect_eq(flags_of("{\"defaultAction\":\"SCMP_ACT_NOTIFY\"," ALL_FLAGS "}"), waits);
	cr_expect_eq(flags_of("{\"defaultAction\":\"SCMP_ACT_ALLOW\"," ALL_FLAGS "," RULE("mkdirat", "SCMP_ACT_ERRNO") "}"),
		     (unsigned)(SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_TSYNC), "nobody is asked: nobody waits");
	cr_expect_eq(flags_of("{\"defaultAction\":\"SCMP_ACT_ALLOW\"," RULE("no_such_call", "SCMP_ACT_NOTIFY") "}"), 0u);
}

/* The two lists that have to be one: this folder's numbers, and the names that "features" says. */
Test(seccomp_notify, architectures)
{
	size_t count = 0;

	for (; seccomp_archs[count]; count++)
		cr_expect_not_null(seccomp_arch_find(seccomp_archs[count]), "%s", seccomp_archs[count]);
#if defined(__x86_64__)
	cr_expect_eq(count, (size_t)SECCOMP_TABLES);
#endif
}

static int prepare(struct container *c, const char *json, struct seccomp_filter *ret, struct error *e)
{
	struct places places = { .cache = (char *)"cache" };

	*e = (struct error){ 0 };
	c->seccomp = SECCOMP_TEXT;
	c->seccomp_text = (char *)json;
	return seccomp_prepare(&places, c, ret, e);
}

static const char asks[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\"," RULE("getpgid", "SCMP_ACT_NOTIFY") "}";

Test(seccomp_notify, profile_inside_the_configuration)
{
	SCRATCH();
	struct oci_part oci = { .seccomp_listener = (char *)"/s" };
	struct container container = { .oci = &oci };
	struct seccomp_filter filter = { 0 };
	struct error e;

	cr_assert_eq(prepare(&container, "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", &filter, &e), 0, "%s", e.text);
	cr_expect_lt(filter.count, 20u, "the profile that was given, not box's own");
	seccomp_filter_release(&filter);
	cr_assert_eq(prepare(&container, asks, &filter, &e), 0, "%s", e.text);
	cr_expect(filter.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER);
	seccomp_filter_release(&filter);
	/* Nobody to ask; the filter that was kept a moment ago is for those who have somebody. */
	oci.seccomp_listener = NULL;
	cr_expect_eq(prepare(&container, asks, &filter, &e), -1);
	cr_expect_str_eq(e.field, "linux.seccomp");
	container.oci = NULL;
	cr_expect_eq(prepare(&container, asks, &filter, &e), -1);
	cr_expect_str_eq(e.field, "security.seccomp");
}

Test(seccomp_notify, unknown_calls)
{
	SCRATCH();
	static const char json[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\"," RULE("no_such_call", "SCMP_ACT_ERRNO") "}";
	struct oci_part oci = { 0 };
	struct container container = { .oci = &oci };
	struct seccomp_filter filter = { 0 };
	struct error e;

	cr_assert_eq(prepare(&container, json, &filter, &e), 0, "%s", e.text);
	seccomp_filter_release(&filter);
	list_add(&oci.annotations, "run.oci.seccomp_fail_unknown_syscall=0");
	cr_assert_eq(prepare(&container, json, &filter, &e), 0, "%s", e.text);
	seccomp_filter_release(&filter);
	(void)list_env_put(&oci.annotations, "run.oci.seccomp_fail_unknown_syscall=1");
	cr_expect_eq(prepare(&container, json, &filter, &e), -1);
	cr_expect_str_eq(e.text, "the seccomp profile: syscalls[0]: no system call \"no_such_call\" on this machine");
	list_release(&oci.annotations);
}

/* In a child: the filter asks about every call but exit_group, so that one call too many of the loading would hang. */
static _Noreturn void load_and_ask(int channel)
{
	static const char json[] = "{\"defaultAction\":\"SCMP_ACT_NOTIFY\"," RULE("exit_group", "SCMP_ACT_ALLOW") "}";
	struct oci_part oci = { .seccomp_listener = (char *)"/s" };
	struct container container = { .oci = &oci };
	struct seccomp_filter filter = { 0 };
	struct error e;

	(void)alarm(20);
	if (prepare(&container, json, &filter, &e) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		_exit(100);
	if (listener_load_filter(&filter, channel, &e))
		_exit(101);
	_exit(getppid() == ANSWER ? 0 : 102);
}

/* Answers until nobody has the filter any more. What a sanitizer calls on the way to the end may go on. Returns the first call's number. */
static int answer_all(int listener, pid_t pid)
{
	struct pollfd ready = { .fd = listener, .events = POLLIN };
	int first = -1;

	while (poll(&ready, 1, 10000) > 0 && (ready.revents & POLLIN)) {
		struct seccomp_notif notice = { 0 };
		struct seccomp_notif_resp answer = { .val = ANSWER };

		cr_assert_eq(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notice), 0, "%s", strerror(errno));
		cr_expect_eq(notice.pid, (uint32_t)pid);
		if (first < 0)
			first = notice.data.nr;
		answer.id = notice.id;
		if (notice.data.nr != SYS_getppid)
			answer = (struct seccomp_notif_resp){ .id = notice.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
		cr_assert_eq(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer), 0, "%s", strerror(errno));
	}
	return first;
}

Test(seccomp_notify, listener_comes_over_the_channel)
{
	SCRATCH();
	struct message message;
	struct error e = { 0 };
	int ends[2], status = 0;
	pid_t pid;

	cr_assert_eq(channel_open(ends, &e), 0);
	pid = fork();
	if (pid == 0)
		load_and_ask(ends[1]);
	close(ends[1]);
	cr_assert_eq(stage_receive(ends[0], STAGE_LISTENER, &message, &e), 1, "%s", e.text);
	cr_assert_eq(message.fd_count, 1u);
	cr_expect_eq(answer_all(message.fds[0], pid), SYS_getppid, "the loading itself makes no call");
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0);
	message_release(&message);
}

/* A filter that the kernel refuses is an error, and this process goes on. */
Test(seccomp_notify, refused_filter)
{
	static struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW), { .code = 0xffff } };
	const struct seccomp_filter filter = { .code = code, .count = 2, .flags = SECCOMP_FILTER_FLAG_NEW_LISTENER };
	struct error e = { 0 };

	cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	cr_expect_eq(listener_load_filter(&filter, /* channel= */ -1, &e), -1);
	cr_expect_eq(e.sys, EINVAL);
}

static size_t results_of(const struct seccomp_filter *filter, uint32_t result)
{
	size_t count = 0;

	for (size_t i = 0; i < filter->count; i++)
		count += filter->code[i].code == (BPF_RET | BPF_K) && filter->code[i].k == result;
	return count;
}

/* An app in the background: what the default profile refuses with EPERM is asked about, what it does not know is not. */
Test(seccomp_notify, refused_calls_are_counted_with_the_default_profile_alone)
{
	char cache[] = "/nonexistent/cache";
	const struct places places = { .cache = cache };
	struct container c = { .seccomp = SECCOMP_DEFAULT, .no_new_privileges = true };
	struct seccomp_filter plain, counting, early;
	struct error e = { 0 };

	cr_assert_eq(seccomp_prepare(&places, &c, &plain, &e), 0, "%s", e.text);
	c.counts_refused = true;
	cr_assert_eq(seccomp_prepare(&places, &c, &counting, &e), 0, "%s", e.text);
	c.no_new_privileges = false; /* the filter comes before the ids are given up: nobody listens yet */
	cr_assert_eq(seccomp_prepare(&places, &c, &early, &e), 0, "%s", e.text);
	cr_expect_eq(plain.flags, 0u);
	cr_expect_eq(early.flags, 0u);
	cr_expect_eq(counting.flags, (unsigned)(SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV));
	cr_expect_gt(results_of(&plain, SECCOMP_RET_ERRNO | EPERM), 0u);
	cr_expect_eq(results_of(&plain, SECCOMP_RET_USER_NOTIF), 0u);
	cr_expect_gt(results_of(&counting, SECCOMP_RET_USER_NOTIF), 0u);
	cr_expect_gt(results_of(&counting, SECCOMP_RET_ERRNO | ENOSYS), 0u);
	seccomp_filter_release(&plain);
	seccomp_filter_release(&counting);
	seccomp_filter_release(&early);
}

static bool allows(const char *json, int call)
{
	struct oci_part oci = { .seccomp_listener = (char *)"/s" };
	struct container container = { .oci = &oci };
	struct seccomp_filter filter = { 0 };
	struct error e;
	bool result;

	cr_assert_eq(prepare(&container, json, &filter, &e), 0, "%s", e.text);
	result = seccomp_filter_allows(&filter, call);
	seccomp_filter_release(&filter);
	return result;
}

/* Only such a filter is handed over by the process itself. */
Test(seccomp_notify, what_is_let_through_whatever_its_arguments_are)
{
	SCRATCH();
	cr_expect(allows(asks, SYS_sendmsg));
	cr_expect_not(allows(asks, SYS_getpgid));
	cr_expect_not(allows("{\"defaultAction\":\"SCMP_ACT_NOTIFY\"," RULE("exit_group", "SCMP_ACT_ALLOW") "}", SYS_sendmsg));
	cr_expect_not(allows("{\"defaultAction\":\"SCMP_ACT_ALLOW\"," RULE("sendmsg", "SCMP_ACT_ERRNO") "}", SYS_sendmsg));
	cr_expect_not(allows("{\"defaultAction\":\"SCMP_ACT_ALLOW\"," RULE("sendmsg", "SCMP_ACT_LOG") "}", SYS_sendmsg));
	cr_expect_not(allows("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"sendmsg\"],\"action\":\"SCMP_ACT_ERRNO\","
			     "\"args\":[{\"index\":2,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]}", SYS_sendmsg), "by an argument");
}

/* The kernel's reading of box's own filter says the same. */
Test(seccomp_notify, what_is_let_through_is_what_the_kernel_lets_through)
{
	char cache[] = "/nonexistent/cache";
	const struct places places = { .cache = cache };
	struct container c = { .seccomp = SECCOMP_DEFAULT, .no_new_privileges = true, .counts_refused = true };
	struct seccomp_filter filter;
	struct error e = { 0 };
	uint64_t seed = 1;
	size_t allowed = 0;

	cr_assert_eq(seccomp_prepare(&places, &c, &filter, &e), 0, "%s", e.text);
	for (int call = 0; call < 600; call++) {
		struct seccomp_data data = { .nr = call, .arch = seccomp_own_arch()->audit };

		if (!seccomp_filter_allows(&filter, call))
			continue;
		allowed++;
		for (int i = 0; i < 20; i++) {
			for (int k = 0; k < 6; k++)
				data.args[k] = bpf_random(&seed) >> (bpf_random(&seed) % 64);
			cr_expect_eq(bpf_run(filter.code, filter.count, &data), (uint32_t)SECCOMP_RET_ALLOW, "call %d", call);
		}
	}
	cr_expect_gt(allowed, 200u);
	cr_expect(seccomp_filter_allows(&filter, SYS_sendmsg));
	seccomp_filter_release(&filter);
}

Test(seccomp_notify, names_of_numbers)
{
	char *name = seccomp_call_name(seccomp_own_arch()->audit, SYS_acct);

	cr_expect_str_eq(name, "acct");
	free(name);
	name = seccomp_call_name(seccomp_own_arch()->audit, 999999);
	cr_expect_str_eq(name, "call 999999");
	free(name);
}
