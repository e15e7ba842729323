#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box reload: the signal or the program of "reload", in the background and in the foreground, as root and as an ordinary user.

load lib
setup() { setup_world; }
teardown() {
	local name
	for name in $(box ps -aq); do
		box systemd remove "$name"
		box rm -f "$name"
	done >/dev/null 2>&1
	rm -f /etc/systemd/system/box-app-"$TAG"*.service
	teardown_world
}

# Says "told" on SIGHUP.
teller='"command": ["sh", "-c", "trap \"echo told\" HUP; echo began; while :; do sleep 0.1; done"]'
has_log() { box logs "$TAG" 2>&1 | grep -qxF -- "$1"; }
start() { # start FIELDS
	app "$1"
	run box run -d app.json
	expect_status 0
}

@test "a signal reaches the app; it is audited and an event" {
	need root
	start "$teller"', "reload": {"signal": "SIGHUP"}'
	wait_until 10 has_log began
	run box reload "$TAG"
	[ "$status $output" = "0 $TAG" ] || fail "not its name alone"
	wait_until 10 has_log told
	run box audit --verb reload --name "$TAG"
	expect_has "box reload $TAG" "ok (0)"
	run box events --since 1h --until 0s --format json
	grep '"reload"' <<<"$output" | grep -qF "\"$TAG\"" || fail "no event"
	# The same after its supervisor started it again: the spec is the frozen one.
	box restart "$TAG"
	run box reload "$TAG"
	expect_status 0
}

@test "a program: its output, its exit code, as the app's user and in a cgroup of its own that is gone afterwards" {
	need root
	start '"user": "1000:1000", "command": ["sh", "-c", "while :; do sleep 0.1; done"], "reload": {"exec": ["sh", "-c", "id -u; grep -o box-reload /proc/self/cgroup | sort -u; echo bad >&2; exit $(cat /tmp/code)"]}'
	box exec "$TAG" sh -c 'echo 0 >/tmp/code'
	box reload "$TAG" >out 2>err
	[ "$(head -1 out)" = 1000 ] || fail "not the app's user: $(cat out)"
	grep -qx box-reload out || fail "not in a cgroup of its own: $(cat out)"
	[ "$(cat err)" = bad ] || fail "stderr: $(cat err)"
	box exec "$TAG" sh -c 'echo 3 >/tmp/code'
	run box reload "$TAG"
	expect_status 3
	expect_line "box: reload $TAG: its program ended with exit code 3"
	[ -z "$(find /sys/fs/cgroup -maxdepth 6 -path "*$TAG*" -name box-reload 2>/dev/null)" ] || fail "its cgroup is left"
	run box events --since 1h --until 0s --format json
	[ "$(grep -c '"reload-failed"' <<<"$output")" -eq 1 ] || fail "no event of the failure"
}

@test "a program that hangs is killed with all that it began" {
	need root
	start '"command": ["sh", "-c", "while :; do sleep 0.1; done"], "reload": {"exec": ["sh", "-c", "sleep 987654 & sleep 987654"], "timeout": "300ms"}'
	run box reload "$TAG"
	expect_status 124
	expect_line "box: reload $TAG: its program did not end in its time (reload.timeout)"
	run box top "$TAG"
	expect_not 987654
}

@test "no word about it, no handler, paused, not there: each says what to do" {
	need root
	start "$teller"
	run box reload "$TAG"
	expect_status 1
	expect_has "box: reload $TAG: its spec does not say how" '"reload": {"signal": "SIGHUP"}' '"reload": {"exec": ['
	box rm -f "$TAG"
	start '"command": ["sleep", "1000"], "reload": {"signal": "SIGHUP"}'
	run box reload "$TAG"
	expect_status 1
	expect_has "box: reload $TAG: its first process has no handler for SIGHUP"
	box rm -f "$TAG"
	start "$teller"', "reload": {"signal": "SIGHUP"}'
	wait_until 10 has_log began
	box pause "$TAG"
	run box reload "$TAG"
	expect_status 1
	expect_has "reload $TAG: it is paused" "box unpause $TAG"
	box unpause "$TAG"
	box stop "$TAG"
	run box reload "$TAG" "$TAG-none"
	expect_status 1
	expect_has "$TAG-none"
}

@test "in the foreground, and with the words of box run" {
	need root
	box run --name "$TAG" --reload-signal HUP "$(app "$teller" && echo app.json)" >out 2>&1 &
	wait_until 10 grep -qx began out
	run box reload "$TAG"
	expect_status 0
	wait_until 10 grep -qx told out
	box rm -f "$TAG"
	wait || true
}

@test "an ordinary user, with ranges of ids" {
	need user userns subids
	user_app '"command": ["sh", "-c", "while :; do sleep 0.1; done"], "reload": {"exec": ["sh", "-c", "echo id $(id -u)"]}'
	as_user bin/box run -d app.json
	run as_user bin/box reload "$TAG"
	expect_status 0
	expect_line "id 0"
	as_user bin/box rm -f "$TAG"
}

@test "the unit of an app that has a reload knows it, and its command line is one" {
	need root
	[ ! -d /run/systemd/system ] || skip "this host has systemd"
	app "$teller"', "reload": {"exec": ["true"], "timeout": "2m"}'
	box systemd install app.json
	unit=/etc/systemd/system/box-app-$TAG.service
	grep -qx TimeoutStartSec=135 "$unit" || fail "$(cat "$unit")"
	grep -q '^ExecReload=:' "$unit" || fail "$(cat "$unit")"
	sed -n 's/^ExecReload=:\(.*\)/\1/p' "$unit" >line
	run xargs -a line timeout 20
	expect_has "$TAG" # it is reload's own answer: the app does not run
	expect_status 123
	box systemd remove "$TAG"
	box rm -f "$TAG"
	app "$teller"
	box systemd install app.json
	! grep ExecReload "$unit" || fail "a reload of an app that has none"
}
