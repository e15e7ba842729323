/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_oci_block.c - the "oci" block of app.json: what it changes in the container, what it leaves, what it refuses.
 */
#include <linux/mempolicy.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/resource.h>

#include "tests/unit/specs/scratch_app.h"

TestSuite(oci_block, .init = begin, .fini = end);

static const char *sysctl_of(const struct container *c, const char *key)
{
	const char *value = NULL;

	for (size_t i = 0; i < c->sysctl_count; i++)
		if (strcmp(c->sysctls[i].key, key) == 0)
			value = c->sysctls[i].value;
	return value;
}

static const struct rlimit_entry *rlimit_of(const struct container *c, int resource)
{
	for (size_t i = 0; i < c->rlimit_count; i++)
		if (c->rlimits[i].resource == resource)
			return &c->rlimits[i];
	return NULL;
}

Test(oci_block, nothing_said)
{
	struct container plain = make(""), empty = make("\"oci\": {}"), nulls = make("\"oci\": {\"linux\": {}, \"process\": {}}");

	cr_expect_null(plain.block);
	cr_expect_null(empty.block);
	cr_assert_not_null(nulls.block);
	cr_expect_null(nulls.oci, "it is still an app");
	cr_expect_eq(nulls.block->oom_score_adj, LIMIT_UNSET);
	cr_expect_eq(nulls.block->personality, -1);
	cr_expect_eq(nulls.block->memory_policy, -1);
	cr_expect_eq(nulls.masked_paths.count, plain.masked_paths.count);
	cr_expect_eq(nulls.read_only_paths.count, plain.read_only_paths.count);
	cr_expect_eq(nulls.limits.pids, plain.limits.pids);
	cr_expect(nulls.limits.pids_is_default);
	cr_expect_eq(nulls.limits.swap, plain.limits.swap);
	cr_expect_eq(nulls.sysctl_count, plain.sysctl_count);
	cr_expect_eq(nulls.rlimit_count, plain.rlimit_count);
	cr_expect_eq(nulls.capabilities.bounding, plain.capabilities.bounding);
	cr_expect_eq(nulls.namespaces[NAMESPACE_USER].choice, NAMESPACE_NEW);
	container_release(&plain);
	container_release(&empty);
	container_release(&nulls);
}

Test(oci_block, process)
{
	struct container c = make("\"ulimits\": {\"nofile\": 100, \"nproc\": 50}, \"oci\": {\"process\": {\"oomScoreAdj\": 500, "
				  "\"rlimits\": [{\"type\": \"RLIMIT_NOFILE\", \"soft\": 7, \"hard\": 9}, {\"type\": \"RLIMIT_STACK\", \"soft\": 1, \"hard\": 2}], "
				  "\"scheduler\": {\"policy\": \"SCHED_BATCH\", \"nice\": 5}, \"ioPriority\": {\"class\": \"IOPRIO_CLASS_BE\", \"priority\": 6}}}");

	cr_assert_not_null(rlimit_of(&c, RLIMIT_NOFILE));
	cr_expect_eq(rlimit_of(&c, RLIMIT_NOFILE)->soft, 7);
	cr_expect_eq(rlimit_of(&c, RLIMIT_NOFILE)->hard, 9);
	cr_expect_eq(rlimit_of(&c, RLIMIT_NPROC)->hard, 50, "what the block does not name stays");
	cr_assert_not_null(rlimit_of(&c, RLIMIT_STACK));
	cr_expect_eq(rlimit_of(&c, RLIMIT_CORE)->hard, 0);
	cr_expect_eq(c.rlimit_count, 4);
	cr_expect_eq(c.block->oom_score_adj, 500);
	cr_expect(c.block->scheduler.is_set);
	cr_expect_eq(c.block->scheduler.policy, (unsigned)SCHED_BATCH);
	cr_expect_eq(c.block->scheduler.nice, 5);
	cr_expect_eq(c.block->io_class, 2);
	cr_expect_eq(c.block->io_priority, 6);
	container_release(&c);
}

Test(oci_block, kernel)
{
	struct container c = make("\"sysctls\": {\"net.core.somaxconn\": 1}, \"oci\": {\"domainname\": \"d\", \"linux\": {"
				  "\"sysctl\": {\"net.core.somaxconn\": \"2\", \"kernel.msgmax\": \"3\"}, \"maskedPaths\": [\"/m\"], "
				  "\"personality\": {\"domain\": \"LINUX32\"}, \"memoryPolicy\": {\"mode\": \"MPOL_BIND\", \"nodes\": \"0\"}, "
				  "\"timeOffsets\": {\"boottime\": {\"secs\": 60}}}}");
	struct container plain = make("");

	cr_expect_str_eq(sysctl_of(&c, "net.core.somaxconn"), "2", "the last one is written last");
	cr_expect_str_eq(sysctl_of(&c, "kernel.msgmax"), "3");
	cr_assert_eq(c.masked_paths.count, 1u, "a list replaces the list");
	cr_expect_str_eq(c.masked_paths.items[0], "/m");
	cr_expect_eq(c.read_only_paths.count, plain.read_only_paths.count);
	cr_expect_str_eq(c.block->domainname, "d");
	cr_expect_eq(c.block->personality, PER_LINUX32);
	cr_expect_eq(c.block->memory_policy, MPOL_BIND);
	cr_expect(c.block->has_time_offsets);
	cr_expect_eq(c.block->boottime_offset_s, 60);
	cr_expect_eq(container_extra(&c), c.block);
	container_release(&c);
	container_release(&plain);
}

Test(oci_block, an_empty_list_takes_the_masks_away)
{
	struct container c = make("\"oci\": {\"linux\": {\"maskedPaths\": [], \"readonlyPaths\": null}}"), plain = make("");

	cr_expect_eq(c.masked_paths.count, 0u);
	cr_expect_eq(c.read_only_paths.count, plain.read_only_paths.count, "null says nothing");
	container_release(&c);
	container_release(&plain);
}

