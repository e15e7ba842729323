#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box systemd: the unit of an app, and its supervisor as a service's main process, below a service manager that the test plays.

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

forever='"command": ["sh", "-c", "trap \"exit 3\" TERM; while :; do sleep 0.1; done"]'
need_no_systemd() { [ ! -d /run/systemd/system ] || skip "this host has systemd"; }

# install FIELDS [WORD…]: makes the app and its unit; $unit is its file.
install() {
	app "$1"
	run box systemd install "${@:2}" app.json
	expect_status 0
	unit=/etc/systemd/system/$output
}
# serve SOCKET: the unit's own command line below the played manager, in the background; what it hears is in "heard".
serve() {
	rm -f heard notify
	sed -n 's/^ExecStart=:\(.*\)/\1/p' "$unit" >line
	xargs -a line python3 "$TOP/tests/system/notify-socket.py" "$1" heard >out 2>&1 &
	wait_until 60 [ -s heard ] # on a busy machine python takes its time to begin
}
heard() { grep -qxF -- "$1" heard; }
service_pid() { sed -n 's/^pid //p' heard; }

@test "a unit says what the app's file says, and systemd finds nothing wrong with it" {
	need root systemd-analyze
	need_no_systemd
	install "$forever"', "restart": "on-failure:4", "stop_grace_period": "1500ms"'
	[ "$output" = "box-app-$TAG.service" ] || fail "not its name"
	for line in Type=notify Delegate=yes KillMode=mixed Restart=on-failure StartLimitBurst=5 StartLimitIntervalSec=55 TimeoutStopSec=17 TimeoutStartSec=90; do
		grep -qx "$line" "$unit" || fail "no $line in it: $(cat "$unit")"
	done
	run systemd-analyze verify --man=no "$unit"
	[ -z "$(grep -F "box-app-$TAG" <<<"$output")" ] || fail "systemd-analyze"
	run box systemd install app.json
	expect_has "an app in the background has it"
	run box systemd remove "$TAG"
	expect_status 0
	[ ! -e "$unit" ] || fail "the unit is left"
	run box systemd remove "$TAG"
	expect_has "remove the unit of $TAG: it has none"
	box start "$TAG" # box's own again
	run box systemd install "$TAG"
	expect_has "it is running" "box stop $TAG"
	[ ! -e "$unit" ] || fail "a unit for it"
	box stop "$TAG"
	box systemd install "$TAG"
	grep -qx Restart=on-failure "$unit"
}

@test "an ordinary user's unit lies among the user's own, with a store whose name has blanks and %" {
	need user
	user_app "$forever"
	run as_user env XDG_DATA_HOME="$WORK/home/da ta %h\$x" bin/box systemd install app.json
	expect_status 0
	unit=$WORK/home/config/systemd/user/box-app-$TAG.service
	grep -qxF 'WantedBy=default.target' "$unit" || fail "not for the user's manager"
	grep -qF " --store \"$WORK/home/da ta %%h\$x/box\" app-serve \"$TAG\"" "$unit" || fail "$(cat "$unit")"
	grep -q '^ExecStart=:"' "$unit" || fail "systemd would replace variables"
}

@test "READY when the program runs, STOPPING at SIGTERM, and box's own verbs leave it to systemd" {
	need root python3
	need_no_systemd
	install "$forever"', "restart": "always"'
	run box boot
	[ -z "$output" ] || fail "boot starts it"
	serve "$WORK/notify"
	wait_until 10 heard READY=1
	heard STATUS=running || fail "$(cat heard)"
	! heard WATCHDOG=1 || fail "nobody asked for signs of life"
	run box exec "$TAG" sh -c 'cat /proc/1/environ; env'
	expect_status 0
	expect_not NOTIFY_SOCKET
	[ "$(tr '\0' ' ' <"/proc/$(service_pid)/cmdline")" = "box:[supervise] $TAG " ] || fail "the main process is not the supervisor"
	for verb in stop start restart "rm -f"; do
		run box $verb "$TAG"
		expect_status 1
		expect_has "$TAG: systemd keeps it" "box-app-$TAG.service"
	done
	kill -TERM "$(service_pid)"
	wait_until 10 heard "exit 0"
	heard STOPPING=1 || fail "$(cat heard)"
	wait
	run box explain "$TAG"
	expect_has "SIGTERM to its supervisor"
}

@test "the app's end is the service's end, with its code; nothing but systemd starts it again" {
	need root python3
	need_no_systemd
	install '"command": ["sh", "-c", "exit 7"], "restart": "always"'
	serve "@$TAG" # an abstract socket
	wait
	heard READY=1 && heard "exit 7" || fail "$(cat heard)"
	[ ! -e "$STATE/$TAG" ] || fail "its state is left"
	# Killed by a signal.
	box systemd remove "$TAG"
	box rm "$TAG"
	install "$forever"
	serve "$WORK/notify"
	wait_until 10 heard READY=1
	box kill "$TAG" KILL
	wait
	heard "exit 137" || fail "$(cat heard)"
	box systemd remove "$TAG"
	box rm "$TAG"
	# One that cannot start says why.
	install '"command": ["/nowhere"]'
	serve "$WORK/notify"
	wait
	heard "exit 125" && grep -q "^STATUS=.*/nowhere" heard || fail "$(cat heard)"
	! heard READY=1 || fail "ready: $(cat heard)"
}

@test "with a health check it is READY when healthy; on_failure stop ends by the signal after which systemd starts nothing" {
	need root python3
	need_no_systemd
	install "$forever"', "healthcheck": {"test": ["CMD", "test", "-e", "/well"], "interval": "300ms", "timeout": "5s", "retries": 2,
		"start_period": "60s", "on_failure": "stop"}'
	serve "$WORK/notify"
	wait_until 10 heard "STATUS=running, not healthy yet"
	! heard READY=1 || fail "ready before it is healthy"
	box exec "$TAG" touch /well
	wait_until 10 heard READY=1
	box exec "$TAG" rm /well
	wait_until 20 heard STATUS=unhealthy
	wait_until 10 heard "exit -10" # SIGUSR1
	grep -qx RestartPreventExitStatus=SIGUSR1 "$unit"
	wait
}

@test "the supervisor is killed: box leaves it to systemd, whose next start clears what is left; signs of life where they are wanted" {
	need root python3
	need_no_systemd
	install "$forever"
	serve "$WORK/notify"
	wait_until 10 heard READY=1
	kill -KILL "$(service_pid)" "$(box ps --format json | jq -r '.[0].pid')" # as systemd does with the group
	wait
	box ps -a
	app '"command": ["true"]' other.json
	box run --name "$TAG-other" other.json # sweeps
	[ -e "$STATE/$TAG" ] || fail "somebody took it away"
	WATCHDOG_USEC=400000 serve "$WORK/notify"
	wait_until 10 heard READY=1
	sleep "$(slowly 1)"
	[ "$(grep -cx WATCHDOG=1 heard)" -ge 4 ] || fail "few signs of life: $(cat heard)"
	[ "$(box ps --format json | jq -r '.[0].status')" = running ] || fail "$(box ps)"
	kill -TERM "$(service_pid)"
	wait
	heard "exit 0"
}
