/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_oci_process.c - OCI's process object, in config.json and for exec.
 */
#include <criterion/criterion.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/names.h"
#include "base/text.h"
#include "specs/container.h"
#include "tests/unit/specs/oci_sample.h"

#define CAPABILITY(name) (UINT64_C(1) << capability_number(name))

static void good(const char *process, struct container *ret)
{
	struct text parts = { 0 };

	text_addf(&parts, "'process': {'cwd': '/', 'args': ['sh']%s%s}", *process ? ", " : "", process);
	oci_sample_good(parts.data, ret);
	text_release(&parts);
}

Test(oci_process, defaults)
{
	struct container c;

	good("", &c);
	cr_expect_str_eq(c.user, "0:0");
	cr_expect_eq(c.umask, 022u);
	cr_expect_eq(c.env.count, 0u);
	cr_expect_eq(c.group_add.count, 0u);
	cr_expect_eq(c.capabilities.bounding | c.capabilities.effective | c.capabilities.permitted, 0u);
	cr_expect_not(c.no_new_privileges);
	cr_expect_not(c.terminal);
	cr_expect_eq(c.oci->oom_score_adj, LIMIT_UNSET);
	cr_expect_not(c.oci->scheduler.is_set);
	cr_expect_eq(c.oci->io_class, 0);
	cr_expect_null(c.oci->affinity_initial);
	cr_expect_eq(c.rlimit_count, 0u);
	container_release(&c);
}

Test(oci_process, nulls_are_absent)
{
	struct container c;

	good("'env': null, 'capabilities': null, 'rlimits': null, 'user': {'uid': 3, 'gid': 4, 'umask': null, 'additionalGids': null}", &c);
	cr_expect_str_eq(c.user, "3:4");
	cr_expect_eq(c.umask, 022u);
	container_release(&c);
}

Test(oci_process, user)
{
	struct container c;

	good("'user': {'uid': 1000, 'gid': 4294967294, 'umask': 63, 'additionalGids': [5, 4000000000], 'username': 'x'}", &c);
	cr_expect_str_eq(c.user, "1000:4294967294");
	cr_expect_eq(c.umask, 077u);
	cr_assert_eq(c.group_add.count, 2u);
	cr_expect_str_eq(c.group_add.items[1], "4000000000");
	container_release(&c);
}

Test(oci_process, umask_zero)
{
	struct container c;

	good("'user': {'umask': 0}", &c);
	cr_expect_eq(c.umask, 0u);
	container_release(&c);
}

Test(oci_process, capability_sets)
{
	struct container c;

	good("'capabilities': {'bounding': ['CAP_KILL', 'CAP_CHOWN'], 'effective': ['CAP_KILL'], 'permitted': ['CAP_KILL', 'CAP_CHOWN'],"
	     "'inheritable': ['CAP_NET_RAW'], 'ambient': ['CAP_CHECKPOINT_RESTORE']}",
	     &c);
	cr_expect_eq(c.capabilities.bounding, CAPABILITY("KILL") | CAPABILITY("CHOWN"));
	cr_expect_eq(c.capabilities.effective, CAPABILITY("KILL"));
	cr_expect_eq(c.capabilities.permitted, c.capabilities.bounding);
	cr_expect_eq(c.capabilities.inheritable, CAPABILITY("NET_RAW"));
	cr_expect_eq(c.capabilities.ambient, CAPABILITY("CHECKPOINT_RESTORE"));
	container_release(&c);
}

Test(oci_process, unknown_capability)
{
	struct container c;

	good("'capabilities': {'bounding': ['CAP_OF_TOMORROW', 'CAP_KILL']}", &c);
	cr_expect_eq(c.capabilities.bounding, CAPABILITY("KILL"), "warned of, and left out");
	container_release(&c);
}

Test(oci_process, rlimits)
{
	struct container c;

	good("'rlimits': [{'type': 'RLIMIT_CORE', 'soft': 0, 'hard': 18446744073709551615},"
	     "{'type': 'RLIMIT_NOFILE', 'soft': 9223372036854775808, 'hard': 18446744073709551614}]",
	     &c);
	cr_assert_eq(c.rlimit_count, 2u);
	cr_expect_eq(c.rlimits[0].resource, (int)RLIMIT_CORE);
	cr_expect_eq(c.rlimits[0].hard, (uint64_t)RLIM_INFINITY);
	cr_expect_eq(c.rlimits[1].soft, UINT64_C(1) << 63);
	cr_expect_eq(c.rlimits[1].hard, UINT64_MAX - 1);
	container_release(&c);
}

