/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_oci_config.c - OCI's config.json: the top, hooks, and the linux object.
 */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>

#include "base/error.h"
#include "base/text.h"
#include "specs/container.h"
#include "specs/oci_config.h"
#include "specs/seccomp_spec.h"
#include "tests/unit/specs/oci_sample.h"

Test(oci_config, least)
{
	struct container c;
	struct error e = { 0 };

	cr_assert_eq(oci_sample_whole("{'ociVersion': '1.0.0', 'root': {'path': '/r'}}", &c, &e), 0, "%s", e.text);
	cr_expect_str_eq(c.root_folder, "/r");
	cr_expect_str_eq(c.oci->bundle, "/bundle");
	cr_expect_eq(c.args.count, 0u, "process may come later");
	for (int i = 0; i < NAMESPACE_COUNT; i++)
		cr_expect_eq(c.namespaces[i].choice, NAMESPACE_HOST);
	cr_expect_eq(c.seccomp, SECCOMP_UNCONFINED);
	cr_expect_null(c.seccomp_text);
	cr_expect_null(c.id_map);
	cr_expect_null(c.hostname);
	cr_expect_eq(c.limits.cpu_period_us, 100000);
	cr_expect_eq(c.limits.memory, LIMIT_UNSET);
	cr_expect_eq(c.oci->root_propagation, 0u);
	cr_expect_eq(c.oci->personality, -1);
	cr_expect_eq(c.oci->memory_policy, -1);
	cr_expect_not(c.oci->has_time_offsets);
	container_release(&c);
	container_release(&c); /* twice is harmless */
}

Test(oci_config, versions)
{
	static const char *const good[] = { "1.0.0", "1.0.2-dev", "1.3.0", "1.99.1", "1.2.0+build.5" };
	static const char *const bad[] = { "0.9.0", "2.0.0", "1", "1.", "1.0", "1.0.", "1.x.0", "", "11.0.0", "v1.0.0" };

	for (size_t i = 0; i < sizeof good / sizeof *good + sizeof bad / sizeof *bad; i++) {
		bool is_good = i < sizeof good / sizeof *good;
		const char *version = is_good ? good[i] : bad[i - sizeof good / sizeof *good];
		struct text json = { 0 };
		struct container c;
		struct error e = { 0 };

		text_addf(&json, "{'ociVersion': '%s', 'root': {'path': '/r'}}", version);
		cr_assert_eq(oci_sample_whole(json.data, &c, &e), is_good ? 0 : -1, "%s", version);
		if (is_good)
			container_release(&c);
		else
			cr_expect_eq(e.kind, ERROR_UNSUPPORTED, "%s", version);
		text_release(&json);
	}
}

Test(oci_config, root_is_read_only)
{
	struct container c;
	struct error e = { 0 };

	cr_assert_eq(oci_sample_whole("{'ociVersion': '1.0.0', 'root': {'path': '../r', 'readonly': true}}", &c, &e), 0, "%s", e.text);
	cr_expect(c.read_only_root);
	cr_expect_str_eq(c.root_folder, "/bundle/../r");
	container_release(&c);
}

Test(oci_config, foreign_keys_at_the_top)
{
	struct container c;

	oci_sample_good("'windows': {'layerFolders': 5}, 'solaris': [], 'vm': 'x', 'zos': 1, 'freebsd': {}, 'x-own': 1, 'created': 'now',"
			"'hostname': null, 'mounts': null, 'linux': null, 'process': null, 'hooks': null",
			&c);
	cr_expect_eq(c.mount_count, 0u);
	container_release(&c);
}

Test(oci_config, annotations)
{
	struct container c;

	oci_sample_good("'annotations': {'com.example.gpu-cores': '2', 'a': '', 'n': 5}", &c);
	cr_assert_eq(c.oci->annotations.count, 3u);
	cr_expect_str_eq(c.oci->annotations.items[0], "com.example.gpu-cores=2");
	cr_expect_str_eq(c.oci->annotations.items[1], "a=");
	container_release(&c);
}

