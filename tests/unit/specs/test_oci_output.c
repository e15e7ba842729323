/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_oci_output.c - what box itself writes in OCI's form: the template and the features.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/names.h"
#include "base/text.h"
#include "specs/container.h"
#include "specs/oci_config.h"
#include "specs/oci_features.h"
#include "specs/oci_template.h"
#include "specs/seccomp_spec.h"

static void decode_template(bool rootless, struct container *ret)
{
	struct text json = { 0 };
	struct error e = { 0 };

	oci_template(rootless, &json);
	cr_assert_eq(oci_config_decode(json.data, json.length, "template", "/b", ret, &e), 0, "%s", e.text);
	text_release(&json);
}

Test(oci_output, template)
{
	struct container c;
	uint64_t three = UINT64_C(1) << capability_number("AUDIT_WRITE") | UINT64_C(1) << capability_number("KILL") |
			 UINT64_C(1) << capability_number("NET_BIND_SERVICE");

	decode_template(/* rootless= */ false, &c);
	cr_expect_str_eq(c.args.items[0], "sh");
	cr_expect(c.terminal);
	cr_expect(c.read_only_root);
	cr_expect_str_eq(c.root_folder, "/b/rootfs");
	cr_expect_str_eq(c.hostname, "box");
	cr_expect_str_eq(list_env_get(&c.env, "TERM"), "xterm");
	cr_expect_eq(c.capabilities.bounding, three);
	cr_expect_eq(c.capabilities.effective, three);
	cr_expect_eq(c.capabilities.permitted, three);
	cr_expect_eq(c.capabilities.ambient, 0u);
	cr_expect_eq(c.rlimits[0].hard, 1024u);
	cr_expect(c.no_new_privileges);
	cr_expect_eq(c.mount_count, 7u);
	cr_expect_eq(c.mounts[6].kind, MOUNT_CGROUP);
	cr_expect_eq(c.masked_paths.count, 10u);
	cr_expect_eq(c.read_only_paths.count, 5u);
	cr_expect_eq(c.limits.device_rule_count, 1u);
	for (int i = 0; i < NAMESPACE_COUNT; i++)
		cr_expect_eq(container_has_namespace(&c, (enum namespace_kind)i), i != NAMESPACE_USER && i != NAMESPACE_TIME);
	container_release(&c);
}

Test(oci_output, rootless_template)
{
	struct container c;

	decode_template(/* rootless= */ true, &c);
	cr_expect(container_has_namespace(&c, NAMESPACE_USER));
	cr_expect_not(container_has_namespace(&c, NAMESPACE_NETWORK));
	cr_expect_eq(c.id_map->uids[0].outside, geteuid());
	cr_expect_eq(c.id_map->gids[0].outside, getegid());
	cr_expect_eq(c.id_map->uids[0].count, 1u);
	cr_expect_eq(c.limits.device_rule_count, 0u);
	cr_expect_eq(c.mount_count, 6u);
	cr_expect_eq(c.mounts[5].kind, MOUNT_BIND);
	cr_expect(c.mounts[5].is_recursive);
	cr_expect_not(list_has(&c.mounts[2].data, "gid=5"));
	container_release(&c);
}

Test(oci_output, features)
{
	static const char *const words[] = {
		"\"ociVersionMin\": \"1.0.0\"", "\"ociVersionMax\": \"1.3.0\"", "\"createContainer\"", "\"poststop\"", "\"rbind\"", "\"ridmap\"",
		"\"tmpcopyup\"", "\"CAP_CHECKPOINT_RESTORE\"", "\"mount\"", "\"time\"", "\"SCMP_CMP_MASKED_EQ\"", "\"SECCOMP_FILTER_FLAG_LOG\"",
		"\"v1\": true", "\"systemd\": true", "\"rdma\": true", "\"mountExtensions\"", "\"netDevices\"", "\"MPOL_BIND\"",
		"\"MPOL_F_STATIC_NODES\"",
		"\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"", "\"run.oci.seccomp_fail_unknown_syscall\"",
	};
	struct text json = { 0 };

	oci_features(&json);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		cr_expect_not_null(strstr(json.data, words[i]), "%s", words[i]);
	text_release(&json);
}

/* Each quoted word after key, up to the end of its list, makes a profile that decodes. */
static size_t try_words(const char *json, const char *key, const char *format)
{
	const char *at = strstr(json, key), *end = at ? strchr(at, ']') : NULL;
	size_t count = 0;

	cr_assert(at && end, "%s", key);
	for (at = strchr(at, '['); (at = strchr(at, '"')) && at < end; count++) {
		const char *close = strchr(++at, '"');
		char word[64], profile[512];
		struct seccomp_spec spec;
		struct error e = { 0 };

		(void)snprintf(word, sizeof word, "%.*s", (int)(close - at), at);
		(void)snprintf(profile, sizeof profile, "{\"defaultAction\": \"%s\", \"syscalls\": [{\"names\": [\"read\"], \"action\": \"SCMP_ACT_LOG\","
			       "\"args\": [{\"index\": 0, \"value\": 1, \"op\": \"%s\"}]}]}",
			       *format == 'a' ? word : "SCMP_ACT_ALLOW", *format == 'a' ? "SCMP_CMP_EQ" : word);
		cr_assert_eq(seccomp_spec_decode(profile, strlen(profile), "p", &spec, &e), 0, "%s", e.text);
		seccomp_spec_release(&spec);
		at = close + 1;
	}
	return count;
}

Test(oci_output, features_of_seccomp)
{
	struct text json = { 0 };

	oci_features(&json);
	cr_expect_eq(try_words(json.data, "\"actions\"", "action"), 9u);
	cr_expect_eq(try_words(json.data, "\"operators\"", "operator"), 7u);
	text_release(&json);
}
