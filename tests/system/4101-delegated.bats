#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Limits of an ordinary user to whom a cgroup is delegated: by systemd where it is process 1, else by hand. Cgroup v2 alone.

load lib
setup() { setup_world; need root user subids delegation; }
teardown() {
	end_delegation
	teardown_world
}

@test "delegated: memory: 64m kills an allocation of 200 MB and says so, with figures" {
	user_app '"command": ["/bin/probe", "memory", "200"], "resources": {"limits": {"memory": "64m"}}'
	run as_delegated bin/box run app.json
	expect_status 137
	expect_has "out of memory: the limit is 64 MiB (resources.limits.memory)" "the peak was 6"
}

@test "delegated: pids: 16 stops a fork bomb, and box says so" {
	user_app '"command": ["/bin/probe", "forks"], "resources": {"limits": {"pids": 16}}'
	run as_delegated bin/box run app.json
	expect_has "the limit of 16 processes (resources.limits.pids) was reached"
}

@test "delegated: the limits stand in a group below the delegated one, which box removes" {
	user_app '"command": ["sh", "-c", "echo ready; exec sleep 1000"], "resources": {"limits": {"memory": "48m", "pids": 9, "cpus": 0.25}}'
	as_delegated bin/box run --name "$TAG" app.json </dev/null >out 2>&1 &
	wait_until 20 grep -q ready out
	local group
	group=$(user_group)
	[ -n "$group" ] || fail "no group: $(cat out)"
	[ "$(cat "$group/memory.max")" = 50331648 ]
	[ "$(cat "$group/pids.max")" = 9 ]
	[ "$(cat "$group/cpu.max")" = "25000 100000" ]
	[ "$(stat -c %U "$group")" = "$TEST_USER" ]
	as_user bin/box kill "$TAG" KILL
	wait
	[ ! -e "$group" ]
}

@test "delegated: the default limits hold, and no warning is said" {
	user_app '"command": ["sh", "-c", "cat /sys/fs/cgroup/pids.max"]'
	run as_delegated bin/box run app.json
	expect_status 0
	[ "$output" = 1024 ] || fail "expected 1024 and nothing else"
}

@test "delegated: pause, unpause, exec and rm by their user" {
	user_app '"command": ["sh", "-c", "echo ready; exec sleep 1000"], "resources": {"limits": {"pids": 20}}'
	as_delegated bin/box run --name "$TAG" app.json </dev/null >out 2>&1 &
	wait_until 20 grep -q ready out
	run as_user bin/box pause "$TAG"
	expect_status 0
	grep -q "frozen 1" "$(user_group)/cgroup.events"
	run as_user bin/box unpause "$TAG"
	expect_status 0
	if [ -d /run/systemd/system ]; then
		# From another scope of the same user manager: it may move processes between them.
		run as_delegated bin/box exec "$TAG" cat /proc/self/cgroup
		expect_status 0
		expect_line 0::/
	fi
	run as_user bin/box rm -f "$TAG"
	expect_status 0
	wait
}

user_group() { find /sys/fs/cgroup -type d -path "*/box/$TAG-????????" | head -1; }
