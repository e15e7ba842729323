/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_live.c - real groups: limits read back, limits that bite, names, records, devices.
 */
#include "tests/unit/cgroups/live.h"

Test(live, limits_read_back, .fini = end)
{
	struct cgroup_stats stats;
	struct error e = { 0 };
	struct process_end ended;
	int pidfd;

	begin("memory");
	limits.memory = 32 << 20;
	limits.pids = list_has(&host.controllers, "pids") ? 16 : LIMIT_UNSET;
	limits.cpu_quota_us = list_has(&host.controllers, "cpu") ? 50000 : LIMIT_UNSET;
	limits.cpu_weight = list_has(&host.controllers, "cpu") ? 50 : LIMIT_UNSET;
	limits.cpuset = list_has(&host.controllers, "cpuset") ? (char *)"0" : NULL;
	create();
	if (enter(&pidfd) == 0) {
		cpu_set_t set;

		if (limits.cpuset && (sched_getaffinity(0, sizeof set, &set) || CPU_COUNT(&set) != 1))
			_exit(1);
		_exit(0);
	}
	ended = reap(pidfd);
	cr_assert_eq(ended.code, 0, "exit code %d", ended.code);
	cr_assert_eq(cgroup_stats(group, &stats, &e), 0, "%s", e.text);
	cr_assert_eq(stats.memory_max, 32 << 20);
	cr_assert_neq(stats.memory_current, LIMIT_UNSET);
	cr_assert_eq(stats.oom_kills, 0);
	if (limits.pids != LIMIT_UNSET) {
		cr_assert_eq(stats.pids_max, 16);
		cr_assert_eq(stats.pids_refused, 0);
	}
	if (limits.cpu_quota_us != LIMIT_UNSET) {
		cr_assert_geq(stats.cpu_us, 0);
		cr_assert_geq(stats.cpu_throttled_periods, 0);
	}
	limits.memory = 48 << 20;
	limits.pids = limits.pids == LIMIT_UNSET ? LIMIT_UNSET : LIMIT_NONE;
	cr_assert_eq(cgroup_update(group, &limits, &e), 0, "%s", e.text);
	cr_assert_eq(cgroup_stats(group, &stats, &e), 0, "%s", e.text);
	cr_assert_eq(stats.memory_max, 48 << 20);
	if (limits.pids != LIMIT_UNSET)
		cr_assert_eq(stats.pids_max, LIMIT_NONE);
}

Test(live, quota_halves_a_busy_loop, .fini = end)
{
	struct cgroup_stats stats;
	struct error e = { 0 };
	struct timespec used;
	int pidfd;

	begin("cpu");
	limits.cpu_quota_us = 20000; /* a fifth of one cpu: also on a busy host far from what a free loop gets */
	create();
	if (enter(&pidfd) == 0) {
		long deadline = clock_ms() + 1000;

		while (clock_ms() < deadline)
			continue;
		(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
		_exit(used.tv_sec ? 100 : (int)(used.tv_nsec / 10000000));
	}
	/* The parent's own image time before the fork counts for little: percent of one second. */
	cr_assert_leq(reap(pidfd).code, 40);
	cr_assert_eq(cgroup_stats(group, &stats, &e), 0, "%s", e.text);
	cr_assert_gt(stats.cpu_throttled_periods, 0);
	cr_assert_gt(stats.cpu_us, 50000);
}

/* Touches more memory than there is. */
static _Noreturn void eat(size_t bytes)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		_exit(98);
	for (size_t i = 0; i < bytes; i += 4096)
		memory[i] = (char)i;
	_exit(0);
}

Test(live, memory_limit_kills, .fini = end)
{
	struct cgroup_stats stats;
	struct error e = { 0 };
	int pidfd;

	begin("memory");
	limits.memory = 16 << 20;
	limits.swap = 0;
	limits.swap_is_default = true;
	create();
	if (enter(&pidfd) == 0)
		eat(64 << 20);
	cr_assert_eq(reap(pidfd).signal, SIGKILL);
	cr_assert_eq(cgroup_stats(group, &stats, &e), 0, "%s", e.text);
	cr_assert_eq(stats.oom_kills, 1);
	if (stats.memory_peak != LIMIT_UNSET)
		cr_assert_geq(stats.memory_peak, 15 << 20);
}

Test(live, pids_limit_refuses, .fini = end)
{
	struct cgroup_stats stats;
	struct error e = { 0 };
	int pidfd;

	begin("pids");
	limits.pids = 4;
	create();
	if (enter(&pidfd) == 0) {
		int forks = 0;

		for (; forks < 50; forks++) {
			pid_t pid = fork();

			if (pid == 0) {
				pause();
				_exit(0);
			}
			if (pid < 0)
				break;
		}
		_exit(errno == EAGAIN ? forks : 97);
	}
	cr_assert_eq(reap(pidfd).code, 3, "one and three are four");
	cr_assert_eq(cgroup_stats(group, &stats, &e), 0, "%s", e.text);
	cr_assert_eq(stats.pids_refused, 1);
	cr_assert_eq(stats.pids_current, 3);
	cr_assert_eq(count_pids(), 3);
	cr_assert_not(cgroup_is_empty(group));
}

