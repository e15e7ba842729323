/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_oci.c - real groups as an OCI runtime makes them: at any path, in every tree, below groups that stay.
 */
#include "tests/unit/cgroups/live.h"

static char above[64];

static void begin_at(const char *needed, const char *below)
{
	begin(needed);
	joins_all = true;
	(void)snprintf(above, sizeof above, "/box-unit-%d", (int)getpid());
	(void)snprintf(group_at, sizeof group_at, "%s%s", above, below);
}

/* The groups above are not box's to remove: the test's. */
static void end_all(void)
{
	struct list roots = { 0 };

	for (size_t i = 0; group && i < group->count; i++)
		list_add(&roots, group->branches[i].tree.root);
	end();
	for (size_t i = 0; i < roots.count; i++) {
		char *middle = text_format("%s%s/middle", roots.items[i], above), *top = text_format("%s%s", roots.items[i], above);

		(void)rmdir(middle);
		cr_assert_eq(rmdir(top), 0, "remove %s: %m", top);
		free(middle);
		free(top);
	}
	list_release(&roots);
}

Test(oci, every_tree_is_joined, .fini = end_all)
{
	struct layout layout = { 0 };
	struct error e = { 0 };
	struct text own = { 0 };
	int pidfd, pipes[2];
	char byte;
	pid_t pid;

	begin_at(NULL, "/middle/leaf");
	create();
	cr_assert_eq(layout_find(&layout, &e), 0);
	cr_assert_eq(group->count, layout.count);
	layout_release(&layout);
	cr_assert_eq(pipe2(pipes, O_CLOEXEC), 0);
	pid = enter(&pidfd);
	if (pid == 0) {
		(void)!write(pipes[1], "x", 1);
		pause();
		_exit(0);
	}
	cr_assert_eq(read(pipes[0], &byte, 1), 1);
	{
		char *path = text_format("/proc/%d/cgroup", (int)pid);

		cr_assert_eq(file_read(AT_FDCWD, path, 65536, &own, &e), 0, "%s", e.text);
		free(path);
	}
	for (size_t i = 0; i < group->count; i++)
		for (unsigned c = 0; c < CONTROLLER_COUNT; c++)
			if (!group->branches[i].tree.is_v2 && (group->branches[i].tree.controllers & CONTROLLER_BIT(c))) {
				char *line = text_format(":%s:%s\n", group->branches[i].tree.options, group_at);

				cr_assert(strstr(own.data, line), "%s is not in %s", line, own.data);
				free(line);
			}
	text_release(&own);
	cr_assert_eq(cgroup_kill(group, SIGKILL, &e), 0, "%s", e.text);
	(void)reap(pidfd);
}

Test(oci, an_empty_group_stays_and_a_living_one_is_refused, .fini = end_all)
{
	struct error e = { 0 };
	struct cgroup *other = NULL;
	int pidfd;

	begin_at(NULL, "/leaf");
	create();
	/* What an engine has set there is kept. */
	if (group_branch(group, CONTROLLER_MEMORY) && !group_branch(group, CONTROLLER_MEMORY)->tree.is_v2)
		cr_assert_eq(group_write(group_branch(group, CONTROLLER_MEMORY), "memory.limit_in_bytes", "33554432"), 0);
	cgroup_free(group);
	create();
	if (group_branch(group, CONTROLLER_MEMORY) && !group_branch(group, CONTROLLER_MEMORY)->tree.is_v2) {
		struct cgroup_stats stats;

		cr_assert_eq(cgroup_stats(group, &stats, &e), 0);
		cr_assert_eq(stats.memory_max, 33554432);
	}
	if (enter(&pidfd) == 0) {
		pause();
		_exit(0);
	}
	for (int i = 0; i < 1000 && count_pids() < 1; i++)
		usleep(1000);
	cr_assert_eq(make(&other, &e), -1);
	cr_assert_eq(e.kind, ERROR_EXISTS, "%s", e.text);
	cr_assert(strstr(e.text, "container's cgroup is not empty: 1 process(es) found"), "%s", e.text);
	cr_assert_eq(count_pids(), 1, "the living one is untouched");
	cr_assert_eq(cgroup_remove(group, &e), 0, "%s", e.text);
	(void)reap(pidfd);
}

/* A container with writable cgroups: more groups below its own than a recursion would go down, one with a process, frozen by itself. */
Test(oci, what_the_container_made_below_goes, .fini = end_all, .timeout = 30)
{
	enum { DEPTH = 100 };
	const struct branch *branch;
	struct error e = { 0 };
	int pidfd, at;
	pid_t pid;

	begin_at(NULL, "/leaf");
	create();
	branch = group_branch(group, CONTROLLER_FREEZER);
	if (!branch)
		cr_skip_test("no freezer");
	at = dup(branch->folder);
	for (int i = 0; i < DEPTH; i++) {
		int next;

		cr_assert_eq(mkdirat(at, "x", 0755), 0, "%m");
		next = openat(at, "x", O_PATH | O_CLOEXEC);
		cr_assert_geq(next, 0);
		close(at);
		at = next;
	}
	pid = enter(&pidfd);
	if (pid == 0) {
		pause();
		_exit(0);
	}
	{
		char *number = text_format("%d", (int)pid);

		for (int i = 0; i < 1000 && count_pids() < 1; i++)
			usleep(1000);
		cr_assert_eq(file_poke(at, "cgroup.procs", number), 0, "%m");
		free(number);
	}
	cr_assert_eq(file_poke(at, branch->tree.is_v2 ? "cgroup.freeze" : "freezer.state", branch->tree.is_v2 ? "1" : "FROZEN"), 0, "%m");
	close(at);
	cr_assert_eq(cgroup_remove(group, &e), 0, "%s", e.text);
	cr_assert_eq(reap(pidfd).signal, SIGKILL);
}