Test(oci_config, names)
{
	struct container c;

	oci_sample_good("'hostname': 'mrsdalloway', 'domainname': 'foobarbaz.test', 'linux': {'namespaces': [{'type': 'uts', 'path': '/n'}]}", &c);
	cr_expect_str_eq(c.hostname, "mrsdalloway");
	cr_expect_str_eq(c.oci->domainname, "foobarbaz.test");
	container_release(&c);
}

Test(oci_config, hooks)
{
	struct container c;

	oci_sample_good("'hooks': {'prestart': [{'path': '/a'}], 'createRuntime': [{'path': '/b', 'args': ['b', 'arg'],"
			"'env': ['k=v'], 'timeout': 10},"
			"{'path': '/b2'}], 'createContainer': [{'path': '/c'}], 'startContainer': [{'path': '/d'}], 'poststart': [{'path': '/e'}],"
			"'poststop': [{'path': '/f'}]}",
			&c);
	for (int i = 0; i < HOOK_COUNT; i++)
		cr_expect_eq(c.oci->hooks[i].count, i == HOOK_CREATE_RUNTIME ? 2u : 1u);
	cr_expect_str_eq(c.oci->hooks[HOOK_PRESTART].items[0].path, "/a");
	cr_expect_str_eq(c.oci->hooks[HOOK_CREATE_RUNTIME].items[0].args.items[1], "arg");
	cr_expect_str_eq(c.oci->hooks[HOOK_CREATE_RUNTIME].items[0].env.items[0], "k=v");
	cr_expect_eq(c.oci->hooks[HOOK_CREATE_RUNTIME].items[0].timeout_s, 10);
	cr_expect_str_eq(c.oci->hooks[HOOK_CREATE_RUNTIME].items[1].path, "/b2");
	cr_expect_str_eq(c.oci->hooks[HOOK_POSTSTOP].items[0].path, "/f");
	container_release(&c);
}

Test(oci_config, namespaces)
{
	struct container c;

	oci_sample_good("'linux': {'namespaces': [{'type': 'pid', 'path': '/proc/1234/ns/pid'}, {'type': 'network',"
			"'path': '/var/run/netns/neta'},"
			"{'type': 'mount'}, {'type': 'ipc'}, {'type': 'uts', 'path': ''}, {'type': 'user'}, {'type': 'cgroup'}, {'type': 'time'}],"
			"'uidMappings': [{'containerID': 0, 'hostID': 1000, 'size': 32000}], 'gidMappings': [{'containerID': 0, 'hostID': 1001, 'size': 2}]}",
			&c);
	cr_expect_eq(c.namespaces[NAMESPACE_PID].choice, NAMESPACE_JOIN);
	cr_expect_str_eq(c.namespaces[NAMESPACE_PID].path, "/proc/1234/ns/pid");
	cr_expect_str_eq(c.namespaces[NAMESPACE_NETWORK].path, "/var/run/netns/neta");
	cr_expect_eq(c.namespaces[NAMESPACE_MOUNT].choice, NAMESPACE_NEW);
	cr_expect_eq(c.namespaces[NAMESPACE_IPC].choice, NAMESPACE_NEW);
	cr_expect_eq(c.namespaces[NAMESPACE_UTS].choice, NAMESPACE_NEW);
	cr_expect_eq(c.namespaces[NAMESPACE_USER].choice, NAMESPACE_NEW);
	cr_expect_eq(c.namespaces[NAMESPACE_CGROUP].choice, NAMESPACE_NEW);
	cr_expect_eq(c.namespaces[NAMESPACE_TIME].choice, NAMESPACE_NEW);
	cr_expect_eq(c.id_map->uids[0].outside, 1000u);
	cr_expect_eq(c.id_map->gids[0].count, 2u);
	container_release(&c);
}

