# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# bundle.bash - OCI bundles for tests that call box as engines do, with nothing between. Load it after lib.

# setup_bundles: the folder $ROOT with the test root. After setup_world.
setup_bundles() {
	need root jq
	[ -e "$PROBE" ] || skip "needs the probe: make TEST_HOOKS=1 build/test/tests/probe"
	ROOT=$WORK/root
	rootfs_folder "$ROOT"
}

# bundle JQ [ARGUMENT…]: ./config.json: the ARGUMENTs as root in new namespaces with all capabilities; then JQ changes it.
bundle() {
	local change=$1
	shift
	jq -n --arg root "$ROOT" --arg group "/box/$TAG" --argjson args "$(printf '%s\n' "$@" | jq -Rn '[inputs]')" '{
		ociVersion: "1.3.0", root: {path: $root}, hostname: "inside",
		process: {user: {uid: 0, gid: 0}, cwd: "/", args: $args, env: ["PATH=/bin:/sbin:/usr/bin"],
			capabilities: (["CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_SYS_NICE", "CAP_KILL", "CAP_SETUID", "CAP_SETGID"] |
				{bounding: ., effective: ., permitted: .})},
		mounts: [{destination: "/proc", type: "proc", source: "proc"},
			{destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"]},
			{destination: "/sys", type: "sysfs", source: "sysfs", options: ["ro"]}],
		linux: {cgroupsPath: $group, namespaces: [{type: "pid"}, {type: "network"}, {type: "ipc"}, {type: "uts"}, {type: "mount"}]}
	}' | jq "$change" >config.json
}

# oci_run JQ [ARGUMENT…]: bundle and run; $status and $output as of run.
oci_run() {
	bundle "$@"
	run timeout "$(slowly 30)" box run -b . "$TAG"
}
