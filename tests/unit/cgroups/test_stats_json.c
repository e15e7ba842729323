/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_stats_json.c - the kernel's files as runc's JSON: part by part, and whole from a living group.
 */
#include <jansson.h>

#include "cgroups/stats_json.h"
#include "cgroups/stats_lines.h"
#include "tests/unit/cgroups/live.h"

#define EXPECT(call, json)                                 \
	do {                                               \
		struct text out = { 0 };                   \
                                                           \
		call;                                      \
		cr_expect_str_eq(out.data, json, "%s", out.data); \
		text_release(&out);                        \
	} while (0)

Test(stats_json, numbers)
{
	cr_expect_eq(lines_number("12\n"), 12);
	cr_expect_eq(lines_number("max\n"), UINT64_MAX);
	cr_expect_eq(lines_number("9223372036854771712\n"), 9223372036854771712U);
	cr_expect_eq(lines_number(""), 0);
	cr_expect_eq(lines_number(NULL), 0);
	cr_expect_eq(lines_key("a 1\nab 2\n", "ab"), 2);
	cr_expect_eq(lines_key("a 1\nab 2", "b"), 0);
	cr_expect_eq(lines_key(NULL, "b"), 0);
}

Test(stats_json, parts)
{
	EXPECT(lines_add_set(&out, "0-2,5\n"), "[0,1,2,5]");
	EXPECT(lines_add_set(&out, "\n"), "[]");
	EXPECT(lines_add_set(&out, "3-1,-"), "[]");
	EXPECT(lines_add_row(&out, "1 22 333 \n"), "[1,22,333]");
	EXPECT(lines_add_row(&out, ""), "[]");
	EXPECT(lines_add_object(&out, "cache 0\nrss 4096\nbroken\nx -\n"), "{\"cache\":0,\"rss\":4096}");
	EXPECT(lines_add_blkio(&out, "8:0 Read 17\n0:1 Total 0\n8:16 5\nTotal 17\n"),
	       "[{\"major\":8,\"op\":\"Read\",\"value\":17},{\"minor\":1,\"op\":\"Total\"},{\"major\":8,\"minor\":16,\"value\":5}]");
	EXPECT(lines_add_io(&out, "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n8:16 \n8:32 rbytes=7\n", "rbytes", "wbytes"),
	       "[{\"major\":8,\"op\":\"Read\",\"value\":1},{\"major\":8,\"op\":\"Write\",\"value\":2},"
	       "{\"major\":8,\"minor\":32,\"op\":\"Read\",\"value\":7}]");
	EXPECT(lines_add_io(&out, "8:0 rbytes=1 wbytes=2 rios=3 wios=4\n", "rios", "wios"),
	       "[{\"major\":8,\"op\":\"Read\",\"value\":3},{\"major\":8,\"op\":\"Write\",\"value\":4}]");
}

Test(stats_json, of_nothing_is_json)
{
	struct cgroup nothing = { .path = (char *)"/x" };
	struct text out = { 0 };
	struct error e = { 0 };
	json_t *json;

	cr_assert_eq(cgroup_stats_json(&nothing, "a\"b", &out, &e), 0);
	json = json_loads(out.data, JSON_REJECT_DUPLICATES, NULL);
	cr_assert_not_null(json, "%s", out.data);
	cr_expect_str_eq(json_string_value(json_object_get(json, "id")), "a\"b");
	cr_expect_eq(json_object_size(json_object_get(json, "data")), 8);
	json_decref(json);
	text_release(&out);
}

Test(stats_json, of_a_living_group, .fini = end)
{
	struct text out = { 0 };
	struct error e = { 0 };
	json_t *json, *data, *memory_json;
	int pidfd;

	begin("memory");
	joins_all = true;
	limits.memory = 64 << 20;
	limits.pids = list_has(&host.controllers, "pids") ? 20 : LIMIT_UNSET;
	create();
	if (enter(&pidfd) == 0) {
		char *memory = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		for (long i = 0; memory != MAP_FAILED && i < 20L << 20; i++)
			memory[i % (4 << 20)] = (char)i;
		pause();
		_exit(0);
	}
	usleep(200000);
	cr_assert_eq(cgroup_stats_json(group, name, &out, &e), 0, "%s", e.text);
	cr_assert_eq(cgroup_kill(group, SIGKILL, &e), 0, "%s", e.text);
	(void)reap(pidfd);
	json = json_loads(out.data, JSON_REJECT_DUPLICATES, NULL);
	cr_assert_not_null(json, "%s", out.data);
	cr_expect_str_eq(json_string_value(json_object_get(json, "type")), "stats");
	data = json_object_get(json, "data");
	cr_expect_gt(json_integer_value(json_object_get(json_object_get(json_object_get(data, "cpu"), "usage"), "total")), 1000000);
	memory_json = json_object_get(data, "memory");
	cr_expect_eq(json_integer_value(json_object_get(json_object_get(memory_json, "usage"), "limit")), 64 << 20);
	cr_expect_gt(json_integer_value(json_object_get(json_object_get(memory_json, "usage"), "usage")), 0);
	cr_expect_gt(json_object_size(json_object_get(memory_json, "raw")), 5);
	if (limits.pids != LIMIT_UNSET) {
		cr_expect_eq(json_integer_value(json_object_get(json_object_get(data, "pids"), "limit")), 20);
		cr_expect_eq(json_integer_value(json_object_get(json_object_get(data, "pids"), "current")), 1);
	}
	json_decref(json);
	text_release(&out);
}