Test(oci_block, limits)
{
	struct container c = make("\"resources\": {\"limits\": {\"memory\": \"64m\", \"cpus\": 1, \"cpu_weight\": 50, \"io_weight\": 70, "
				  "\"pids\": 9, \"cpuset\": \"0\"}}, "
				  "\"oci\": {\"linux\": {\"resources\": {\"memory\": {\"limit\": 33554432, \"swap\": 67108864}, "
				  "\"cpu\": {\"shares\": 512, \"burst\": 0}, "
				  "\"pids\": {\"limit\": 20}, \"blockIO\": {\"weight\": 300}, \"unified\": {\"memory.high\": \"1\"}}}}");

	cr_expect_eq(c.limits.memory, 33554432);
	cr_expect_eq(c.limits.memory_and_swap, 67108864);
	cr_expect_eq(c.limits.swap, LIMIT_UNSET, "said in the other unit");
	cr_expect_not(c.limits.swap_is_default);
	cr_expect_eq(c.limits.cpu_quota_us, 100000, "not in the block");
	cr_expect_eq(c.limits.cpu_period_us, 100000);
	cr_expect_eq(c.limits.cpu_shares, 512);
	cr_expect_eq(c.limits.cpu_weight, LIMIT_UNSET);
	cr_expect_eq(c.limits.cpu_burst_us, 0);
	cr_expect_eq(c.limits.blkio_weight, 300);
	cr_expect_eq(c.limits.io_weight, LIMIT_UNSET);
	cr_expect_eq(c.limits.pids, 20);
	cr_expect_not(c.limits.pids_is_default);
	cr_expect_str_eq(c.limits.cpuset, "0");
	cr_expect_str_eq(list_env_get(&c.limits.unified, "memory.high"), "1");
	container_release(&c);
	c = make("\"oci\": {\"linux\": {\"resources\": {\"memory\": {\"limit\": 33554432}}}}");
	cr_expect_eq(c.limits.swap, 0, "no swap beside a limit, as in app.json itself");
	cr_expect(c.limits.swap_is_default);
	cr_expect(c.limits.pids_is_default);
	container_release(&c);
}

Test(oci_block, refused)
{
	static const struct {
		const char *members, *text;
	} cases[] = {
		{ "\"oci\": {\"linux\": {\"sysctls\": {}}}", "oci.linux.sysctls: unknown field \"sysctls\": did you mean \"sysctl\"?" },
		{ "\"oci\": {\"process\": {\"capabilities\": {}}}",
		  "oci.process.capabilities: app.json says this itself: write \"cap_add\" and \"cap_drop\"" },
		{ "\"oci\": {\"linux\": {\"seccomp\": {}}}",
		  "oci.linux.seccomp: app.json says this itself: write \"security\": {\"seccomp\": \"./profile.json\"}" },
		{ "\"oci\": {\"hooks\": {}}", "oci.hooks: box runs no hooks for an app" },
		{ "\"oci\": {\"linux\": {\"resources\": {\"devices\": [{\"allow\": true, \"access\": \"rwm\"}]}}}",
		  "oci.linux.resources.devices: app.json says this itself: write \"devices\"" },
		{ "\"oci\": {\"linux\": {\"sysctl\": {\"kernel.core_pattern\": \"x\"}}}",
		  "oci.linux.sysctl.kernel.core_pattern: kernel.core_pattern is no setting of a namespace: it would change the host's" },
		{ "\"network_mode\": \"host\", \"oci\": {\"linux\": {\"sysctl\": {\"net.core.somaxconn\": \"1\"}}}",
		  "oci.linux.sysctl.net.core.somaxconn: net.core.somaxconn needs a namespace of its own: linux.namespaces has no \"network\"" },
		{ "\"oci\": {\"linux\": {\"maskedPaths\": [\"m\"]}}", "oci.linux.maskedPaths[0]: expected an absolute path, found \"m\"" },
		{ "\"oci\": {\"process\": {\"rlimits\": [{\"type\": \"NOFILE\", \"soft\": 1, \"hard\": 1}]}}",
		  "oci.process.rlimits[0].type: expected a limit such as \"RLIMIT_NOFILE\", found \"NOFILE\"" },
		{ "\"oci\": {\"process\": {\"scheduler\": {\"policy\": \"SCHED_FIFO\"}}}",
		  "oci.process.scheduler: SCHED_FIFO needs a priority from 1 to 99" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct container c = { 0 };
		struct error e = { 0 };
		char *expected = text_format("app.json:2: %s", cases[i].text);

		cr_expect_eq(try(cases[i].members, NULL, NULL, &c, &e), -1, "%s", cases[i].members);
		cr_expect_str_eq(e.text, expected);
		free(expected);
	}
}

Test(oci_block, config_prints_it_again)
{
	struct text once = { 0 }, twice = { 0 };
	struct app *app = NULL;
	struct error e = { 0 };

	put("app.json", "{\"name\": \"web\", \"rootfs\": \"/r\", \"oci\": {\"domainname\": \"a$${b}\", \"linux\": {\"maskedPaths\": []}}}");
	cr_assert_eq(app_load("app.json", NULL, &app, &e), 0, "%s", e.text);
	app_dump(app, &once);
	app_free(app);
	cr_expect_not_null(strstr(once.data, "a$${b}"));
	put("app.json", once.data);
	cr_assert_eq(app_load("app.json", NULL, &app, &e), 0, "%s", e.text);
	app_dump(app, &twice);
	app_free(app);
	cr_expect_str_eq(once.data, twice.data);
	text_release(&once);
	text_release(&twice);
}
