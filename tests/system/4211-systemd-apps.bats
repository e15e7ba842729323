#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Apps that a real systemd keeps, for root and for an ordinary user, and apps of a session that ends (make check-vm). 6321 plays systemd.

load lib
setup() {
	setup_world
	[ -d /run/systemd/system ] || skip "needs systemd as process 1 (make check-vm)"
	has_delegation || skip "needs cgroup v2 alone"
	need root jq
	systemctl log-target journal # the machine's process 1 writes nothing
}
teardown() {
	local unit
	for unit in ${UNITS:-}; do
		systemctl stop "$unit"
		rm -f "/etc/systemd/system/$unit"
	done 2>/dev/null
	[ -z "${UNITS:-}" ] || systemctl daemon-reload
	for unit in $(box ps -aq); do
		box systemd remove "$unit"
		box rm -f "$unit"
	done >/dev/null 2>&1
	teardown_world
}

show() { systemctl show -P "$1" "$unit"; }
is() { [ "$(show "$1")" = "$2" ]; }
expect_is() { is "$1" "$2" || fail "$1 is \"$(show "$1")\", expected \"$2\": $(systemctl status --no-pager "$unit")"; }
app_pid() { box ps --format json | jq -r '.[0].pid'; }
another_main_pid() { [ "$(show ActiveState)" = active ] && [ "$(show MainPID)" != "$1" ]; }
said() { journalctl -u "$unit" --no-pager -o cat; }

@test "root: the service is ready when its app is healthy, the app's group is the service's own, and Restart= decides" {
	unit=box-app-$TAG.service
	UNITS=$unit
	group=/sys/fs/cgroup/system.slice/$unit
	app '"command": ["sh", "-c", "echo begun; trap \"echo bye; exit 3\" TERM; while :; do sleep 0.5; done"], "restart": "on-failure",
		"resources": {"limits": {"memory": "64m", "pids": 20}}, "stop_grace_period": "60s",
		"healthcheck": {"test": ["CMD", "test", "-e", "/well"], "interval": "500ms", "timeout": "30s", "start_period": "300s"}'
	run box systemd install app.json
	expect_line "$unit"
	systemctl start --no-block "$unit"
	wait_until 10 box exec "$TAG" true
	wait_until 10 is StatusText "running, not healthy yet"
	expect_is ActiveState activating
	box exec "$TAG" touch /well
	wait_until 10 is ActiveState active
	expect_is StatusText healthy

	# Where everything lies.
	pid=$(app_pid) main=$(show MainPID)
	[ "$(cat "/proc/$pid/cgroup")" = "0::/system.slice/$unit/app" ] || fail "the app is in $(cat "/proc/$pid/cgroup")"
	[ "$(cat "/proc/$main/cgroup")" = "0::/system.slice/$unit/supervise" ] || fail "its supervisor is in $(cat "/proc/$main/cgroup")"
	[ "$(cat "$group/app/memory.max" "$group/app/pids.max")" = $'67108864\n20' ] || fail "its limits are not there"
	run box exec "$TAG" cat /proc/self/cgroup /sys/fs/cgroup/memory.max
	expect_line 0::/ 67108864
	[ ! -d "/sys/fs/cgroup/box/$TAG"* ] || fail "a group of box's own"
	run box exec "$TAG" /bin/probe memory 200
	expect_status 137
	[ "$(app_pid)" = "$pid" ] || fail "the app did not survive a process of exec that ran out of memory"

	# The app is killed, then its supervisor.
	box kill "$TAG" KILL
	wait_until 20 another_main_pid "$main" # what a run has written is there in the next
	expect_is NRestarts 1
	run box explain "$TAG"
	expect_has "box kill"
	main=$(show MainPID) pid=$(app_pid)
	kill -KILL "$main"
	wait_until 20 another_main_pid "$main"
	expect_is NRestarts 2
	[ ! -e "/proc/$pid" ] || fail "systemd left the app of the one before"
	[ "$(box ps --format json | jq -r '.[0].status')" = running ] || fail "$(box ps)"

	# box leaves starts and ends to systemd, and says which words.
	for verb in stop start restart "rm -f"; do
		run box $verb "$TAG"
		expect_status 1
		expect_has "$TAG: systemd keeps it" "$unit"
	done
	systemctl stop "$unit"
	expect_is ActiveState inactive
	expect_is Result success
	run box logs "$TAG"
	[ "$(tail -n 1 <<<"$output")" = bye ] || fail "it was not asked to end"
	run box ps -a
	expect_has "exited (3)"
	[ ! -e "$group" ] || fail "a group is left"
	said >journal
	grep -q "Main process exited, code=exited, status=137" journal || fail "the journal does not say how it ended: $(cat journal)"
	! grep -q "left-over\|Failed to kill\|timed out" journal || fail "$(cat journal)"
	box systemd remove "$TAG"
	expect_is LoadState not-found
	box start "$TAG"
	[ -e "$(echo "/sys/fs/cgroup/box/$TAG"*)" ] || fail "not box's own again"
	box rm -f "$TAG"
}