Test(live, a_stale_group_is_taken_over_and_a_living_one_is_not, .fini = end)
{
	struct error e = { 0 };
	struct cgroup *other = NULL;
	int pidfd;

	begin(NULL);
	create();
	cgroup_free(group); /* as if box had been killed here */
	create();
	if (enter(&pidfd) == 0) {
		pause();
		_exit(0);
	}
	for (int i = 0; i < 1000 && count_pids() < 1; i++)
		usleep(1000);
	cr_assert_eq(make(&other, &e), -1);
	cr_assert_eq(e.kind, ERROR_EXISTS, "%s", e.text);
	cr_assert_eq(count_pids(), 1, "the living one is untouched");
	cr_assert_eq(cgroup_remove(group, &e), 0, "%s", e.text);
	(void)reap(pidfd);
}

Test(live, opened_again_from_its_record, .fini = end)
{
	struct text record = { 0 };
	struct cgroup *made;
	struct error e = { 0 };
	int pidfd;

	begin(NULL);
	create();
	made = group;
	cgroup_record(made, &record);
	cr_assert_eq(cgroup_open(record.data, &group, &e), 0, "%s", e.text);
	cgroup_free(made);
	text_release(&record);
	if (enter(&pidfd) == 0)
		_exit(count_pids() == 1 ? 7 : 8);
	cr_assert_eq(reap(pidfd).code, 7);
}

Test(live, a_kernel_file_is_no_name)
{
	struct error e = { 0 };

	begin(NULL);
	(void)snprintf(group_at, sizeof group_at, "/box/cgroup.procs");
	cr_assert_eq(make(&group, &e), -1);
	cr_assert(strstr(e.text, "choose another name"), "%s", e.text);
	group = NULL;
	cgroup_host_release(&host);
}

Test(live, a_failed_limit_leaves_nothing)
{
	struct layout layout = { 0 };
	struct error e = { 0 };
	struct cgroup *none = NULL;
	struct stat st;

	begin("cpuset");
	limits.cpuset = (char *)"4000-4001";
	limits.pids = 5;
	cr_assert_eq(make(&none, &e), -1);
	cr_assert_null(none);
	cr_assert_str_eq(e.field, "resources.limits.cpuset");
	cr_assert(strstr(e.text, "limit cpuset to 4000-4001 (cpuset.cpus of cgroup v"), "%s", e.text);
	cr_assert_eq(layout_find(&layout, &e), 0);
	cr_assert_gt(layout.count, 0);
	for (size_t i = 0; i < layout.count; i++) {
		char *path = text_format("%s%s", layout.trees[i].root, group_at);

		cr_assert_neq(stat(path, &st), 0, "%s is left", path);
		free(path);
	}
	layout_release(&layout);
	cgroup_host_release(&host);
}

Test(live, device_rules, .fini = end)
{
	static const struct device_rule kmsg[] = { { false, 'a', -1, -1, "rwm" }, { true, 'c', 1, 11, "rw" } };
	static const struct device_rule all[] = { { true, 'a', -1, -1, "rwm" } };
	struct error e = { 0 };
	char found[64];

	begin("devices");
	if (geteuid())
		cr_skip_test("device rules need root");
	if (access("/dev/kmsg", R_OK))
		cr_skip_test("this host has no /dev/kmsg");
	create();
	cr_assert_eq(cgroup_devices(group, NULL, 0, &e), 0, "%s", e.text);
	opens(found);
	cr_assert_str_eq(found, "null zero ", "the standard nodes open: %s", found);
	/* Set again they are replaced, not added to. */
	cr_assert_eq(cgroup_devices(group, kmsg, 2, &e), 0, "%s", e.text);
	opens(found);
	cr_assert_str_eq(found, "null kmsg zero ");
	cr_assert_eq(cgroup_devices(group, NULL, 0, &e), 0, "%s", e.text);
	opens(found);
	cr_assert_str_eq(found, "null zero ");
	cr_assert_eq(cgroup_devices(group, all, 1, &e), 0, "%s", e.text);
	opens(found);
	cr_assert_str_eq(found, "null kmsg zero ");
}

/* Boxes that come and go at once: the last one out removes the parent that the next one is just opening. */
Test(live, parents_come_and_go, .timeout = 60)
{
	enum { PROCESSES = 4, ROUNDS = 60 };
	pid_t children[PROCESSES];

	begin(NULL);
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		if (children[i])
			continue;
		name_group();
		for (int round = 0; round < ROUNDS; round++) {
			struct error e = { 0 };

			if (make(&group, &e) || cgroup_remove(group, &e)) {
				(void)!write(2, e.text, strlen(e.text));
				_exit(1);
			}
			cgroup_free(group);
		}
		_exit(0);
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status = -1;

		cr_assert_eq(waitpid(children[i], &status, 0), children[i]);
		cr_assert_eq(status, 0, "box %d", i);
	}
	cgroup_host_release(&host);
}