/* podman repeats the mappings of the container whose namespace is joined. */
Test(oci_config, joined_user_namespace)
{
	struct container c;

	oci_sample_good("'linux': {'namespaces': [{'type': 'user', 'path': '/n'}], 'uidMappings': [{'containerID': 0, 'hostID': 1, 'size': 1}],"
			"'gidMappings': [{'containerID': 0, 'hostID': 1, 'size': 1}]}",
			&c);
	cr_expect_eq(c.namespaces[NAMESPACE_USER].choice, NAMESPACE_JOIN);
	cr_expect_null(c.id_map);
	container_release(&c);
}

Test(oci_config, devices)
{
	struct container c;
	const struct node_entry *n;

	oci_sample_good("'linux': {'devices': [{'path': '/dev/fuse', 'type': 'c', 'major': 10, 'minor': 229, 'fileMode': 438, 'uid': 1, 'gid': 2},"
			"{'path': '/dev/sda', 'type': 'b', 'major': 8, 'minor': 0}, {'path': '/run/pipe', 'type': 'p'},"
			"{'path': '/dev/u', 'type': 'u', 'major': 1, 'minor': 3, 'fileMode': 0}]}",
			&c);
	cr_assert_eq(c.oci->node_count, 4u);
	n = c.oci->nodes;
	cr_expect_str_eq(n[0].path, "/dev/fuse");
	cr_expect_eq(n[0].major, 10u);
	cr_expect_eq(n[0].minor, 229u);
	cr_expect_eq(n[0].mode, 0666u);
	cr_expect_eq(n[0].gid, 2u);
	cr_expect_str_eq(n[0].field, "linux.devices[0]");
	cr_expect_eq(n[1].type, 'b');
	cr_expect_eq(n[1].mode, 0666u);
	cr_expect_eq(n[2].type, 'p');
	cr_expect_eq(n[3].type, 'c');
	cr_expect_eq(n[3].mode, 0u);
	container_release(&c);
}

Test(oci_config, net_devices)
{
	struct container c;

	oci_sample_good("'linux': {'namespaces': [{'type': 'network'}], 'netDevices': {'eth0': {'name': 'container_eth0'},"
			"'ens4': {}, 'ens5': {'name': ''}}}",
			&c);
	cr_assert_eq(c.oci->net_device_count, 3u);
	cr_expect_str_eq(c.oci->net_devices[0].name, "eth0");
	cr_expect_str_eq(c.oci->net_devices[0].renamed, "container_eth0");
	cr_expect_null(c.oci->net_devices[1].renamed);
	cr_expect_null(c.oci->net_devices[2].renamed);
	container_release(&c);
}

Test(oci_config, propagation)
{
	static const struct {
		const char *word;
		unsigned long flags;
	} cases[] = { { "private", MS_PRIVATE },
		      { "shared", MS_SHARED },
		      { "slave", MS_SLAVE },
		      { "unbindable", MS_UNBINDABLE },
		      { "rprivate", MS_PRIVATE | MS_REC },
		      { "rslave", MS_SLAVE | MS_REC } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text parts = { 0 };
		struct container c;

		text_addf(&parts, "'linux': {'rootfsPropagation': '%s'}", cases[i].word);
		oci_sample_good(parts.data, &c);
		cr_expect_eq(c.oci->root_propagation, cases[i].flags, "%s", cases[i].word);
		container_release(&c);
		text_release(&parts);
	}
}

Test(oci_config, sysctls)
{
	struct container c;

	oci_sample_good("'linux': {'namespaces': [{'type': 'network'}, {'type': 'ipc'}, {'type': 'uts'}], 'sysctl': {'net.ipv4.ip_forward': '1',"
			"'net/ipv4/conf/eth0.100/forwarding': '0', 'kernel.sem': '1 2 3 4', 'fs.mqueue.msg_max': '5', 'kernel.domainname': 'd',"
			"'kernel.shm_rmid_forced': '1'}}",
			&c);
	cr_assert_eq(c.sysctl_count, 6u);
	cr_expect_str_eq(c.sysctls[1].key, "net/ipv4/conf/eth0.100/forwarding");
	cr_expect_str_eq(c.sysctls[2].value, "1 2 3 4");
	container_release(&c);
}

