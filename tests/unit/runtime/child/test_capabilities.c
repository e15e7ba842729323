/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_capabilities.c - capability sets and the change of the user. Criterion runs each test in a process of its own, so
 * what is given up here is given up for one test.
 */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/capability.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/child/capabilities.h"
#include "runtime/child/identity.h"
#include "runtime/child/users.h"
#include "specs/container.h"

static const uint64_t wanted = UINT64_C(1) << CAP_CHOWN | UINT64_C(1) << CAP_KILL | UINT64_C(1) << CAP_SYS_CHROOT;

static uint64_t status(const char *key)
{
	autofclose FILE *file = fopen("/proc/self/status", "re");
	unsigned long long value = 0;
	char line[256];

	cr_assert(file != NULL);
	while (fgets(line, sizeof line, file)) {
		if (strncmp(line, key, strlen(key)) == 0 && sscanf(line + strlen(key), ":\t%llx", &value) == 1)
			return value;
	}
	cr_assert_fail("no %s in /proc/self/status", key);
	return 0;
}

static void need_root(void)
{
	if (geteuid() != 0)
		cr_skip_test("needs root");
}

static int set_to(uint64_t mask, struct error *e)
{
	const struct capability_sets sets = { .permitted = mask, .effective = mask };

	return capabilities_set(&sets, e);
}

Test(capabilities, bound)
{
	struct error e = { 0 };

	need_root();
	cr_assert_eq(capabilities_bound(wanted, &e), 0, "%s", e.text);
	cr_expect_eq(status("CapBnd"), wanted);
}

Test(capabilities, set_as_root)
{
	struct error e = { 0 };

	need_root();
	cr_assert_eq(prctl(PR_SET_KEEPCAPS, 0), 0);
	cr_assert_eq(capabilities_bound(wanted, &e), 0, "%s", e.text);
	cr_assert_eq(set_to(wanted, &e), 0, "%s", e.text);
	cr_expect_eq(status("CapEff"), wanted);
	cr_expect_eq(status("CapPrm"), wanted);
	cr_expect_eq(status("CapInh"), 0);
	cr_expect_eq(status("CapAmb"), 0);
}

Test(capabilities, unknown_bits_are_no_error)
{
	struct error e = { 0 };

	need_root();
	cr_expect_eq(set_to(wanted | UINT64_C(1) << 63, &e), 0, "%s", e.text);
	cr_expect_eq(status("CapEff"), wanted);
}

Test(capabilities, nobody_gives_what_they_lack)
{
	struct error e = { 0 };

	need_root();
	cr_assert_eq(set_to(wanted, &e), 0, "%s", e.text);
	cr_expect_eq(set_to(wanted | UINT64_C(1) << CAP_NET_ADMIN, &e), -1);
	cr_expect_str_eq(e.text, "keep capability NET_ADMIN: this process does not have it");
	cr_expect_eq(e.kind, ERROR_DENIED);
}

/* As the steps do it: bounding set, identity, capabilities. */
static void become(struct identity *identity)
{
	struct error e = { 0 };

	cr_assert_eq(capabilities_bound(wanted, &e), 0, "%s", e.text);
	cr_assert_eq(identity_take(identity, wanted, /* can_setgroups = */ true, &e), 0, "%s", e.text);
	cr_expect_eq(status("CapPrm") & wanted, wanted, "lost before capabilities_set");
	cr_assert_eq(set_to(identity->uid ? 0 : wanted, &e), 0, "%s", e.text);
	cr_expect_eq(status("CapInh"), 0);
	cr_expect_eq(status("CapAmb"), 0);
	cr_expect_eq(status("CapBnd"), wanted);
}

Test(capabilities, ordinary_user_has_none)
{
	gid_t groups[] = { 1001, 29, 44 }, found[8];
	struct identity identity = { .uid = 1000, .gid = 1001, .groups = groups, .group_count = 3 };

	need_root();
	become(&identity);
	cr_expect_eq(status("CapEff"), 0);
	cr_expect_eq(status("CapPrm"), 0);
	cr_expect_eq(getuid(), 1000);
	cr_expect_eq(getegid(), 1001);
	cr_expect_eq(getgroups(8, found), 3);
	cr_expect_eq(setuid(0), -1, "root can be had again");
	cr_expect_eq(prctl(PR_GET_KEEPCAPS), 0);
}

Test(capabilities, root_keeps_them)
{
	gid_t groups[] = { 0 };
	struct identity identity = { .groups = groups, .group_count = 1 };

	need_root();
	become(&identity);
	cr_expect_eq(status("CapEff"), wanted);
}

/* In a process with a single thread: glibc ends one whose threads get different answers, and Criterion has a second thread. */
Test(capabilities, refused_groups)
{
	gid_t groups[] = { 0 };
	struct identity identity = { .groups = groups, .group_count = 1 };
	struct error e = { 0 };
	int status = 0;
	pid_t pid;

	need_root();
	pid = fork();
	if (pid == 0) {
		if (set_to(UINT64_C(1) << CAP_SETUID, &e))
			_exit(2);
		if (identity_take(&identity, 0, /* can_setgroups = */ true, &e) == 0)
			_exit(3);
		_exit(strcmp(e.text, "set 1 supplementary groups: Operation not permitted [EPERM]") == 0 ? 0 : 4);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0, "exit code %d", WEXITSTATUS(status));
}

/* A single-id map: setgroups is refused there, and not asked for. */
Test(capabilities, without_setgroups)
{
	gid_t groups[] = { 0 };
	struct identity identity = { .groups = groups, .group_count = 1 };
	struct error e = { 0 };

	need_root();
	cr_assert_eq(set_to(UINT64_C(1) << CAP_SETUID | UINT64_C(1) << CAP_SETGID, &e), 0, "%s", e.text);
	cr_expect_eq(identity_take(&identity, 0, /* can_setgroups = */ false, &e), 0, "%s", e.text);
}