Test(oci_process, terminal)
{
	struct container c;

	good("'terminal': true, 'consoleSize': {'height': 25, 'width': 80}", &c);
	cr_expect(c.terminal);
	cr_expect_eq(c.oci->console_rows, 25);
	cr_expect_eq(c.oci->console_columns, 80);
	container_release(&c);
	good("'consoleSize': {'height': 25, 'width': 80}", &c);
	cr_expect_eq(c.oci->console_rows, 0, "ignored without a terminal");
	container_release(&c);
}

Test(oci_process, labels)
{
	struct container c;

	good("'apparmorProfile': 'acme', 'selinuxLabel': 'system_u:system_r:svirt_lxc_net_t:s0:c124,c675', 'oomScoreAdj': -1000,"
	     "'noNewPrivileges': true, 'commandLine': 'for windows'",
	     &c);
	cr_expect_str_eq(c.oci->apparmor_profile, "acme");
	cr_expect_str_eq(c.oci->selinux_label, "system_u:system_r:svirt_lxc_net_t:s0:c124,c675");
	cr_expect_eq(c.oci->oom_score_adj, -1000);
	cr_expect(c.no_new_privileges);
	container_release(&c);
}

Test(oci_process, scheduler)
{
	struct container c;

	good("'scheduler': {'policy': 'SCHED_DEADLINE', 'flags': ['SCHED_FLAG_RESET_ON_FORK', 'SCHED_FLAG_DL_OVERRUN'],"
	     "'runtime': 1000000, 'deadline': 2000000, 'period': 18446744073709551615}",
	     &c);
	cr_expect(c.oci->scheduler.is_set);
	cr_expect_eq(c.oci->scheduler.policy, 6u);
	cr_expect_eq(c.oci->scheduler.flags, 5u);
	cr_expect_eq(c.oci->scheduler.runtime_ns, 1000000u);
	cr_expect_eq(c.oci->scheduler.deadline_ns, 2000000u);
	cr_expect_eq(c.oci->scheduler.period_ns, UINT64_MAX);
	container_release(&c);
	good("'scheduler': {'policy': 'SCHED_FIFO', 'priority': 99}", &c);
	cr_expect_eq(c.oci->scheduler.policy, (unsigned)SCHED_FIFO);
	cr_expect_eq(c.oci->scheduler.priority, 99u);
	container_release(&c);
	good("'scheduler': {'policy': 'SCHED_BATCH', 'nice': -20}", &c);
	cr_expect_eq(c.oci->scheduler.policy, (unsigned)SCHED_BATCH);
	cr_expect_eq(c.oci->scheduler.nice, -20);
	container_release(&c);
}

Test(oci_process, io_priority)
{
	struct container c;

	good("'ioPriority': {'class': 'IOPRIO_CLASS_IDLE'}", &c);
	cr_expect_eq(c.oci->io_class, 3);
	cr_expect_eq(c.oci->io_priority, 0);
	container_release(&c);
	good("'ioPriority': {'class': 'IOPRIO_CLASS_RT', 'priority': 7}", &c);
	cr_expect_eq(c.oci->io_class, 1);
	cr_expect_eq(c.oci->io_priority, 7);
	container_release(&c);
}

Test(oci_process, affinity)
{
	struct container c;

	good("'execCPUAffinity': {'initial': '0-3, 7', 'final': ''}", &c);
	cr_expect_str_eq(c.oci->affinity_initial, "0-3, 7");
	cr_expect_null(c.oci->affinity_final);
	container_release(&c);
}

