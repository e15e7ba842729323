#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a killed box, a reboot, a neighbour or a hostile app leave: swept without harm to others; and box stop.

load lib
setup() { setup_world; }
teardown() { teardown_world; }

start_app() { # start_app FIELDS [NAME]
	app "$1"
	"$BOX" --root "$STATE" run --name "${2:-$TAG}" app.json </dev/null >out 2>&1 &
	BOX_PID=$!
	wait_until 10 is_up "${2:-$TAG}"
}

@test "after a reboot, which empties the state folder, the next run removes layer and lease, and the name is free" {
	need root
	start_app '"command": ["sleep", "1000"]'
	pid=$(container_pid)
	kill -KILL $BOX_PID
	wait_until 10 is_gone "$pid"
	for group in $(left_cgroups | sort -r); do rmdir "$group"; done
	rm -r "$STATE"
	[ -d "$BOX_STORE/containers/$TAG" ]
	[ -n "$(ls "$BOX_STORE/ids")" ]
	app '"command": ["true"]'
	run box run --name "$TAG" app.json
	expect_status 0
	[ -z "$(ls "$BOX_STORE/ids" "$BOX_STORE/containers" | grep -v :)" ]
}

@test "a container whose parts cannot all be removed keeps its folder, and does not keep others from being swept" {
	need root
	start_app '"command": ["sleep", "1000"]' "$TAG-a"
	first=$BOX_PID
	start_app '"command": ["sleep", "1000"]' "$TAG-b"
	kill -KILL $BOX_PID $first
	mkdir -p "$WORK/in-the-way" "$BOX_STORE/containers/$TAG-a/upper/held"
	mount --bind "$WORK/in-the-way" "$BOX_STORE/containers/$TAG-a/upper/held"
	run_app '"command": ["true"]'
	expect_status 0
	expect_has "clear what $TAG-a left"
	[ -d "$STATE/$TAG-a" ]
	[ ! -e "$STATE/$TAG-b" ]
	umount "$BOX_STORE/containers/$TAG-a/upper/held"
	run_app '"command": ["true"]'
	expect_status 0
	[ ! -e "$STATE/$TAG-a" ]
}

@test "a state folder that another user could have filled is not believed" {
	need root user
	mkdir -m 777 fake
	mkdir fake/victim home-of-somebody
	touch fake/victim/lock home-of-somebody/thesis
	ln -s "$WORK/evil" fake/victim/store
	mkdir evil
	ln -s "$WORK/home-of-somebody" evil/containers
	mkdir home-of-somebody/victim
	touch home-of-somebody/victim/thesis
	app '"command": ["true"]'
	for command in "run app.json" "ps" "rm -f victim" "exec victim true" "kill victim"; do
		run "$BOX" --root "$WORK/fake" $command
		[ "$status" -ne 0 ]
		expect_has "others can change what is in it"
	done
	chmod 755 fake
	chown -R $TEST_USER fake
	run "$BOX" --root "$WORK/fake" run app.json
	expect_has "somebody else"
	[ -e home-of-somebody/victim/thesis ]
}

@test "a store that another user could have filled is not believed" {
	need root user
	mkdir -p fake/apps/victim state
	chmod 700 state
	printf '#!/bin/sh\nid >%s/executed\n' "$WORK" >fake/evil
	chmod 755 fake/evil
	printf '%s\n' "name victim" "state $WORK/state" "store $WORK/fake" "box $WORK/fake/evil" "supervisor $WORK/fake/evil" "restart always" \
		"log_driver file" "log_max_size 10000000" "log_max_files 3" >fake/apps/victim/settings
	echo running >fake/apps/victim/wanted
	for way in "chown $TEST_USER" "chmod 777"; do
		chown -R 0:0 fake
		chmod 755 fake
		$way fake
		for command in "boot" "ps -a" "logs victim" "explain victim" "volume ls" "start victim" "restart victim"; do
			BOX_STORE=$WORK/fake run box $command
			[ "$status" -ne 0 ] || fail "$command: $way"
			expect_has "others could change what is in it"
		done
		BOX_STORE=$WORK/fake run box stop victim
		BOX_STORE=$WORK/fake run box rm -f victim
	done
	[ ! -e executed ] || fail "a program of somebody else's was executed"
	[ -e fake/apps/victim/settings ] || fail "it was removed"
}

@test "stop: the stop signal, a kill after the grace period, and at once where the first process has no handler" {
	need root
	start_app '"stop_signal": "SIGUSR1", "command": ["sh", "-c", "trap \"echo asked; exit 0\" USR1; echo ready; while :; do sleep 0.1; done"]'
	wait_until 10 grep -q ready out
	box stop "$TAG"
	wait $BOX_PID
	grep -q asked out
	start_app '"stop_grace_period": "1s", "command": ["sh", "-c", "trap \"\" TERM; echo ready; while :; do sleep 0.1; done"]'
	wait_until 10 grep -q ready out
	SECONDS=0
	box stop "$TAG"
	[ $SECONDS -ge 1 ] && [ $SECONDS -le "$(slowly 4)" ]
	wait $BOX_PID || [ $? -eq 137 ]
	start_app '"command": ["sleep", "1000"]'
	SECONDS=0
	box stop "$TAG"
	[ $SECONDS -le "$(slowly 4)" ]
	wait $BOX_PID || true
	run box stop "$TAG"
	expect_status 1
	expect_has "container does not exist"
}

@test "rm -f while the container is being made removes it" {
	need root hooks
	app '"command": ["sleep", "1000"]'
	BOX_PAUSE_STEP=hostname "$BOX" --root "$STATE" run --name "$TAG" app.json </dev/null >out 2>&1 &
	BOX_PID=$!
	wait_until 10 test -d "$STATE/$TAG"
	# Nothing names the app yet; what is asked for is an end of the box that makes it.
	run timeout "$(slowly 8)" "$BOX" --root "$STATE" rm -f "$TAG"
	[ "$status" -ne 0 ]
	kill -TERM $BOX_PID
	wait $BOX_PID || true
	[ ! -e "$STATE/$TAG" ]
}

@test "a caller that ignores SIGCHLD, a spec on stdin without a user namespace, few descriptors" {
	need root
	run_app '"command": ["true"]'
	run env --ignore-signal=CHLD "$BOX" --root "$STATE" run app.json
	expect_status 0
	app '"security": {"userns": "host"}, "command": ["echo", "from stdin"]'
	run box run - <app.json
	expect_status 0
	expect_line "from stdin"
	run_app '"ulimits": {"nofile": 5}, "command": ["sh", "-c", "ulimit -n"]'
	expect_status 0
	expect_line 5
}

@test "kill -9 of box while the app becomes another user leaves nothing" {
	need root hooks
	for step in capabilities "death signal again"; do
		app '"user": "1000:1000", "command": ["sleep", "1000"]'
		BOX_PAUSE_STEP=$step "$BOX" --root "$STATE" run --name "$TAG" app.json </dev/null >out 2>&1 &
		BOX_PID=$!
		wait_until 10 test -e "$STATE/$TAG/state.json"
		pid=$(sed -n 's/^ *"pid": \([0-9]*\),/\1/p' "$STATE/$TAG/state.json")
		wait_until 10 grep -q paused "/proc/$pid/comm"
		kill -KILL $BOX_PID
		run_app '"command": ["true"]'
		expect_status 0
		wait_until 10 is_gone "$pid"
	done
}