Test(oci, a_frozen_process_dies_when_let, .fini = end_all)
{
	struct error e = { 0 };
	int pidfd;

	begin_at(NULL, "/leaf");
	create();
	if (enter(&pidfd) == 0) {
		pause();
		_exit(0);
	}
	for (int i = 0; i < 1000 && count_pids() < 1; i++)
		usleep(1000);
	cr_assert_eq(cgroup_freeze(group, true, &e), 0, "%s", e.text);
	cr_assert_eq(process_signal(pidfd, SIGKILL), 0);
	cr_assert_eq(cgroup_let_die(group, &e), 0, "%s", e.text);
	cr_assert_eq(reap(pidfd).signal, SIGKILL);
}

/* Both limits rise and fall together; the kernel wants them written in a different order each time. */
Test(oci, memory_and_swap_rise_and_fall, .fini = end_all)
{
	static const int64_t sizes[][2] = { { 32, 48 }, { 128, 256 }, { 16, 24 }, { 16, 16 }, { 64, 64 }, { -1, 0 }, { 32, 64 } };
	struct cgroup_stats stats;
	struct error e = { 0 };

	begin_at("memory", "/leaf");
	create();
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		int64_t memory = sizes[i][0], both = sizes[i][1];

		limits.memory = memory > 0 ? memory << 20 : memory;
		limits.memory_and_swap = both << 20;
		cr_assert_eq(cgroup_update(group, &limits, &e), 0, "%zu: %s", i, e.text);
		cr_assert_eq(cgroup_stats(group, &stats, &e), 0);
		cr_assert_eq(stats.memory_max, memory > 0 ? memory << 20 : LIMIT_NONE);
		if (stats.swap_max != LIMIT_UNSET)
			cr_assert_eq(stats.swap_max, memory > 0 ? (both - memory) << 20 : LIMIT_NONE, "%zu", i);
	}
}

Test(oci, cpu_period_quota_and_burst_rise_and_fall, .fini = end_all)
{
	static const int64_t values[][3] = { { 50000, 100000, 20000 }, { 10000, 20000, 1000 }, { 400000, 400000, 300000 }, { 5000, 5000, 0 } };
	struct error e = { 0 };

	begin_at("cpu", "/leaf");
	create();
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		limits.cpu_quota_us = values[i][0];
		limits.cpu_period_us = values[i][1];
		limits.cpu_burst_us = values[i][2];
		cr_assert_eq(cgroup_update(group, &limits, &e), 0, "%zu: %s", i, e.text);
	}
}

/* Where v1 has the devices controller, a v2 group beside it filters all the same: so the program can be tried on such a host. */
Test(oci, device_rules_of_v2, .fini = end_all)
{
	static const struct device_rule kmsg[] = { { true, 'c', 1, 11, "rw" }, { false, 'c', 1, 11, "w" } };
	static const struct device_rule all[] = { { true, 'a', -1, -1, "rwm" } };
	struct branch *v2 = NULL;
	struct error e = { 0 };
	char found[64];

	begin_at("devices", "/leaf");
	create();
	for (size_t i = 0; i < group->count; i++) {
		group->branches[i].tree.controllers &= ~CONTROLLER_BIT(CONTROLLER_DEVICES);
		if (group->branches[i].tree.is_v2)
			v2 = &group->branches[i];
	}
	if (!v2 || geteuid() || access("/dev/kmsg", R_OK))
		cr_skip_test("needs root, a v2 tree and /dev/kmsg");
	v2->tree.controllers |= CONTROLLER_BIT(CONTROLLER_DEVICES);
	cr_assert_eq(cgroup_devices(group, NULL, 0, &e), 0, "%s", e.text);
	opens(found);
	if (strcmp(found, "null kmsg zero ") == 0)
		cr_skip_test("bpf(2) is not allowed here");
	cr_assert_str_eq(found, "null zero ");
	cr_assert_eq(cgroup_devices(group, kmsg, 2, &e), 0, "%s", e.text);
	opens(found);
	cr_assert_str_eq(found, "null kmsg zero ", "the former program is gone: %s", found);
	cr_assert_eq(cgroup_devices(group, NULL, 0, &e), 0, "%s", e.text);
	opens(found);
	cr_assert_str_eq(found, "null zero ");
	cr_assert_eq(cgroup_devices(group, all, 1, &e), 0, "%s", e.text);
	opens(found);
	cr_assert_str_eq(found, "null kmsg zero ");
}
