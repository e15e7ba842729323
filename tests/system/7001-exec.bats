#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box exec: one more process in a running container, with the same isolation as its first.

load lib
setup() { setup_world; }
teardown() {
	box rm -f "$TAG" >/dev/null 2>&1 || true
	wait
	teardown_world
}

start_app() {
	app "$1"
	"$BOX" --root "$STATE" run --name "$TAG" app.json </dev/null >out 2>&1 &
	wait_until 10 is_up
}

@test "the command runs inside, and its exit code is box's" {
	need root
	start_app '"command": ["sleep", "1000"], "hostname": "inside"'
	run box exec "$TAG" hostname
	expect_status 0
	[ "$output" = inside ]
	run box exec "$TAG" sh -c 'exit 23'
	expect_status 23
	run box exec "$TAG" sh -c 'kill -9 $$'
	expect_status 137
	run box exec "$TAG" no-such-program
	expect_status 127
	run box exec "$TAG" /etc/passwd
	expect_status 126
}

@test "it has the namespaces, cgroup, capabilities, filter and ids of the app" {
	need root
	start_app '"command": ["sleep", "1000"], "cap_drop": ["CHOWN"], "resources": {"limits": {"memory": "64m"}}'
	first=$(container_pid)
	box exec "$TAG" sh -c 'echo go; exec sleep 60' >exec.out </dev/null &
	wait_until 5 grep -q go exec.out
	second=$(box ps "$TAG" | awk '/sleep 60/ { print $1; exit }')
	[ -n "$second" ]
	for ns in user pid mnt net ipc uts cgroup; do
		[ "$(readlink "/proc/$first/ns/$ns")" = "$(readlink "/proc/$second/ns/$ns")" ] || fail "another $ns namespace"
	done
	[ "$(sort "/proc/$first/cgroup")" = "$(sort "/proc/$second/cgroup")" ]
	for field in CapInh CapPrm CapEff CapBnd CapAmb Seccomp NoNewPrivs Uid Gid; do
		[ "$(grep "^$field:" "/proc/$first/status")" = "$(grep "^$field:" "/proc/$second/status")" ] || fail "another $field"
	done
	diff "/proc/$first/limits" "/proc/$second/limits"
}

@test "only 0, 1 and 2 are open in it" {
	need root
	start_app '"command": ["sleep", "1000"]'
	exec 9</etc 10</etc/passwd
	run box exec "$TAG" sh -c 'ls -l /proc/self/fd'
	exec 9<&- 10<&-
	expect_status 0
	expect_not /etc
	[ "$(grep -c -- '->' <<<"$output")" -le 4 ] || fail "too many descriptors"
}

@test "-e, -u and -w, stdin with -i" {
	need root
	start_app '"command": ["sleep", "1000"], "environment": {"A": "1"}'
	run box exec -e B=2 -e A=3 -u app -w /tmp "$TAG" sh -c 'echo $A $B $(id -un) $PWD'
	expect_status 0
	[ "$output" = "3 2 app /tmp" ]
	run bash -c "echo hello | '$BOX' --root '$STATE' exec -i '$TAG' cat"
	[ "$output" = hello ]
	run bash -c "echo hello | '$BOX' --root '$STATE' exec '$TAG' cat"
	[ -z "$output" ]
}

@test "/dev/stdout and /dev/stderr open for writing as root and as a user" {
	need root
	start_app '"command": ["sleep", "1000"]'
	for user in root app; do
		run box exec -u $user "$TAG" sh -c 'echo out >/dev/stdout && echo err >/dev/stderr'
		expect_status 0
		expect_line out err
	done
}

@test "a container that does not run, or is paused, is named" {
	need root
	run box exec "$TAG" true
	expect_status 125
	expect_has "$TAG"
	start_app '"command": ["sleep", "1000"]'
	box pause "$TAG"
	run box exec "$TAG" true
	expect_status 125
	expect_has paused "box unpause $TAG"
	box unpause "$TAG"
}

@test "100 exec leave no process behind" {
	need root
	start_app '"command": ["sleep", "1000"]'
	for _ in $(seq 100); do
		box exec "$TAG" true </dev/null || fail "one failed"
	done
	run box ps "$TAG"
	[ "$(grep -c sleep <<<"$output")" -eq 1 ] || fail "more than the app runs"
}

@test "an ordinary user enters its container" {
	need root user subids
	user_app '"command": ["sleep", "1000"]'
	as_user bin/box run --name "$TAG" app.json </dev/null >out 2>&1 &
	wait_until 10 is_up "$TAG" as_user bin/box
	run as_user bin/box exec "$TAG" sh -c 'id -u; exit 9'
	expect_status 9
	expect_line 0
	as_user bin/box rm -f "$TAG"
}
