/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_oci_engines.c - what docker, podman, buildah, containerd and a kubelet wrote.
 */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/names.h"
#include "base/text.h"
#include "specs/container.h"
#include "specs/oci_config.h"
#include "specs/seccomp_spec.h"
#include "tests/unit/specs/oci_sample.h"

#define CAPABILITY(name) (UINT64_C(1) << capability_number(name))

static void expect_profile(const struct container *c, size_t rules)
{
	struct seccomp_spec spec;
	struct error e = { 0 };

	cr_expect_eq(c->seccomp, SECCOMP_TEXT);
	cr_assert_eq(seccomp_spec_decode(c->seccomp_text, strlen(c->seccomp_text), "seccomp", &spec, &e), 0, "%s", e.text);
	cr_expect_geq(spec.rule_count, rules);
	cr_expect_eq(spec.default_action, SECCOMP_ACTION_ERRNO);
	seccomp_spec_release(&spec);
}

Test(oci_engines, docker)
{
	struct container c;

	oci_sample_engine("engine-docker.config.json", &c);
	cr_expect_str_eq(c.args.items[2], "echo built > /b && cat /b");
	cr_expect_str_eq(list_env_get(&c.env, "HOSTNAME"), "3fceff6f607c");
	cr_expect_str_eq(c.user, "0:0");
	cr_expect_str_eq(c.group_add.items[0], "0");
	cr_expect_eq(c.umask, 022u);
	cr_expect_str_eq(c.hostname, "3fceff6f607c");
	cr_expect(text_starts(c.root_folder, "/srv/lab/dk/"));
	cr_expect_not(c.read_only_root);
	cr_expect_not(c.terminal);
	cr_expect_not(c.no_new_privileges);
	cr_expect_eq(c.oci->oom_score_adj, 0);
	cr_expect_eq(c.oci->hooks[HOOK_PRESTART].count, 1u);
	cr_expect_str_eq(c.oci->hooks[HOOK_PRESTART].items[0].path, "/proc/629/exe");
	cr_expect_str_eq(c.oci->hooks[HOOK_PRESTART].items[0].args.items[0], "libnetwork-setkey");
	cr_expect_eq(c.oci->hooks[HOOK_PRESTART].items[0].timeout_s, 0);
	cr_expect_eq(c.sysctl_count, 2u);
	cr_expect_str_eq(c.sysctls[1].value, "0 2147483647");
	cr_expect_not(c.sysctls[0].is_optional);
	cr_expect_str_eq(c.oci->cgroups_path, "/dkh1/3fceff6f607c5cff48259edbd20e1cc14ec855ae99220744570991205750e4bc");
	expect_profile(&c, 2);
	container_release(&c);
}

Test(oci_engines, docker_limits)
{
	struct container c;
	const struct limits *l;

	oci_sample_engine("engine-docker.config.json", &c);
	l = &c.limits;
	cr_expect_eq(l->cpu_shares, LIMIT_UNSET, "0 says nothing");
	cr_expect_eq(l->blkio_weight, LIMIT_UNSET, "0 says nothing");
	cr_expect_eq(l->memory, LIMIT_UNSET);
	cr_expect_eq(l->oom_kill_disabled, LIMIT_UNSET);
	cr_expect_eq(l->cpu_period_us, 100000);
	cr_assert_eq(l->device_rule_count, 8u);
	cr_expect_not(l->device_rules[0].is_allowed);
	cr_expect_eq(l->device_rules[0].type, 'a');
	cr_expect_eq(l->device_rules[0].major, -1);
	cr_expect_str_eq(l->device_rules[0].access, "rwm");
	cr_expect(l->device_rules[1].is_allowed);
	cr_expect_eq(l->device_rules[1].minor, 5);
	cr_expect_not(l->device_rules[7].is_allowed);
	container_release(&c);
}

Test(oci_engines, podman)
{
	struct container c;

	oci_sample_engine("engine-podman.config.json", &c);
	cr_expect_eq(c.umask, 022u);
	cr_expect_eq(c.namespaces[NAMESPACE_NETWORK].choice, NAMESPACE_JOIN);
	cr_expect_str_eq(c.namespaces[NAMESPACE_NETWORK].path, "/run/netns/netns-80042744-2eda-08d4-8af8-328e0c485c14");
	cr_expect_eq(c.namespaces[NAMESPACE_PID].choice, NAMESPACE_NEW);
	cr_expect_eq(c.namespaces[NAMESPACE_USER].choice, NAMESPACE_HOST);
	cr_expect_eq(c.namespaces[NAMESPACE_CGROUP].choice, NAMESPACE_HOST);
	cr_expect_eq(c.rlimit_count, 2u);
	cr_expect_eq(c.rlimits[0].resource, (int)RLIMIT_NOFILE);
	cr_expect_eq(c.rlimits[1].hard, 32768u);
	cr_expect_str_eq(list_env_get(&c.oci->annotations, "io.container.manager"), "libpod");
	cr_expect_eq(c.oci->oom_score_adj, LIMIT_UNSET);
	cr_expect_eq(c.capabilities.inheritable, 0u);
	cr_expect_eq(c.capabilities.ambient, 0u);
	cr_expect_not(c.only_root_has_capabilities);
	expect_profile(&c, 10);
	container_release(&c);
}