Test(oci_config, kernel)
{
	struct container c;

	oci_sample_good("'linux': {'namespaces': [{'type': 'time'}], 'timeOffsets': {'monotonic': {'secs': 172800, 'nanosecs': 1},"
			"'boottime': {'secs': -604800}}, 'personality': {'domain': 'LINUX32', 'flags': []},"
			"'mountLabel': 'system_u:object_r:svirt_sandbox_file_t',"
			"'memoryPolicy': {'mode': 'MPOL_INTERLEAVE', 'nodes': '2-3', 'flags': ['MPOL_F_STATIC_NODES']}, 'cgroupsPath': 'a.slice:b:c'}",
			&c);
	cr_expect(c.oci->has_time_offsets);
	cr_expect_eq(c.oci->monotonic_offset_s, 172800);
	cr_expect_eq(c.oci->monotonic_offset_ns, 1);
	cr_expect_eq(c.oci->boottime_offset_s, -604800);
	cr_expect_eq(c.oci->personality, PER_LINUX32);
	cr_expect_eq(c.oci->memory_policy, 3 | 1 << 15);
	cr_expect_str_eq(c.oci->memory_nodes, "2-3");
	cr_expect_str_eq(c.oci->mount_label, "system_u:object_r:svirt_sandbox_file_t");
	cr_expect_str_eq(c.oci->cgroups_path, "a.slice:b:c");
	container_release(&c);
	oci_sample_good("'linux': {'personality': {'domain': 'LINUX'}, 'memoryPolicy': {'mode': 'MPOL_DEFAULT'}}", &c);
	cr_expect_eq(c.oci->personality, 0);
	cr_expect_eq(c.oci->memory_policy, 0);
	container_release(&c);
}

Test(oci_config, seccomp)
{
	struct container c;
	struct seccomp_spec spec;
	struct error e = { 0 };

	oci_sample_good("'linux': {'seccomp': {'defaultAction': 'SCMP_ACT_ALLOW', 'architectures': ['SCMP_ARCH_X86'], 'listenerPath': '/run/s',"
			"'listenerMetadata': 'm', 'flags': [], 'syscalls': [{'names': ['clone'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 38,"
			"'args': [{'index': 0, 'value': 18446744073709551615, 'valueTwo': 0, 'op': 'SCMP_CMP_MASKED_EQ'}]}]}}",
			&c);
	cr_expect_eq(c.seccomp, SECCOMP_TEXT);
	cr_expect_null(strstr(c.seccomp_text, "listener"));
	cr_expect_str_eq(c.oci->seccomp_listener, "/run/s");
	cr_expect_str_eq(c.oci->seccomp_metadata, "m");
	cr_assert_eq(seccomp_spec_decode(c.seccomp_text, strlen(c.seccomp_text), "s", &spec, &e), 0, "%s", e.text);
	cr_expect_eq(spec.rules[0].errno_ret, 38);
	cr_expect_eq(spec.rules[0].arguments[0].value, UINT64_MAX);
	seccomp_spec_release(&spec);
	container_release(&c);
}

