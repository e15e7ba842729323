#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Watcher and all supervisors are killed at once: whose the volumes of living apps are meanwhile, and who adopts the apps.

load lib
setup() { setup_world; need root jq; }
teardown() {
	local name
	[ -z "${KEEPER:-}" ] || kill -KILL "$KEEPER" 2>/dev/null || true
	for name in $(box ps -aq); do box rm -f "$name"; done >/dev/null 2>&1
	teardown_world
}

pid_of() { box ps --format json | jq -r --arg name "$1" '.[] | select(.name == $name).pid'; }
supervisor_of() { sed -n 's/^pid //p' "$STATE/$1/supervisor"; }
watcher_pid() {
	local fd
	for fd in /proc/[0-9]*/fd/3; do
		[ "$(readlink "$fd" 2>/dev/null)" != "$STATE/.watch" ] || { fd=${fd#/proc/} && echo "${fd%%/*}"; }
	done
}
# Stopped first, so that none sees another one's end.
kill_together() {
	kill -STOP "$@"
	kill -KILL "$@"
}

@test "the volume of an app that lives is nobody else's while its supervisor and the watcher are dead" {
	app '"command": ["sleep", "1000"], "volumes": ["'"$TAG"'-data:/data"]'
	box run -d app.json
	pid=$(pid_of "$TAG")
	kill_together "$(watcher_pid)" "$(supervisor_of "$TAG")"
	# The spec of the other one says nothing of this state folder: no sweep of it adopts the first app.
	app '"command": ["touch", "/data/taken"], "volumes": ["'"$TAG"'-data:/data"]' other.json
	run "$BOX" --root "$WORK/other-state" run --name "$TAG-2" other.json
	expect_status 125
	expect_has "use volume $TAG-data: another running app writes it"
	app '"command": ["ls", "/data"], "volumes": ["'"$TAG"'-data:/data:ro"]' other.json
	run "$BOX" --root "$WORK/other-state" run --name "$TAG-2" other.json
	expect_status 125
	run "$BOX" --root "$WORK/other-state" volume rm "$TAG-data"
	expect_has "a running app uses it"
	[ "$(pid_of "$TAG")" = "$pid" ] || fail "another process"
	# Its own next run has it, and so has another app after its end.
	box restart -t 0 "$TAG"
	box stop -t 0 "$TAG"
	run "$BOX" --root "$WORK/other-state" run --name "$TAG-2" other.json
	expect_status 0
	[ -z "$output" ] || fail "somebody wrote into it"
	[ "$(ls "$BOX_STORE/volumes/$TAG-data/users" | wc -l)" -le 1 ] || fail "notes of the dead stay: $(ls "$BOX_STORE/volumes/$TAG-data/users")"
	rm -rf "$WORK/other-state"
}

@test "readers keep a writer away, and not each other" {
	app '"command": ["sleep", "1000"], "volumes": ["'"$TAG"'-data:/data:ro"]'
	box run -d app.json
	kill_together "$(watcher_pid)" "$(supervisor_of "$TAG")"
	app '"command": ["true"], "volumes": ["'"$TAG"'-data:/data"]' other.json
	run "$BOX" --root "$WORK/other-state" run --name "$TAG-2" other.json
	expect_status 125
	app '"command": ["true"], "volumes": ["'"$TAG"'-data:/data:ro"]' other.json
	run "$BOX" --root "$WORK/other-state" run --name "$TAG-2" other.json
	expect_status 0
	rm -rf "$WORK/other-state"
}

# What a service manager does with box boot --keep.
keep_it() {
	while :; do
		"$BOX" --root "$STATE" boot --keep >>"$WORK/keep.out" 2>&1 || true
		sleep 0.1
	done
}
keeper_pid() {
	local file pid
	for file in $(grep -ls '^box:\[keep\]' /proc/[0-9]*/cmdline); do
		pid=${file#/proc/} pid=${pid%%/*}
		[ "$(readlink "/proc/$pid/fd/3")" != "$STATE" ] || echo "$pid"
	done
}
has_other_supervisor() {
	local pid
	pid=$(supervisor_of "$1")
	[ "$pid" != "$2" ] && grep -q "box:.supervise. $1" "/proc/$pid/cmdline"
}

@test "box boot --keep, which a service manager begins again: the apps are adopted with no command typed" {
	app '"command": ["sleep", "1000"]'
	app '"command": ["sleep", "1000"], "restart": "unless-stopped"' two.json
	keep_it &
	KEEPER=$!
	wait_until 10 eval '[ -n "$(keeper_pid)" ]'
	box run -d app.json
	box run -d --name "$TAG-2" two.json
	pids="$(pid_of "$TAG") $(pid_of "$TAG-2")"
	[ -z "$(watcher_pid)" ] || fail "there is another watcher"
	one=$(supervisor_of "$TAG") two=$(supervisor_of "$TAG-2")
	kill_together "$(keeper_pid)" "$one" "$two"
	wait_until 10 has_other_supervisor "$TAG" "$one"
	wait_until 10 has_other_supervisor "$TAG-2" "$two"
	[ "$(pid_of "$TAG") $(pid_of "$TAG-2")" = "$pids" ] || fail "they are other ones"
	# A supervisor that dies alone, and the keeper alone: then a supervisor begins a watcher, and the next keeper waits for its end.
	one=$(supervisor_of "$TAG")
	kill -KILL "$one"
	wait_until 10 has_other_supervisor "$TAG" "$one"
	kill -KILL "$(keeper_pid)"
	wait_until 10 eval '[ -n "$(keeper_pid)" ]'
	one=$(supervisor_of "$TAG") two=$(supervisor_of "$TAG-2")
	kill_together $(watcher_pid) "$(keeper_pid)" "$one" "$two"
	wait_until 10 has_other_supervisor "$TAG" "$one"
	wait_until 10 has_other_supervisor "$TAG-2" "$two"
	# Nobody is left to watch: it stays, until it is asked to end, and leaves nothing.
	box stop -t 0 "$TAG" "$TAG-2"
	pid=$(keeper_pid)
	[ -n "$pid" ] || fail "it has gone with the last app"
	kill -KILL "$KEEPER"
	wait "$KEEPER" || true
	KEEPER=
	# It wakes for nothing.
	grep -q "^State:.S" "/proc/$pid/status"
	kill -TERM "$pid"
	wait_until 10 test ! -e "/proc/$pid"
	[ ! -e "$STATE/.watch" ] || fail "its folder is left"
	[ -z "$(cat keep.out | grep -v "^$TAG")" ] || fail "$(cat keep.out)"
}
