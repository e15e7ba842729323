#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box's own command line, which has values of -e and paths of the host, is not to be read by who is in the app: until the program
# runs, what joins it is a copy of box.

load lib
setup() { setup_world; }
teardown() {
	[ -z "${PAUSED:-}" ] || kill "$PAUSED" 2>/dev/null || true
	box rm -f "$TAG" >/dev/null 2>&1 || true
	teardown_world
}

in_app() { box exec -u 1000 "$TAG" sh -c "$1"; }
paused='grep -sl "^box:.paused" /proc/[0-9]*/comm'

# looked_at COMMAND…: paused half-way; what the app reads is in $output.
looked_at() {
	BOX_PAUSE_STEP=umask box "$@" 2>/dev/null &
	PAUSED=$!
	wait_until 20 in_app "$paused"
	run in_app "echo read; tr '\\0' ' ' <\$(dirname \$($paused))/cmdline"
	expect_line read
	kill "$PAUSED"
	wait "$PAUSED" || true
	PAUSED=
}

@test "exec and debug: the app's other users do not read the words that box was called with" {
	need root hooks
	box import "$ROOTFS" tools:1 >/dev/null
	app '"command": ["sh", "-c", "while :; do sleep 0.1; done"]'
	box run -d app.json >/dev/null
	looked_at exec -u 0 -e TOKEN=hush "$TAG" true
	expect_not hush "$WORK" exec
	looked_at debug --image tools:1 -u 0 -e TOKEN=hush "$TAG" true
	expect_not hush "$WORK" debug
	run box exec -u 7:8 -w /tmp -e TOKEN=hush "$TAG" sh -c 'echo "$(id -u) $(id -g) $PWD $TOKEN"'
	expect_line "7 8 /tmp hush"
}