/* What exec reads: the same container, and the profile as it stands in the file. */
Test(oci_config, with_the_profile_unread)
{
	static const char *const profiles[] = { "{ \"defaultAction\": \"SCMP_ACT_ALLOW\" }", "null",
						"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"listenerPath\": \"/run/s\"}" };

	for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
		struct text json = { 0 }, rest = { 0 };
		struct container first, again;
		struct error e = { 0 };

		text_addf(&json, "{\"ociVersion\": \"1.0.0\", \"root\": {\"path\": \"/r\"}, \"linux\": {\"seccomp\": %s, \"cgroupsPath\": \"/c\"}}",
			  profiles[i]);
		cr_assert_eq(oci_config_decode(json.data, json.length, "c", "/b", &first, &e), 0, "%s", e.text);
		cr_assert_eq(oci_config_decode_open(json.data, json.length, "c", "/b", &again, &rest, &e), 0, "%s", e.text);
		cr_expect_eq(again.seccomp, first.seccomp);
		cr_expect(first.seccomp == SECCOMP_UNCONFINED || strcmp(first.seccomp_text, again.seccomp_text) == 0);
		cr_expect(i != 0 || strcmp(first.seccomp_text, profiles[0]) == 0, "found %s", first.seccomp_text);
		cr_expect_str_eq(again.oci->cgroups_path, "/c");
		cr_expect_str_eq(again.root_folder, "/r");
		container_release(&again);
		/* What is left says the same. */
		cr_expect_eq(rest.length > 0, i == 0);
		if (i == 0) {
			cr_assert_eq(oci_config_decode(rest.data, rest.length, "c", "/b", &again, &e), 0, "%s", e.text);
			cr_expect_eq(again.seccomp, SECCOMP_UNCONFINED);
			cr_expect_str_eq(again.oci->cgroups_path, "/c");
			container_release(&again);
		}
		container_release(&first);
		/* A copy that was cut off (a full disk) is refused, wherever it ends. */
		for (size_t length = 0; length < json.length; length++) {
			text_clear(&rest);
			cr_expect_eq(oci_config_decode_open(json.data, length, "c", "/b", &again, &rest, &e), -1, "%zu", length);
			error_clear(&e);
		}
		text_release(&json);
		text_release(&rest);
	}
}

Test(oci_config, a_key_that_looks_like_a_path_is_none)
{
	static const char json[] = "{\"ociVersion\": \"1.0.0\", \"root\": {\"path\": \"/r\"}, \"linux.seccomp\": "
				   "{\"defaultAction\": \"SCMP_ACT_ALLOW\"},"
				   "\"linux\": {\"seccomp\": {\"defaultAction\": \"SCMP_ACT_ERRNO\"}}}";
	struct text rest = { 0 };
	struct container c;
	struct error e = { 0 };

	cr_assert_eq(oci_config_decode(json, strlen(json), "c", "/b", &c, &e), 0, "%s", e.text);
	cr_expect_str_eq(c.seccomp_text, "{\"defaultAction\": \"SCMP_ACT_ERRNO\"}");
	container_release(&c);
	cr_assert_eq(oci_config_decode_open(json, strlen(json), "c", "/b", &c, &rest, &e), 0, "%s", e.text);
	cr_expect_str_eq(c.seccomp_text, "{\"defaultAction\": \"SCMP_ACT_ERRNO\"}");
	container_release(&c);
	text_release(&rest);
}

Test(oci_config, limits)
{
	struct container c;

	oci_sample_good("'linux': {'resources': {'memory': {'limit': 5000000}, 'cpu': {'quota': 5, 'period': 0}, 'pids': {'limit': 3}}}", &c);
	cr_expect_eq(c.limits.memory, 5000000);
	cr_expect_eq(c.limits.cpu_quota_us, 5);
	cr_expect_eq(c.limits.cpu_period_us, 100000);
	cr_expect_eq(c.limits.pids, 3);
	container_release(&c);
}

Test(oci_config, size)
{
	static char large[(16 << 20) + 1];
	struct container c = { .name = (char *)"untouched" };
	struct error e = { 0 };

	memset(large, ' ', sizeof large);
	cr_expect_eq(oci_config_decode(large, sizeof large, "c", "/b", &c, &e), -1);
	cr_expect_str_eq(e.text, "c: 16777217 bytes, more than 16777216");
	cr_expect_str_eq(c.name, "untouched");
}