/* exec: what process.json does not say. */
static const char full[] =
	"'terminal': true, 'consoleSize': {'height': 1, 'width': 2}, 'noNewPrivileges': true, 'oomScoreAdj': 7,"
	"'user': {'uid': 1, 'gid': 2, 'umask': 7, 'additionalGids': [9]}, 'env': ['A=b'], 'apparmorProfile': 'p', 'selinuxLabel': 'l',"
	"'capabilities': {'bounding': ['CAP_KILL']}, 'rlimits': [{'type': 'RLIMIT_CORE', 'soft': 1, 'hard': 2}],"
	"'scheduler': {'policy': 'SCHED_BATCH', 'nice': 5}, 'ioPriority': {'class': 'IOPRIO_CLASS_BE', 'priority': 3},"
	"'execCPUAffinity': {'initial': '1', 'final': '2'}";

Test(oci_process, exec_inherits)
{
	struct container c;
	struct error e = { 0 };

	good(full, &c);
	cr_assert_eq(oci_sample_process("{'cwd': '/w', 'args': ['ls']}", &c, &e), 0, "%s", e.text);
	cr_expect_str_eq(c.args.items[0], "ls");
	cr_expect_str_eq(c.working_dir, "/w");
	cr_expect_str_eq(c.user, "0:0");
	cr_expect_eq(c.env.count + c.group_add.count, 0u);
	cr_expect_not(c.terminal);
	cr_expect_not(c.no_new_privileges);
	cr_expect_eq(c.oci->console_rows, 0);
	cr_expect_eq(c.umask, 07u);
	cr_expect_eq(c.capabilities.bounding, CAPABILITY("KILL"));
	cr_expect_eq(c.rlimit_count, 1u);
	cr_expect_eq(c.oci->oom_score_adj, 7);
	cr_expect_str_eq(c.oci->apparmor_profile, "p");
	cr_expect_str_eq(c.oci->selinux_label, "l");
	cr_expect_eq(c.oci->scheduler.nice, 5);
	cr_expect_eq(c.oci->io_class, 2);
	cr_expect_str_eq(c.oci->affinity_final, "2");
	container_release(&c);
}

Test(oci_process, exec_replaces)
{
	struct container c;
	struct error e = { 0 };

	good(full, &c);
	cr_assert_eq(oci_sample_process("{'cwd': '/w', 'args': ['ls'], 'user': {'uid': 5, 'gid': 6, 'umask': 18}, 'oomScoreAdj': 0,"
					"'capabilities': {}, 'apparmorProfile': 'q', 'selinuxLabel': 'm', 'env': ['C=d'],"
					"'rlimits': [{'type': 'RLIMIT_AS', 'soft': 1, 'hard': 1}], 'scheduler': {'policy': 'SCHED_OTHER'},"
					"'ioPriority': {'class': 'IOPRIO_CLASS_RT'}, 'execCPUAffinity': {}, 'noNewPrivileges': true}",
					&c, &e), 0, "%s", e.text);
	cr_expect_str_eq(c.user, "5:6");
	cr_expect_eq(c.umask, 022u);
	cr_expect_eq(c.capabilities.bounding, 0u, "empty sets are said");
	cr_expect_eq(c.rlimits[0].resource, (int)RLIMIT_AS);
	cr_expect_eq(c.oci->oom_score_adj, 0);
	cr_expect_str_eq(c.oci->apparmor_profile, "q");
	cr_expect_str_eq(c.oci->selinux_label, "m");
	cr_expect_eq(c.oci->scheduler.nice, 0);
	cr_expect_eq(c.oci->io_class, 1);
	cr_expect_null(c.oci->affinity_initial);
	cr_expect(c.no_new_privileges);
	cr_expect_str_eq(c.env.items[0], "C=d");
	container_release(&c);
}

Test(oci_process, exec_failure_changes_nothing)
{
	struct container c;
	struct error e = { 0 };

	good(full, &c);
	cr_expect_eq(oci_sample_process("{'cwd': '/w', 'args': ['ls'],\n'rlimits': [{'type': 'RLIMIT_X', 'soft': 1, 'hard': 1}]}", &c, &e), -1);
	cr_expect_str_eq(e.text, "process.json:2: rlimits[0].type: expected a limit such as \"RLIMIT_NOFILE\", found \"RLIMIT_X\"");
	cr_expect_str_eq(c.args.items[0], "sh");
	cr_expect_str_eq(c.user, "1:2");
	container_release(&c);
}
