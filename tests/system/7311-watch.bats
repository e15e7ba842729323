#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is seen of running containers: inspect, stats, top, wait, events, update.

load lib
setup() {
	setup_world
	need root jq
	app '"command": ["sh", "-c", "trap \"exit 7\" TERM; while :; do sleep 0.1; done"], "user": "1000:1000"'
}
teardown() {
	box rm -f "$TAG" >/dev/null 2>&1 || true
	wait
	teardown_world
}
start_app() {
	box run --name "$TAG" app.json </dev/null >out 2>&1 &
	wait_until 10 is_up
}

@test "inspect tells of a container, and that there is none" {
	start_app
	run box inspect "$TAG"
	expect_status 0
	[ "$(jq -r '.[0] | .name, .status, .kind, .user' <<<"$output" | xargs)" = "$TAG running app 1000:1000" ]
	[ "$(jq '.[0].pid' <<<"$output")" = "$(container_pid)" ]
	jq -e '.[0].capabilities | index("CHOWN")' <<<"$output"
	box pause "$TAG"
	[ "$(box inspect --type container "$TAG" | jq -r '.[0].status')" = paused ]
	box unpause "$TAG"
	run box inspect nobody
	expect_status 1
	expect_has "no container, image or volume of this name"
	run box inspect --type image "$TAG"
	expect_status 1
}

@test "stats: a table, JSON and Prometheus' text" {
	need cgroup:memory cgroup:pids
	start_app
	run box stats --no-stream "$TAG"
	expect_status 0
	expect_has NAME "CPU %" "MEM USAGE / LIMIT" "NET I/O" PIDS "$TAG"
	run box stats --no-stream --format json
	[ "$(jq -r '.[0].name' <<<"$output")" = "$TAG" ]
	jq -e '.[0] | .memory_bytes > 0 and .pids >= 1 and .pids_limit == 1024 and .received_bytes == 0' <<<"$output"
	run box stats --format prometheus "$TAG"
	expect_has '# TYPE box_pids gauge' "box_pids{name=\"$TAG\"} " "box_memory_bytes{name=\"$TAG\"} " 'box_cpu_seconds_total{'
	run box stats nobody
	expect_status 1
	expect_has "does not exist"
}

@test "stats of what keeps a processor busy" {
	app '"command": ["sh", "-c", "while :; do :; done"]'
	start_app
	shows_it() { box stats --no-stream --format json "$TAG" | jq -e '.[0].cpu_percent > 5'; } # when the host gives it so much
	wait_until 20 shows_it || fail "it says $(box stats --no-stream --format json "$TAG")"
}

@test "stats goes on until the containers that were named have ended" {
	start_app
	timeout "$(slowly 20)" box stats --format json "$TAG" >stats &
	local stats=$!
	wait_until 10 eval '[ "$(wc -l <stats)" -ge 2 ]'
	box kill "$TAG" KILL
	wait $stats
	jq -s -e 'all(.[0].name | type == "string")' stats
}

@test "top: processes with the users inside" {
	start_app
	run box top "$TAG"
	expect_status 0
	expect_has UID PID PPID ELAPSED TIME CMD "while :"
	[ "$(box top "$TAG" --format json | jq -r --argjson pid "$(container_pid)" 'map(select(.pid == $pid))[0] | .uid, .inner_pid' | xargs)" = "1000 1" ]
	run box top nobody
	expect_status 1
}

@test "top of an ordinary user who has no cgroup: the processes of its pid namespace" {
	need user
	user_app '"command": ["sh", "-c", "sleep 1000 & exec sleep 1001"], "init": true'
	as_user bin/box run -d app.json
	run as_user bin/box top "$TAG"
	expect_status 0
	expect_has "sleep 1000" "sleep 1001"
	[ "$(as_user bin/box top --format json "$TAG" | jq 'map(.inner_pid) | index(1) != null and length == 3')" = true ] || fail "$output"
	as_user bin/box rm -f "$TAG"
}

@test "wait prints exit codes, also of one that a signal ended" {
	start_app
	box wait "$TAG" >code &
	local waiting=$!
	wait_until 10 holds $waiting pidfd
	wait_until 10 eval 'minds "$(container_pid)" TERM'
	box stop "$TAG"
	wait $waiting
	[ "$(cat code)" = 7 ] || fail "it printed $(cat code)"
	start_app
	box wait "$TAG" >code &
	waiting=$!
	wait_until 10 holds $waiting pidfd
	box kill "$TAG" KILL
	wait $waiting
	[ "$(cat code)" = 137 ]
	run box wait nobody
	expect_status 1
}

