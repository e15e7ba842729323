#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box run -d --rm: an app that goes with its end, however that comes.

load lib
setup() { setup_world; }
teardown() {
	local name
	for name in $(box ps -aq); do box rm -f "$name"; done >/dev/null 2>&1
	teardown_world
}

forever='"command": ["sh", "-c", "trap \"exit 3\" TERM; echo run >>/runs; while :; do sleep 0.1; done"]'

supervisor_of() { sed -n 's/^pid //p' "$STATE/$1/supervisor"; }
pid_of() { box ps --format json | jq -r --arg name "$1" '.[] | select(.name == $name).pid'; }
has_other_supervisor() { [ -e "$STATE/$TAG/supervisor" ] && [ "$(supervisor_of "$TAG")" != "$1" ]; }
# Nothing of it: neither definition, log, layer, ids nor state.
is_gone() { [ ! -e "$STATE/$TAG" ] && [ -z "$(find "$BOX_STORE"/{apps,containers,ids} -mindepth 1)" ]; }

@test "it goes with its end, and wait has its exit code all the same" {
	need root
	app '"command": ["sh", "-c", "echo said; while [ ! -e /data/go ]; do sleep 0.05; done; exit 7"], "volumes": ["./data:/data"]'
	mkdir -m 700 data
	for _ in 1 2 3; do
		box run -d --rm app.json
		box wait "$TAG" >code &
		box wait "$TAG" >again &
		wait_until 5 sh -c "box logs $TAG | grep -q said"
		touch data/go
		wait
		[ "$(cat code again)" = $'7\n7' ] || fail "$(cat code again)"
		wait_until 5 is_gone
		rm data/go
	done
	run box logs "$TAG"
	expect_status 1
	run box events --since 1m --until 0s --format json
	jq -se --arg name "$TAG" 'map(select(.name == $name)) | map(.action) == (["start", "die", "destroy"] | . + . + .)' <<<"$output" ||
		fail "other events"
	box events --since 1m --until 0s -f event=die | grep -q 'exit_code=7' || fail "the events do not say how it ended"
}

@test "stop, rm -f and a start that fails leave nothing; restart keeps it and what it wrote" {
	need root
	app "$forever"
	box run -d --rm app.json
	has_run() { [ "$(box exec "$TAG" grep -c run /runs)" = "$1" ]; }
	wait_until 5 has_run 1
	box restart -t 5 "$TAG"
	wait_until 5 has_run 2
	box stop "$TAG"
	is_gone || fail "stop left something"
	box run -d --rm app.json
	box rm -f "$TAG"
	is_gone || fail "rm -f left something"
	box run -d --rm app.json
	run box attach "$TAG" < <(box kill "$TAG" KILL)
	expect_status 137
	wait_until 5 is_gone
	app '"command": ["/no/such/program"]'
	run box run -d --rm app.json
	expect_status 127
	is_gone || fail "a failed start left something"
}

@test "a restart policy cannot go together with it" {
	need root
	app "$forever"', "restart": "unless-stopped"'
	run box run -d --rm app.json
	expect_status 125
	expect_has 'option --rm: the app'"'"'s "restart" is "unless-stopped"' "leave --rm out, or say --restart no"
	[ ! -e "$BOX_STORE/apps/$TAG" ] || fail "it was made"
	box run -d --rm --restart no app.json
	box stop "$TAG"
	is_gone || fail "something is left"
}

@test "kill -9 of its supervisor, also while it leaves: it goes all the same" {
	need root
	app "$forever"
	box run -d --rm app.json
	old=$(supervisor_of "$TAG")
	kill -KILL "$old"
	wait_until 5 has_other_supervisor "$old"
	kill -KILL "$(pid_of "$TAG")"
	wait_until 10 is_gone
	box run -d --rm app.json
	kill -KILL "$(supervisor_of "$TAG")" "$(pid_of "$TAG")"
	wait_until 10 is_gone
}

@test "one whose end nobody saw, because the host went down, goes with the next sweep" {
	need root
	app "$forever"
	box run -d --rm app.json
	supervisor=$(supervisor_of "$TAG")
	for fd in /proc/[0-9]*/fd/3; do
		[ "$(readlink "$fd" 2>/dev/null)" != "$STATE/.watch" ] || watcher=$(cut -d/ -f3 <<<"$fd")
	done
	app=$(pid_of "$TAG")
	kill -STOP "$supervisor" "$watcher"
	kill -KILL "$supervisor" "$watcher" "$app"
	rm -rf "$STATE"
	for group in $(find /sys/fs/cgroup -depth -path "*/box/$TAG*" -type d); do wait_until 5 rmdir "$group"; done
	box boot
	[ -e "$BOX_STORE/apps/$TAG" ] || fail "it is younger than a minute: somebody may be making it"
	touch -d '2 minutes ago' "$BOX_STORE/apps/$TAG/remove"
	box boot
	is_gone || fail "it is left: $(ls -A "$BOX_STORE/apps" "$BOX_STORE/containers")"
}
