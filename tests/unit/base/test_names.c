/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_names.c - numbers of the kernel and their names, both ways.
 */
#include <criterion/criterion.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/names.h"

Test(names, signals)
{
	cr_expect_eq(signal_number("SIGTERM"), SIGTERM);
	cr_expect_eq(signal_number("TERM"), SIGTERM);
	cr_expect_eq(signal_number("term"), SIGTERM);
	cr_expect_eq(signal_number("15"), SIGTERM);
	cr_expect_eq(signal_number("SIGRTMIN+3"), SIGRTMIN + 3);
	cr_expect_eq(signal_number("KILL"), SIGKILL);
	for (const char *const *bad = (const char *const[]){ "", "0", "-9", "65", "SIG", "SIGNOPE", "TERM ", "9x", "SIGRTMIN+99", NULL };
	     *bad; bad++)
		cr_expect_eq(signal_number(*bad), -1, "\"%s\" was taken", *bad);
	cr_expect_str_eq(signal_name(15), "SIGTERM");
	cr_expect_str_eq(signal_name(99), "signal 99");
}

Test(names, every_signal_goes_both_ways)
{
	for (int i = 1; i < 32; i++)
		cr_expect_eq(signal_number(signal_name(i)), i, "%d is %s", i, signal_name(i));
}

Test(names, capabilities)
{
	cr_expect_eq(capability_number("NET_ADMIN"), CAP_NET_ADMIN);
	cr_expect_eq(capability_number("cap_net_admin"), CAP_NET_ADMIN);
	cr_expect_eq(capability_number("CAP_CHECKPOINT_RESTORE"), CAP_CHECKPOINT_RESTORE);
	cr_expect_eq(capability_number("NET"), -1);
	cr_expect_eq(capability_number(""), -1);
	cr_expect_eq(capability_number("ALL"), -1);
	cr_expect_str_eq(capability_name(CAP_SYS_ADMIN), "SYS_ADMIN");
	cr_expect_null(capability_name(CAPABILITY_COUNT));
	cr_expect_null(capability_name(-1));
	for (int i = 0; i < CAPABILITY_COUNT; i++)
		cr_expect_eq(capability_number(capability_name(i)), i);
}

Test(names, limits)
{
	cr_expect_eq(rlimit_number("nofile"), RLIMIT_NOFILE);
	cr_expect_eq(rlimit_number("RLIMIT_NOFILE"), RLIMIT_NOFILE);
	cr_expect_eq(rlimit_number("files"), -1);
	cr_expect_str_eq(rlimit_name(RLIMIT_NPROC), "nproc");
	for (int i = 0; i < (int)RLIM_NLIMITS; i++)
		cr_expect_eq(rlimit_number(rlimit_name(i)), i, "limit %d is %s", i, rlimit_name(i));
}
