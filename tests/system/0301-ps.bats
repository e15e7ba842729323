#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box ps of a running container: table, JSON, names alone, and its processes.

load lib
setup() {
	setup_world
	need root jq
	app "$(printf '"command": ["sh", "-c", "sleep 1000 & sleep 1000; true", "a\\u001b[31m\\"quoted\\""]')"
	box run --name "$TAG" app.json </dev/null >out 2>&1 &
	wait_until 10 eval 'box ps "$TAG" | grep -c sleep | grep -q 3'
}
teardown() {
	box rm -f "$TAG" >/dev/null 2>&1 || true
	wait
	teardown_world
}

@test "the list as table, as JSON and as names" {
	run box ps
	expect_has "$TAG" "Up " " ago" "sleep 1000 & sleep"
	[ -z "$(tr -d '[:print:]\n' <<<"$output")" ] || fail "control characters in its output"
	run box ps -q
	[ "$output" = "$TAG" ]
	run box ps --format json
	[ "$(jq -r '.[0].name, .[0].status' <<<"$output" | xargs)" = "$TAG running" ]
	want=$(printf 'sh -c sleep 1000 & sleep 1000; true a\033[31m"quoted"')
	got=$(jq -r '.[0].command' <<<"$output")
	[ "$got" = "$want" ] || fail "command: $(cat -v <<<"$got")"
	created=$(date -d "$(jq -r '.[0].created' <<<"$output")" +%s)
	[ $(($(date +%s) - created)) -lt "$(slowly 60)" ] || fail "created $(jq -r '.[0].created' <<<"$output")"
	pid=$(jq '.[0].pid' <<<"$output")
	grep -q sleep "/proc/$pid/cmdline"
}

@test "the processes with their pids outside and inside" {
	run box ps "$TAG"
	expect_has PID INSIDE COMMAND
	first=$(awk '$2 == 1 { print $1 }' <<<"$output")
	[ "$first" = "$(container_pid)" ]
	[ "$(grep -c '[0-9] *sleep 1000$' <<<"$output")" -eq 2 ] || fail "two sleeps expected"
	run box ps "$TAG" --format json
	[ "$(jq length <<<"$output")" -eq 3 ]
	[ "$(jq -r 'map(select(.inner_pid == 1))[0].pid' <<<"$output")" = "$first" ]
	jq -e 'map(.command) | index("sleep 1000")' <<<"$output" >/dev/null
	run box ps -q "$TAG"
	[ "${#lines[@]}" -eq 3 ]
	grep -qx "$first" <<<"$output"
}

@test "an app in the background: CREATED is when it was made, STATUS since when it runs, or has ended" {
	app '"command": ["sh", "-c", "sleep 1; exit 3"], "init": true' back.json
	box run -d --name "$TAG-back" back.json
	wait_until 10 sh -c "box ps -a --format json | jq -e '.[] | select(.name == \"$TAG-back\").status == \"exited (3)\"'"
	run box ps -a
	expect_has "exited (3) " " ago"
	box start "$TAG-back"
	box ps -a --format json | jq -e ".[] | select(.name == \"$TAG-back\") | .created < .since" || fail "$(box ps -a --format json)"
	box rm -f "$TAG-back"
}
