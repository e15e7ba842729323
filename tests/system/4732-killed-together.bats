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
