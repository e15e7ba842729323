/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_figures.c - the network's counters, and the share of a processor.
 */
#include <criterion/criterion.h>

#include "runtime/figures.h"
#include "specs/limits.h"

Test(figures, all_interfaces_but_loopback_are_added)
{
	static const char text[] = "Inter-|   Receive                                                |  Transmit\n"
				   " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets\n"
				   "    lo:     999       9    0    0    0     0          0         0      999       9    0    0    0     0       0          0\n"
				   "  eth0:    1000      10    0    0    0     0          0         0     2000      20    0    0    0     0       0          0\n"
				   "lo2:7 1 0 0 0 0 0 0 30 1 0 0 0 0 0 0\n";
	int64_t received = 0, sent = 0;

	figures_add_network(text, &received, &sent);
	cr_expect_eq(received, 1007);
	cr_expect_eq(sent, 2030);
}

Test(figures, lines_that_end_early_count_what_they_have)
{
	int64_t received = 0, sent = 0;

	figures_add_network("\n\neth0: 5", &received, &sent);
	figures_add_network("\n\neth0", &received, &sent);
	figures_add_network("", &received, &sent);
	cr_expect_eq(received, 5);
	cr_expect_eq(sent, 0);
}

Test(figures, the_share_of_a_processor_takes_two_readings)
{
	struct figures before = { .group.cpu_us = 1000, .now_us = 0 }, after = { .group.cpu_us = 501000, .now_us = 1000000 };

	cr_expect_eq(figures_cpu_share(&before, &after), 5000);
	cr_expect_eq(figures_cpu_share(&before, &before), 0);
	after.group.cpu_us = LIMIT_UNSET;
	cr_expect_eq(figures_cpu_share(&before, &after), 0);
}
