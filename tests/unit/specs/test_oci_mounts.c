/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_oci_mounts.c - OCI's mounts and the words of their options.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>
#include <sys/mount.h>

#include "base/error.h"
#include "base/text.h"
#include "specs/container.h"
#include "specs/oci_mount_options.h"
#include "tests/unit/specs/oci_sample.h"

/* One tmpfs with the option. */
static void with_option(const char *option, struct container *ret)
{
	struct text parts = { 0 };

	text_addf(&parts, "'mounts': [{'destination': '/m', 'type': 'tmpfs', 'options': ['%s']}]", option);
	oci_sample_good(parts.data, ret);
	text_release(&parts);
}

#define TIMES MOUNT_ATTR__ATIME

static const struct attribute_case {
	const char *option;
	uint64_t attributes, said, recursive, recursive_said;
} attribute_cases[] = {
	{ "ro", MOUNT_ATTR_RDONLY, MOUNT_ATTR_RDONLY, 0, 0 },
	{ "rw", 0, MOUNT_ATTR_RDONLY, 0, 0 },
	{ "nosuid", MOUNT_ATTR_NOSUID, MOUNT_ATTR_NOSUID, 0, 0 },
	{ "suid", 0, MOUNT_ATTR_NOSUID, 0, 0 },
	{ "nodev", MOUNT_ATTR_NODEV, MOUNT_ATTR_NODEV, 0, 0 },
	{ "dev", 0, MOUNT_ATTR_NODEV, 0, 0 },
	{ "noexec", MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOEXEC, 0, 0 },
	{ "exec", 0, MOUNT_ATTR_NOEXEC, 0, 0 },
	{ "atime", 0, TIMES, 0, 0 },
	{ "noatime", MOUNT_ATTR_NOATIME, TIMES, 0, 0 },
	{ "relatime", 0, TIMES, 0, 0 },
	{ "norelatime", 0, TIMES, 0, 0 },
	{ "strictatime", MOUNT_ATTR_STRICTATIME, TIMES, 0, 0 },
	{ "nostrictatime", 0, TIMES, 0, 0 },
	{ "diratime", 0, MOUNT_ATTR_NODIRATIME, 0, 0 },
	{ "nodiratime", MOUNT_ATTR_NODIRATIME, MOUNT_ATTR_NODIRATIME, 0, 0 },
	{ "symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW, 0, 0 },
	{ "nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW, 0, 0 },
	{ "rro", 0, 0, MOUNT_ATTR_RDONLY, MOUNT_ATTR_RDONLY },
	{ "rrw", 0, 0, 0, MOUNT_ATTR_RDONLY },
	{ "rnosuid", 0, 0, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NOSUID },
	{ "rsuid", 0, 0, 0, MOUNT_ATTR_NOSUID },
	{ "rnodev", 0, 0, MOUNT_ATTR_NODEV, MOUNT_ATTR_NODEV },
	{ "rdev", 0, 0, 0, MOUNT_ATTR_NODEV },
	{ "rnoexec", 0, 0, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOEXEC },
	{ "rexec", 0, 0, 0, MOUNT_ATTR_NOEXEC },
	{ "rnodiratime", 0, 0, MOUNT_ATTR_NODIRATIME, MOUNT_ATTR_NODIRATIME },
	{ "rdiratime", 0, 0, 0, MOUNT_ATTR_NODIRATIME },
	{ "rrelatime", 0, 0, 0, TIMES },
	{ "rnorelatime", 0, 0, 0, TIMES },
	{ "rnoatime", 0, 0, MOUNT_ATTR_NOATIME, TIMES },
	{ "ratime", 0, 0, 0, TIMES },
	{ "rstrictatime", 0, 0, MOUNT_ATTR_STRICTATIME, TIMES },
	{ "rnostrictatime", 0, 0, 0, TIMES },
	{ "rsymfollow", 0, 0, 0, MOUNT_ATTR_NOSYMFOLLOW },
	{ "rnosymfollow", 0, 0, MOUNT_ATTR_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW },
	{ "defaults", 0, 0, 0, 0 },
	{ "mand", 0, 0, 0, 0 },
	{ "nomand", 0, 0, 0, 0 },
	{ "iversion", 0, 0, 0, 0 },
	{ "silent", 0, 0, 0, 0 },
	{ "loud", 0, 0, 0, 0 },
	{ "x-systemd.automount", 0, 0, 0, 0 },
};

Test(oci_mounts, attributes)
{
	for (size_t i = 0; i < sizeof attribute_cases / sizeof *attribute_cases; i++) {
		const struct attribute_case *expected = &attribute_cases[i];
		struct container c;
		const struct mount_entry *m;

		with_option(expected->option, &c);
		m = &c.mounts[0];
		cr_expect_eq(m->attributes, expected->attributes, "%s", expected->option);
		cr_expect_eq(m->attributes_said, expected->said, "%s", expected->option);
		cr_expect_eq(m->recursive_attributes, expected->recursive, "%s", expected->option);
		cr_expect_eq(m->recursive_said, expected->recursive_said, "%s", expected->option);
		cr_expect_eq(m->data.count, 0u, "%s", expected->option);
		cr_expect_eq(m->propagation, 0u, "%s", expected->option);
		container_release(&c);
	}
}

Test(oci_mounts, propagation)
{
	static const struct {
		const char *option;
		unsigned long flags;
	} cases[] = {
		{ "private", MS_PRIVATE }, { "rprivate", MS_PRIVATE | MS_REC }, { "shared", MS_SHARED },         { "rshared", MS_SHARED | MS_REC },
		{ "slave", MS_SLAVE },     { "rslave", MS_SLAVE | MS_REC },     { "unbindable", MS_UNBINDABLE }, { "runbindable", MS_UNBINDABLE | MS_REC },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct container c;

		with_option(cases[i].option, &c);
		cr_expect_eq(c.mounts[0].propagation, cases[i].flags, "%s", cases[i].option);
		container_release(&c);
	}
}

Test(oci_mounts, data)
{
	static const char *const words[] = { "size=64k", "mode=1777", "sync", "async", "dirsync", "lazytime", "nolazytime", "newinstance",
					     "lowerdir=/a:/b", "rfoo", "rsync" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct container c;

		with_option(words[i], &c);
		cr_assert_eq(c.mounts[0].data.count, 1u, "%s", words[i]);
		cr_expect_str_eq(c.mounts[0].data.items[0], words[i]);
		container_release(&c);
	}
}

Test(oci_mounts, last_word_counts)
{
	struct container c;

	oci_sample_good("'mounts': [{'destination': '/m', 'type': 'tmpfs', 'options': ['ro', 'noatime', 'rw', 'strictatime', 'slave', 'rshared']}]",
			&c);
	cr_expect_eq(c.mounts[0].attributes, (uint64_t)MOUNT_ATTR_STRICTATIME);
	cr_expect_eq(c.mounts[0].attributes_said, (uint64_t)(MOUNT_ATTR_RDONLY | MOUNT_ATTR__ATIME));
	cr_expect_eq(c.mounts[0].propagation, (unsigned long)(MS_SHARED | MS_REC));
	container_release(&c);
}

Test(oci_mounts, kinds)
{
	static const struct {
		const char *mount;
		enum mount_kind kind;
		bool recursive;
		const char *source, *type;
	} cases[] = {
		{ "'type': 'bind', 'source': '/s'", MOUNT_BIND, false, "/s", "bind" },
		{ "'type': 'none', 'source': 'data/x', 'options': ['rbind']", MOUNT_BIND, true, "/bundle/data/x", "none" },
		{ "'source': '/s', 'options': ['bind']", MOUNT_BIND, false, "/s", NULL },
		{ "'type': 'cgroup2', 'source': '/s', 'options': ['bind']", MOUNT_BIND, false, "/s", "cgroup2" },
		{ "'type': 'proc', 'source': 'proc'", MOUNT_PROC, false, "proc", "proc" },
		{ "'type': 'sysfs'", MOUNT_SYSFS, false, "sysfs", "sysfs" },
		{ "'type': 'cgroup', 'source': ''", MOUNT_CGROUP, false, "cgroup", "cgroup" },
		{ "'type': 'cgroup2', 'source': 'c'", MOUNT_CGROUP, false, "c", "cgroup2" },
		{ "'type': 'mqueue', 'source': 'q'", MOUNT_FILESYSTEM, false, "q", "mqueue" },
		{ "'type': 'ext4', 'source': '/dev/sda1'", MOUNT_FILESYSTEM, false, "/dev/sda1", "ext4" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text parts = { 0 };
		struct container c;

		text_addf(&parts, "'mounts': [{'destination': '/m', %s}]", cases[i].mount);
		oci_sample_good(parts.data, &c);
		cr_expect_eq(c.mounts[0].kind, cases[i].kind, "%s", cases[i].mount);
		cr_expect_eq(c.mounts[0].is_recursive, cases[i].recursive, "%s", cases[i].mount);
		cr_expect(text_equal(c.mounts[0].source, cases[i].source), "%s: %s", cases[i].mount, c.mounts[0].source);
		cr_expect(text_equal(c.mounts[0].type, cases[i].type), "%s", cases[i].mount);
		cr_expect_eq(c.mounts[0].idmap, IDMAP_NONE);
		container_release(&c);
		text_release(&parts);
	}
}

Test(oci_mounts, bind_has_no_data)
{
	struct container c;

	oci_sample_good("'mounts': [{'destination': '/m', 'source': '/s', 'options': ['bind', 'sync', 'size=1']}]", &c);
	cr_expect_eq(c.mounts[0].data.count, 0u);
	container_release(&c);
}

Test(oci_mounts, remount)
{
	struct container c;

	oci_sample_good("'mounts': [{'destination': '/m', 'options': ['remount', 'ro']}, {'destination': '/n', 'options': ['bind', 'remount', 'ro']}]",
			&c);
	cr_expect(c.mounts[0].is_remount);
	cr_expect_eq(c.mounts[0].kind, MOUNT_FILESYSTEM);
	cr_expect(c.mounts[1].is_remount);
	cr_expect_eq(c.mounts[1].kind, MOUNT_BIND);
	cr_expect_null(c.mounts[1].source);
	container_release(&c);
}

Test(oci_mounts, copy_up)
{
	struct container c;

	with_option("tmpcopyup", &c);
	cr_expect(c.mounts[0].copy_up);
	container_release(&c);
}

Test(oci_mounts, targets)
{
	static const char *const cases[][2] = {
		{ "/a//b/./c/", "/a/b/c" },
		{ "/", "/" },
		{ "data", "/data" }, /* deprecated, and demanded */
		{ "./data/", "/data" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text parts = { 0 };
		struct container c;

		text_addf(&parts, "'mounts': [{'destination': '%s', 'type': 'tmpfs'}]", cases[i][0]);
		oci_sample_good(parts.data, &c);
		cr_expect_str_eq(c.mounts[0].target, cases[i][1]);
		container_release(&c);
		text_release(&parts);
	}
}

Test(oci_mounts, own_map)
{
	struct container c;
	const struct id_map *map;

	oci_sample_good("'mounts': [{'destination': '/m', 'source': '/s', 'options': ['rbind', 'ridmap'],"
			"'uidMappings': [{'containerID': 0, 'hostID': 1000, 'size': 10}, {'containerID': 10, 'hostID': 5, 'size': 1}],"
			"'gidMappings': [{'containerID': 0, 'hostID': 0, 'size': 4294967295}]}]",
			&c);
	map = c.mounts[0].id_map;
	cr_assert_not_null(map);
	cr_expect_eq(map->uid_count, 2);
	cr_expect_eq(map->uids[1].outside, 5u);
	cr_expect_eq(map->gids[0].count, 4294967295u);
	cr_expect(c.mounts[0].id_map_is_recursive);
	container_release(&c);
}

/* Mappings alone say it, too. */
Test(oci_mounts, map_without_word)
{
	struct container c;

	oci_sample_good("'mounts': [{'destination': '/m', 'source': '/s', 'options': ['bind'],"
			"'uidMappings': [{'containerID': 0, 'hostID': 1, 'size': 1}], 'gidMappings': [{'containerID': 0, 'hostID': 1, 'size': 1}]}]",
			&c);
	cr_expect_not_null(c.mounts[0].id_map);
	cr_expect_not(c.mounts[0].id_map_is_recursive);
	container_release(&c);
}

Test(oci_mounts, map_of_the_container)
{
	struct container c;

	oci_sample_good("'mounts': [{'destination': '/m', 'source': '/s', 'options': ['bind', 'idmap']}, {'destination': '/p', 'type': 'proc'}],"
			"'linux': {'namespaces': [{'type': 'user'}], 'uidMappings': [{'containerID': 0, 'hostID': 7, 'size': 9}],"
			"'gidMappings': [{'containerID': 0, 'hostID': 8, 'size': 9}]}",
			&c);
	cr_assert_not_null(c.mounts[0].id_map);
	cr_expect_eq(c.mounts[0].id_map->uids[0].outside, 7u);
	cr_expect_null(c.mounts[1].id_map);
	cr_expect_eq(c.id_map->gids[0].outside, 8u);
	cr_expect(c.id_map->can_setgroups);
	container_release(&c);
}

Test(oci_mounts, names)
{
	struct list names = { 0 };

	oci_mount_option_names(&names);
	cr_expect(list_has(&names, "rro"));
	cr_expect(list_has(&names, "ridmap"));
	cr_expect(list_has(&names, "runbindable"));
	cr_expect_not(list_has(&names, "rremount"));
	cr_expect_not(list_has(&names, "rsync"));
	list_release(&names);
}
