#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# "box features" (features.md): its form, and that box does what it says it can.

load lib
load bundle
setup() {
	setup_world
	setup_bundles
	box features >features.json
}
teardown() { teardown_world; }

words() { jq -r "$1[]" features.json; }

@test "the form: only known keys, each of its type" {
	jq -e '
		def texts: type == "array" and length > 0 and all(.[]; type == "string") and (unique | length) == length;
		def flags($keys): type == "object" and (keys - $keys) == [] and all(.[]; type == "boolean");
		(keys - ["annotations", "hooks", "linux", "mountOptions", "ociVersionMax", "ociVersionMin", "potentiallyUnsafeConfigAnnotations"]) == []
		and (.ociVersionMin | test("^1\\.[0-9]+\\.[0-9]+$")) and (.ociVersionMax | test("^1\\.[0-9]+\\.[0-9]+$"))
		and (.hooks | texts) and (.mountOptions | texts) and (.potentiallyUnsafeConfigAnnotations | texts)
		and (.linux | (keys - ["apparmor", "capabilities", "cgroup", "intelRdt", "memoryPolicy", "mountExtensions", "namespaces", "netDevices",
				"seccomp", "selinux"]) == []
			and (.namespaces | texts) and (.capabilities | texts and all(.[]; test("^CAP_[A-Z_]+$")))
			and (.cgroup | flags(["v1", "v2", "systemd", "systemdUser", "rdma"]))
			and (.seccomp | .enabled == true and all((.actions, .operators, .archs, .knownFlags, .supportedFlags); texts)
				and all(.actions[]; startswith("SCMP_ACT_")) and all(.operators[]; startswith("SCMP_CMP_"))
				and all(.archs[]; startswith("SCMP_ARCH_")) and (.supportedFlags - .knownFlags) == [])
			and all((.apparmor, .selinux, .intelRdt, .netDevices, .mountExtensions.idmap); flags(["enabled"]))
			and (.memoryPolicy | (.modes | texts) and (.flags | texts)))' features.json || fail "$(cat features.json)"
}

@test "versions are those that are taken" {
	local version
	for version in "$(jq -r .ociVersionMin features.json)" "$(jq -r .ociVersionMax features.json)"; do
		oci_run ".ociVersion = \"$version\"" true
		expect_status 0
	done
	oci_run '.ociVersion = "2.0.0"' true
	expect_status 125
	box --version | grep -qx "spec: $(jq -r .ociVersionMax features.json)" || fail "$(box --version)"
}

@test "seccomp: every word is taken, and no other" {
	local word
	for word in $(words .linux.seccomp.operators); do
		oci_run ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [{names: [\"getpgid\"], action: \"SCMP_ACT_ERRNO\",
			args: [{index: 0, value: 1, valueTwo: 1, op: \"$word\"}]}]}" true
		expect_status 0 || return 1
	done
	oci_run ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", architectures: $(jq -c .linux.seccomp.archs features.json),
		flags: $(jq -c .linux.seccomp.supportedFlags features.json)}" true
	expect_status 0
	for word in $(words .linux.seccomp.actions); do
		[ "$word" != SCMP_ACT_NOTIFY ] || continue # 8701
		oci_run ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [{names: [\"getpgid\"], action: \"$word\"}]}" true
		expect_status 0 || return 1
	done
	oci_run '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_PDP11"]}' true
	expect_status 125
}

@test "mount options: every word is taken" {
	local word
	for word in $(words .mountOptions); do
		case $word in
		bind | rbind | remount | idmap | ridmap) continue ;; # not for a new file system
		esac
		oci_run ".mounts += [{destination: \"/tmp\", type: \"tmpfs\", source: \"tmpfs\", options: [\"$word\"]}]" true
		[ "$status" -eq 0 ] || fail "$word" || return 1
	done
}

@test "namespaces, hooks, capabilities and memory policies are those of the decoder" {
	oci_run "$(jq -c '{namespaces: [.linux.namespaces[] | select(. != "user") | {type: .}]}' features.json | sed 's/^/.linux += /')" true
	expect_status 0
	oci_run "$(jq -c '[.hooks[] | {key: ., value: [{path: "/bin/true"}]}] | from_entries' features.json | sed 's/^/.hooks = /') |
		.hooks.startContainer = []" true
	expect_status 0
	oci_run ".process.capabilities.bounding = $(jq -c .linux.capabilities features.json)" true
	expect_status 0
	expect_not "unknown capability"
	oci_run '.linux.memoryPolicy = {mode: "MPOL_NONE"}' true
	expect_status 125
}

@test "access times: of a new file system, of what is below a bind mount, of what is there" {
	mkdir -p source/below
	mount -t tmpfs tmpfs source/below
	oci_run ".mounts += [{destination: \"/mnt\", type: \"tmpfs\", source: \"tmpfs\", options: [\"rnoatime\"]},
		{destination: \"/tmp\", type: \"bind\", source: \"$WORK/source\", options: [\"rbind\", \"rnoatime\"]},
		{destination: \"/mnt\", source: \"\", options: [\"remount\", \"strictatime\"]}]" /bin/probe mounts
	umount source/below
	expect_status 0
	grep -qE "^mount .* /tmp/below [^ ]*noatime" <<<"$output" || fail "/tmp/below"
	grep -E "^mount .* /mnt " <<<"$output" | grep -vqE "noatime|relatime" || fail "/mnt"
}