@test "an app in the background: events and wait" {
	box run -d app.json
	wait_until 10 is_up
	wait_until 10 eval 'minds "$(container_pid)" TERM'
	box stop "$TAG"
	[ "$(box wait "$TAG")" = 7 ]
	run box events --until 0s -f "container=$TAG"
	expect_has " container start $TAG" " container die $TAG (exit_code=7" " container stop $TAG"
	box rm "$TAG"
	run box events --until 0s -f event=destroy
	expect_has " container destroy $TAG"
}

is_at_end() { # is_at_end PID: it has the log of events open, and has gone to where it ended
	local log
	log=$(find "/proc/$1/fd" -lname '*/.events/log') && [ "$(sed -n 's/^pos:[^0-9]*//p' "/proc/$1/fdinfo/${log##*/}")" -gt 0 ]
}
@test "events: what happened, by filters, and what happens" {
	start_app
	box events -f "container=$TAG" -f event=die --format json >live &
	local watcher=$!
	wait_until 10 eval 'box events --since 1h --until 0s | grep -q start'
	wait_until 10 is_at_end $watcher
	wait_until 10 eval 'minds "$(container_pid)" TERM'
	box kill "$TAG" USR1 || true
	box pause "$TAG"
	box unpause "$TAG"
	box stop "$TAG"
	wait_until 10 eval 'grep -q die live'
	kill "$watcher"
	[ "$(jq -r '.action, .exit_code' live | xargs)" = "die 7" ] || fail "$(cat live)"
	[ "$(jq -s length live)" -eq 1 ] || fail "$(cat live)"
	run box events --until 0s -f "container=$TAG"
	expect_has " container start $TAG (image=" " container kill $TAG (signal=SIGUSR1)" " container pause $TAG" " container unpause $TAG" \
		" container die $TAG (exit_code=" " container destroy $TAG"
	run box events --since nonsense
	expect_status 125
	run box events -f colour=red
	expect_status 125
	expect_has "expected type=, event="
}

@test "events: the log is bounded, and a reader follows it across the change of files" {
	box volume create "$TAG"
	box events -f type=volume --format json >live &
	local watcher=$!
	wait_until 10 eval 'box volume create "$TAG" >/dev/null; [ -s live ]'
	# One line, a thousand bytes, until the file is full.
	line=$(printf '{"type":"image","action":"pull","name":"%0950d","time":1,"time_ns":0}' 0)
	yes "$line" | head -n 1100 >>"$STATE/.events/log"
	box volume create "$TAG-next" >/dev/null
	wait_until 10 eval 'grep -q -- "$TAG-next" live'
	kill "$watcher"
	[ -e "$STATE/.events/log.1" ]
	[ "$(stat -c %s "$STATE/.events/log")" -lt 2000 ]
	# What cannot be read is passed over.
	echo '{"type": "volume", nonsense' >>"$STATE/.events/log"
	run box events --since 1h --until 0s -f "volume=$TAG-next"
	expect_has "volume create $TAG-next"
}

@test "update changes limits of an app, and wants one" {
	need cgroup:memory cgroup:pids
	start_app
	run box update --memory 64m --pids-limit 77 "$TAG"
	expect_status 0
	[ "$(box inspect "$TAG" | jq '.[0] | .memory_limit_bytes, .pids_limit' | xargs)" = "67108864 77" ]
	run box update "$TAG"
	expect_status 125
	expect_has "expected a limit" "box update --memory"
	run box update --cpus nonsense "$TAG"
	expect_status 125
	expect_has "such as 1.5"
}

@test "ps: filters and whole words" {
	start_app
	[ "$(box ps -q -f "name=$TAG")" = "$TAG" ]
	[ "$(box ps -q -f status=running -f "name=$TAG")" = "$TAG" ]
	[ -z "$(box ps -q -f status=paused)" ]
	run box ps --no-trunc
	expect_has "while :; do sleep 0.1; done"
	run box ps
	expect_has "..."
	run box ps -f colour=red
	expect_status 125
}