Test(oci_engines, podman_mounts)
{
	struct container c;
	const struct mount_entry *m;

	oci_sample_engine("engine-podman.config.json", &c);
	cr_assert_eq(c.mount_count, 11u);
	m = &c.mounts[1];
	cr_expect_eq(m->kind, MOUNT_FILESYSTEM);
	cr_expect_str_eq(m->target, "/dev");
	cr_expect_str_eq(m->type, "tmpfs");
	cr_expect_eq(m->attributes, (uint64_t)(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_STRICTATIME));
	cr_expect_eq(m->data.count, 2u);
	cr_expect_str_eq(m->data.items[1], "size=65536k");
	m = &c.mounts[5];
	cr_expect_eq(m->kind, MOUNT_BIND);
	cr_expect_not(m->is_recursive);
	cr_expect_eq(m->propagation, (unsigned long)(MS_PRIVATE | MS_REC));
	cr_expect_eq(m->attributes_said, (uint64_t)(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV));
	cr_expect_str_eq(m->field, "mounts[5]");
	cr_expect_eq(c.mounts[10].kind, MOUNT_CGROUP);
	cr_expect_eq(c.mounts[0].kind, MOUNT_PROC);
	cr_expect_eq(c.mounts[2].kind, MOUNT_SYSFS);
	container_release(&c);
}

Test(oci_engines, buildah)
{
	struct container c;

	oci_sample_engine("engine-buildah.config.json", &c);
	cr_expect_eq(c.capabilities.ambient, c.capabilities.bounding);
	cr_expect(c.capabilities.bounding & CAPABILITY("SYS_CHROOT"));
	cr_expect_not(c.capabilities.bounding & CAPABILITY("SYS_ADMIN"));
	cr_expect_null(c.oci->cgroups_path);
	cr_expect_eq(c.mounts[8].propagation, (unsigned long)MS_PRIVATE);
	cr_expect_eq(c.mounts[10].attributes_said & MOUNT_ATTR_RDONLY, (uint64_t)MOUNT_ATTR_RDONLY, "rw is said");
	cr_expect_eq(c.mounts[10].attributes & MOUNT_ATTR_RDONLY, 0u);
	container_release(&c);
}

Test(oci_engines, containerd)
{
	struct container c;

	oci_sample_engine("engine-ctr.config.json", &c);
	cr_expect_str_eq(c.root_folder, "/bundle/rootfs");
	cr_expect_str_eq(c.oci->bundle, "/bundle");
	cr_expect_str_eq(c.oci->version, "1.0.2-dev");
	cr_expect(c.no_new_privileges);
	cr_expect_eq(c.limits.cpu_shares, 1024);
	cr_expect_eq(c.limits.device_rules[8].minor, -1, "136:*");
	cr_expect_eq(c.seccomp, SECCOMP_UNCONFINED);
	cr_expect_null(c.hostname);
	cr_expect_eq(c.masked_paths.count, 10u);
	cr_expect_eq(c.read_only_paths.count, 5u);
	container_release(&c);
}

Test(oci_engines, kubelet)
{
	struct container c;

	oci_sample_engine("engine-kube.config.json", &c);
	cr_expect_eq(c.oci->oom_score_adj, 1000);
	cr_expect_eq(c.namespaces[NAMESPACE_IPC].choice, NAMESPACE_JOIN);
	cr_expect_str_eq(c.namespaces[NAMESPACE_UTS].path, "/proc/13480/ns/uts");
	cr_expect_eq(c.limits.cpu_shares, 2);
	cr_expect_eq(c.limits.memory, LIMIT_UNSET);
	cr_expect(c.mounts[6].is_recursive);
	cr_expect_str_eq(c.mounts[6].target, "/etc/hosts");
	cr_expect_eq(c.oci->annotations.count, 7u);
	container_release(&c);
}

Test(oci_engines, processes)
{
	static const char *const names[] = { "engine-ctr.process.json", "engine-docker.process.json", "engine-kube.process.json",
					     "engine-podman.process.json" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct container c;
		struct text json = { 0 };
		struct error e = { 0 };

		oci_sample_engine("engine-docker.config.json", &c);
		oci_sample_read(names[i], &json);
		cr_assert_eq(oci_process_decode(json.data, json.length, names[i], &c, &e), 0, "%s", e.text);
		cr_expect_str_eq(c.working_dir, "/");
		cr_expect_str_eq(c.user, "0:0");
		cr_expect(c.capabilities.effective & CAPABILITY("CHOWN"));
		cr_expect_str_eq(c.hostname, "3fceff6f607c", "the rest is the container's");
		cr_expect_eq(c.mount_count, 10u);
		text_release(&json);
		container_release(&c);
	}
}

Test(oci_engines, docker_update)
{
	struct text json = { 0 };
	struct limits limits;
	struct error e = { 0 };

	oci_sample_read("engine-docker.update-stdin.json", &json);
	cr_assert_eq(oci_resources_decode(json.data, json.length, "stdin", &limits, &e), 0, "%s", e.text);
	cr_expect_eq(limits.memory, 100663296);
	cr_expect_eq(limits.memory_and_swap, 209715200);
	cr_expect_eq(limits.memory_reservation, LIMIT_UNSET);
	cr_expect_eq(limits.swap, LIMIT_UNSET);
	cr_expect_eq(limits.cpu_shares, LIMIT_UNSET);
	cr_expect_eq(limits.cpu_quota_us, 70000);
	cr_expect_eq(limits.cpu_period_us, 100000);
	cr_expect_eq(limits.pids, 44);
	cr_expect_eq(limits.blkio_weight, LIMIT_UNSET);
	limits_release(&limits);
	text_release(&json);
}
