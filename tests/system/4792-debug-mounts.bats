#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What an app sees of box debug's process while that is made: /proc/PID/mountinfo asks nobody for a right.

load lib
setup() { setup_world; }
teardown() {
	[ -z "${PAUSED:-}" ] || kill "$PAUSED" 2>/dev/null || true
	box rm -f "$TAG" >/dev/null 2>&1 || true
	teardown_world
}

in_app() { box exec "$TAG" sh -c "$1"; }
paused='grep -sl "^box:.paused" /proc/[0-9]*/comm'

# At each step until the host is left; before the first of them is behind the call that made the process.
@test "an app learns nothing of the host's mounts from a process of box debug, whichever step it is at" {
	need root hooks
	local step
	box import "$ROOTFS" tools:1 >/dev/null
	app '"command": ["sh", "-c", "while :; do sleep 0.1; done"]'
	box run -d app.json >/dev/null
	for step in keyring "root of the user namespace" root mounts pivot; do
		BOX_PAUSE_STEP=$step box debug --image tools:1 "$TAG" true 2>/dev/null &
		PAUSED=$!
		wait_until 20 in_app "$paused"
		run in_app "cat \$(dirname \$($paused))/mountinfo"
		expect_status 0
		expect_has " /proc "
		output=$(awk '$5 !~ "^/(proc|sys|dev)?(/.*)?$" || $5 ~ "^/[^/]*$" && $5 !~ "^/(proc|sys|dev)?$"' <<<"$output")
		[ -z "$output" ] || fail "at the step $step it sees"
		kill "$PAUSED"
		wait "$PAUSED" || true
		PAUSED=
		! in_app "$paused" || fail "it is still there"
	done
	run box debug --image tools:1 "$TAG" cat /app/proc/1/comm
	expect_status 0
	expect_line sh
}