@test "root: --now says why an app cannot start; an end that nobody wanted with restart: no is the unit's failure" {
	unit=box-app-$TAG.service UNITS=$unit
	app '"command": ["/nowhere"]'
	run box systemd install --now app.json
	[ "$status" -ne 0 ] || fail "it could not start"
	expect_has "systemctl status $unit"
	run systemctl status --no-pager "$unit"
	expect_has /nowhere "125"
	box systemd remove "$TAG"
	box rm "$TAG"
	app '"command": ["sh", "-c", "sleep 2; exit 9"]'
	box systemd install --now app.json
	expect_is UnitFileState enabled
	wait_until 20 is ActiveState failed
	expect_is ExecMainStatus 9
	expect_is NRestarts 0
	run box explain "$TAG"
	expect_has 9
	box systemd remove "$TAG"
	[ ! -e "/etc/systemd/system/multi-user.target.wants/$unit" ] || fail "still enabled"
}

@test "an ordinary user: the same below the user's own manager, with limits" {
	need user subids
	local id
	id=$(id -u $TEST_USER)
	systemctl start "user@$id.service"
	unit=box-app-$TAG.service
	# The manager reads units below XDG_RUNTIME_DIR, too.
	user_box() { as_user env XDG_RUNTIME_DIR="/run/user/$id" XDG_CONFIG_HOME="/run/user/$id" bin/box "$@"; }
	user_systemctl() { as_user env XDG_RUNTIME_DIR="/run/user/$id" systemctl --user "$@"; }
	user_is() { [ "$(user_systemctl show -P "$1" "$unit")" = "$2" ]; }
	user_pid() { user_box ps --format json | jq -r '.[0].pid'; }
	user_app '"command": ["sh", "-c", "trap \"echo bye; exit 3\" TERM; while :; do sleep 0.5; done"], "restart": "always",
		"resources": {"limits": {"memory": "48m"}}'
	run user_box systemd install app.json
	expect_status 0
	user_systemctl start "$unit" || fail "$(user_systemctl status --no-pager "$unit")"
	user_is ActiveState active
	run user_box exec "$TAG" cat /sys/fs/cgroup/memory.max
	expect_line 50331648
	main=$(user_systemctl show -P MainPID "$unit")
	user_box kill "$TAG" KILL
	wait_until 20 eval "user_is ActiveState active && ! user_is MainPID $main"
	user_is NRestarts 1
	main=$(user_systemctl show -P MainPID "$unit") pid=$(user_pid)
	kill -KILL "$main"
	wait_until 20 eval "user_is ActiveState active && ! user_is MainPID $main"
	[ ! -e "/proc/$pid" ] || fail "the app of the supervisor before lives on"
	user_systemctl stop "$unit"
	run user_box logs "$TAG"
	[ "$(tail -n 1 <<<"$output")" = bye ] || fail "it was not asked to end"
	user_box systemd remove "$TAG"
	user_box rm "$TAG"
	[ -z "$(find /sys/fs/cgroup -type d -name "*$TAG*")" ] || fail "left: $(find /sys/fs/cgroup -type d -name "*$TAG*")"
}

@test "the whole scope of the session is killed: its app answers" {
	app '"command": ["sleep", "1000"]'
	systemd-run --scope -q --unit="$TAG-session" sh -c "box run -d app.json; sleep 1000" >out 2>&1 &
	wait_until 20 box exec "$TAG" true
	pid=$(app_pid)
	systemctl kill -s KILL "$TAG-session.scope"
	wait
	run box exec "$TAG" echo here
	expect_line here
	[ "$(app_pid)" = "$pid" ] || fail "another process"
	box rm -f "$TAG"
}

@test "an ordinary user's session ends, and the user lingers: the app answers" {
	need user subids
	local id session
	id=$(id -u $TEST_USER)
	loginctl enable-linger $TEST_USER
	user_app '"command": ["sleep", "1000"]'
	# pam_systemd gives it a session of its own, with XDG_RUNTIME_DIR.
	cat >home/begin <<-END
		cd $WORK/home && export XDG_DATA_HOME=$WORK/home/data XDG_CACHE_HOME=$WORK/home/cache
		cat /proc/self/cgroup >session
		bin/box run -d app.json </dev/null >out 2>&1
		touch began
		sleep 1000
	END
	su -l $TEST_USER -c "sh $WORK/home/begin" >/dev/null 2>&1 &
	wait_until 30 test -e home/began
	session=$(grep -o 'session-.*\.scope' home/session) || fail "no session: $(cat home/session)"
	systemctl kill -s KILL "$session"
	wait
	wait_until 20 eval "! systemctl is-active -q $session"
	run as_user env XDG_RUNTIME_DIR="/run/user/$id" bin/box exec "$TAG" echo here
	expect_line here
	as_user env XDG_RUNTIME_DIR="/run/user/$id" bin/box rm -f "$TAG"
	loginctl disable-linger $TEST_USER
}
