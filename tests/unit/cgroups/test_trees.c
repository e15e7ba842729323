/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_trees.c - the kernel's texts about cgroups.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/host.h"

static const char hybrid[] =
	"31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
	"32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
	"35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
	"38 31 0:35 / /sys/fs/cgroup/blkio rw,relatime - cgroup cgroup rw,xattr,release_agent=/x,blkio,net_cls\n"
	"40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd\n"
	"41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n"
	"50 23 0:32 /docker/1 /mnt/again rw - cgroup cgroup rw,memory\n";

static const char pure[] = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
			   "29 23 0:26 / /sys/fs/cg\\040roup rw,nosuid shared:4 master:2 - cgroup2 cgroup2 rw\n";

Test(trees, hybrid)
{
	struct layout layout = { 0 };
	size_t read_only;
	const struct tree *tree;

	layout_parse(&layout, hybrid, &read_only);
	cr_assert_eq(layout.version, CGROUP_HYBRID);
	cr_assert_eq(read_only, 0);
	cr_assert_eq(layout.count, 5, "%zu: the second memory is left out", layout.count);
	cr_assert_str_eq(layout_tree(&layout, CONTROLLER_SYSTEMD)->options, "name=systemd");
	tree = layout_tree(&layout, CONTROLLER_CPU);
	cr_assert_eq(tree, layout_tree(&layout, CONTROLLER_CPUACCT));
	cr_assert_str_eq(tree->root, "/sys/fs/cgroup/cpu,cpuacct");
	cr_assert_str_eq(tree->folder, "cpu,cpuacct");
	cr_assert_str_eq(tree->options, "cpu,cpuacct");
	cr_assert_str_eq(layout_tree(&layout, CONTROLLER_MEMORY)->root, "/sys/fs/cgroup/memory");
	cr_assert_str_eq(layout_tree(&layout, CONTROLLER_IO)->options, "blkio,net_cls",
			 "a tree is mounted with all its controllers");
	cr_assert_null(layout_tree(&layout, CONTROLLER_PIDS));
	layout_release(&layout);
}

Test(trees, pure_v2_with_escaped_mount_point)
{
	struct layout layout = { 0 };
	size_t read_only;

	layout_parse(&layout, pure, &read_only);
	cr_assert_eq(layout.version, CGROUP_V2);
	cr_assert_eq(layout.count, 1);
	cr_assert_str_eq(layout.trees[0].root, "/sys/fs/cg roup");
	cr_assert(layout.trees[0].is_v2);
	layout_release(&layout);
}

Test(trees, read_only_mounts_are_not_used)
{
	struct layout layout = { 0 };
	size_t read_only;

	layout_parse(&layout, "29 23 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup2 rw\n", &read_only);
	cr_assert_eq(layout.version, CGROUP_V2);
	cr_assert_eq(layout.count, 0);
	cr_assert_eq(read_only, 1);
	layout_release(&layout);
}

Test(trees, broken_lines_are_nothing)
{
	static const char *const lines[] = { "",
					     "\n\n",
					     "29 23 - cgroup2",
					     " - cgroup cgroup\n",
					     "29 23 0:26 / /x rw - cgroup2 cgroup2",
					     "1 2 3 4 5 6 7 8 9",
					     "29 23 0:26 / /a\\012b rw - cgroup2 cgroup2 rw\n" };

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct layout layout = { 0 };
		size_t read_only;

		layout_parse(&layout, lines[i], &read_only);
		cr_assert_eq(layout.count, 0, "line %zu", i);
		layout_release(&layout);
	}
}

Test(trees, own_group)
{
	static const struct {
		const char *text, *group;
	} cases[] = {
		{ "0::/user.slice/x.scope\n", "/user.slice/x.scope" },
		{ "4:memory:/a\n0::/\n", "/" },
		{ "0::/../other\n", NULL },
		{ "0::/..\n", NULL },
		{ "0::/..fine\n", "/..fine" },
		{ "4:memory:/a\n10::/b\n", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *group = layout_own_group(cases[i].text);

		if (cases[i].group)
			cr_assert_str_eq(group, cases[i].group);
		else
			cr_assert_null(group, "case %zu", i);
		free(group);
	}
}

Test(trees, controllers)
{
	cr_assert_eq(controllers_parse("cpuset cpu io memory hugetlb pids rdma\n"),
		     CONTROLLER_BIT(CONTROLLER_CPUSET) | CONTROLLER_BIT(CONTROLLER_CPU) |
			     CONTROLLER_BIT(CONTROLLER_IO) | CONTROLLER_BIT(CONTROLLER_MEMORY) |
			     CONTROLLER_BIT(CONTROLLER_PIDS) | CONTROLLER_BIT(CONTROLLER_HUGETLB) |
			     CONTROLLER_BIT(CONTROLLER_RDMA));
	cr_assert_eq(controllers_parse("net_cls freezer name=systemd"), 0, "these are no controllers of v2");
	cr_assert_eq(controllers_parse("\n"), 0);
	cr_assert_eq(controllers_parse("cpus memor pidss"), 0);
}
