#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The event "oom" of apps in the background: when it happens, once, also across supervisors, and asleep while nothing does.

load lib
setup() { setup_world; need root cgroup:memory jq; }
teardown() {
	local name
	for name in $(box ps -aq); do box rm -f "$name"; done >/dev/null 2>&1
	teardown_world
}

# A process of the app that runs out of memory when there is a file /eat; the app itself goes on.
eater='"command": ["sh", "-c", "while :; do if [ -e /eat ]; then rm /eat; /bin/probe memory 200; echo eaten; fi; sleep 0.1; done"],
	"resources": {"limits": {"memory": "64m"}}'
supervisor() { sed -n 's/^pid //p' "$STATE/$TAG/supervisor"; }
eaten() { [ "$(box logs "$TAG" | grep -c eaten)" -ge "$1" ]; }
ooms() { box events --since 1h --until 0s -f event=oom --format json | grep -c "\"name\": *\"$TAG\""; }
told() { [ "$(ooms)" -eq "$1" ]; }

@test "an oom is an event while the app goes on, with its image; the supervisor sleeps before and after" {
	app "$eater"
	box run -d app.json
	told 0 || fail "told before anything happened"
	box exec "$TAG" touch /eat
	wait_until 10 told 1 || fail "$(box events --since 1h --until 0s)"
	[ "$(box ps --format json | jq -r '.[0].status')" = running ] || fail "the app ended"
	box exec "$TAG" touch /eat
	wait_until 10 told 2
	wait_until 10 eaten 2
	# What the supervisor costs: nothing wakes it.
	pid=$(supervisor)
	asleep() {
		local before
		before=$(awk '/^voluntary/ { print $2 }' "/proc/$pid/status")
		sleep 2
		[ "$(awk '/^voluntary/ { print $2 }' "/proc/$pid/status")" = "$before" ]
	}
	wait_until 20 asleep
	told 2 || fail "told again"
}

@test "the supervisor is killed: what was told is not told again, and the next one tells" {
	app "$eater"
	box run -d app.json
	box exec "$TAG" touch /eat
	wait_until 10 told 1
	first=$(supervisor)
	kill -KILL "$first"
	wait_until 10 eval '[ "$(supervisor)" != "$first" ] && box exec "$TAG" touch /eat'
	wait_until 10 told 2
	box stop -t 0 "$TAG"
	told 2 || fail "$(ooms) events"
}

@test "an app that ends by it: oom before die, once for each run" {
	app '"command": ["/bin/probe", "memory", "200"], "resources": {"limits": {"memory": "64m"}}, "restart": "on-failure:1"'
	box run -d app.json
	wait_until 20 eval '[ ! -e "$STATE/$TAG" ]'
	run box events --since 1h --until 0s --format json
	[ "$(jq -r 'select(.type == "container").action' <<<"$output" | paste -sd' ')" = "start oom die start oom die" ] || fail "another order"
}
