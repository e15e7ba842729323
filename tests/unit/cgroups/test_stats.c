/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_stats.c - one figure out of a cgroup file.
 */
#include <criterion/criterion.h>

#include "cgroups/stats.h"
#include "specs/limits.h"

static const char io_stat[] =
	"8:0 rbytes=100 wbytes=20 rios=3 wios=4 dbytes=0 dios=0\n254:0 rbytes=11 wbytes=0 rios=1 wios=0\n";
static const char io_service[] = "8:0 Read 4096\n8:0 Write 10\n8:0 Sync 1\n8:16 Read 4\nTotal 4111\n";

static const struct {
	const char *text, *key;
	bool is_sum;
	int64_t value;
} cases[] = {
	{ "4096\n", NULL, false, 4096 },
	{ "0\n", NULL, false, 0 },
	{ "max\n", NULL, false, LIMIT_NONE },
	{ "9223372036854771712\n", NULL, false, LIMIT_NONE },
	{ "99999999999999999999\n", NULL, false, LIMIT_NONE },
	{ "", NULL, false, LIMIT_UNSET },
	{ "-1\n", NULL, false, LIMIT_UNSET },
	{ "low 1\noom 2\noom_kill 3\noom_group_kill 4\n", "oom_kill", false, 3 },
	{ "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n", "oom_kill", false, 7 },
	{ "oom_kill_disable 0\n", "oom_kill", false, LIMIT_UNSET },
	{ "max 12\n", "max", false, 12 },
	{ io_stat, "rbytes", true, 111 },
	{ io_stat, "wios", true, 4 },
	{ io_service, "Read", true, 4100 },
	{ io_service, "Write", true, 10 },
	{ "", "Read", true, 0 },
};

Test(stats, parse)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_assert_eq(stats_parse(cases[i].text, cases[i].key, cases[i].is_sum), cases[i].value,
			     "case %zu gives %lld", i,
			     (long long)stats_parse(cases[i].text, cases[i].key, cases[i].is_sum));
}
