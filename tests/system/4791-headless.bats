#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# An app whose first thread has ended is a zombie by its letter in /proc, and runs all the same: nobody may take it for dead.

load lib
setup() { setup_world; }
teardown() {
	box rm -f "$TAG" "$TAG-two" >/dev/null 2>&1 || true
	teardown_world
}

begin() {
	need root jq
	app '"command": ["probe", "headless"], "volumes": ["data:/data"], "reload": {"signal": "SIGUSR1"}'
	box run -d app.json >/dev/null
	wait_until 10 is_headless
}
pid_of() { box ps -a --format json | jq -r '.[0].pid'; }
# From the record: what box says of it is what is tested.
first_of() { jq .pid "$STATE/$TAG/state.json"; }
is_headless() { grep -q ') Z ' "/proc/$(first_of)/stat"; }
# The watcher holds the lock of its folder.
watchers() { lsof -t "$STATE"/.*/lock; }
is_paused() { box ps --format json | jq -e '.[0].status | test("aused")'; }

@test "ps, kill, pause, stats and stop know that it runs" {
	begin
	[ "$(pid_of)" = "$(first_of)" ] || fail "ps: $(box ps -a)"
	run box pause "$TAG"
	expect_status 0
	is_paused
	run box unpause "$TAG"
	expect_status 0
	run box stats --no-stream "$TAG"
	expect_status 0
	run box rename "$TAG" "$TAG-two"
	expect_status 1
	expect_has "it is running"
	run box kill "$TAG" KILL
	expect_status 0
	wait_until 10 sh -c "box ps -a | grep -q 'exited (137)'"
}

@test "a volume that it writes stays its own when all of box's processes are killed" {
	begin
	local pid first
	first=$(first_of)
	# shellcheck disable=SC2046 # words
	kill -KILL $(watchers) $(sed -n 's/^pid //p' "$STATE/$TAG/supervisor")
	app '"command": ["true"], "volumes": ["data:/data"]' two.json
	sed -i "s/\"name\": \"$TAG\"/\"name\": \"$TAG-two\"/" two.json
	run box run two.json
	expect_status 125
	expect_has "another running app writes it"
	[ "$(first_of)" = "$first" ] || fail "the app was begun anew"
	run box stop -t 0 "$TAG"
	expect_status 0
	run box run two.json
	expect_status 0
}
