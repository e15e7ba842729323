#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Apps in the background: box run -d and the verbs on them, as root and as an ordinary user; restart; what survives which kill.

load lib
setup() { setup_world; }
teardown() {
	for _ in $(box ps -aq); do box rm -f "$_"; done >/dev/null 2>&1
	teardown_world
}

forever='"command": ["sh", "-c", "trap \"exit 3\" TERM; while :; do sleep 0.1; done"]'

status_of() { box ps -a --format json | jq -r --arg name "$1" '.[] | select(.name == $name).status'; }
pid_of() { box ps --format json | jq -r --arg name "$1" '.[] | select(.name == $name).pid'; }
has_status() { [ "$(status_of "$1")" = "$2" ]; }
supervisor_of() { sed -n 's/^pid //p' "$STATE/$1/supervisor"; }

@test "run -d prints the name and leaves the app under a supervisor of its own" {
	need root
	app "$forever"
	run box run -d app.json
	expect_status 0
	[ "$output" = "$TAG" ] || fail "not its name"
	[ "$(tr '\0' ' ' <"/proc/$(supervisor_of "$TAG")/cmdline")" = "box:[supervise] $TAG " ] || fail "no such title"
	has_status "$TAG" running
	run box exec "$TAG" echo inside
	expect_line inside
	run box run -d app.json
	expect_status 125
	expect_has "use the name $TAG: an app in the background has it" "box rm -f $TAG"
	box rm -f "$TAG"
	[ -z "$(box ps -aq)" ] || fail "something is left"
}
