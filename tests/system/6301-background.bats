#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Apps in the background: box run -d and the verbs on them, as root and as an ordinary user; restart; what survives which kill.

load lib
setup() { setup_world; }
teardown() {
	local name
	for name in $(box ps -aq); do box rm -f "$name"; done >/dev/null 2>&1
	teardown_world
}

forever='"command": ["sh", "-c", "trap \"exit 3\" TERM; while :; do sleep 0.1; done"]'

status_of() { box ps -a --format json | jq -r --arg name "$1" '.[] | select(.name == $name).status'; }
pid_of() { box ps --format json | jq -r --arg name "$1" '.[] | select(.name == $name).pid'; }
has_status() { [ "$(status_of "$1")" = "$2" ]; }
has_other_pid() { # and not 0, between two runs
	local pid
	pid=$(pid_of "$1")
	[ "${pid:-0}" -gt 0 ] && [ "$pid" != "$2" ]
}
waits_to_start() { grep -qx "phase 3" "$STATE/$1/supervisor"; }
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

@test "stop asks by the app's signal, waits, and leaves a definition that start begins again with what was written" {
	need root
	app '"command": ["sh", "-c", "trap \"exit 3\" USR1; echo run >>/runs; while :; do sleep 0.1; done"], "stop_signal": "SIGUSR1"'
	box run -d app.json
	wait_until 10 minds "$(pid_of "$TAG")" USR1
	box stop "$TAG"
	has_status "$TAG" "exited (3)"
	[ ! -e "$STATE/$TAG" ] || fail "its state folder is left"
	box stop "$TAG"
	box start "$TAG"
	box start "$TAG" # runs already
	wait_until 10 eval '[ "$(box exec "$TAG" cat /runs)" = $'"'run\nrun'"' ]' || fail "what it wrote is not there"
	run box rm "$TAG"
	expect_status 1
	expect_has "it is running" "box stop $TAG"
	box restart "$TAG"
	wait_until 10 eval '[ "$(box exec "$TAG" cat /runs | wc -l)" -eq 3 ]' || fail "restart did not start it"
	run box wait "$TAG" &
	box kill "$TAG" KILL
	wait
	wait_until 5 has_status "$TAG" "exited (137)"
	run box wait "$TAG"
	expect_line 137
	box rm "$TAG"
	left=$(ls "$BOX_STORE/apps" "$BOX_STORE/containers" "$BOX_STORE/ids")
	[ -z "${left//*:/}" ] || [ -z "$(find "$BOX_STORE"/{apps,containers,ids} -mindepth 1)" ] || fail "left: $left"
}

@test "an app that ignores its signal is killed after its time" {
	need root
	app '"command": ["sh", "-c", "trap \"\" TERM; while :; do sleep 0.1; done"], "stop_grace_period": "300ms"'
	box run -d app.json
	wait_until 10 minds "$(pid_of "$TAG")" TERM
	local begun=${EPOCHREALTIME/./}
	box stop "$TAG"
	took=$(((${EPOCHREALTIME/./} - begun) / 1000))
	[ $took -ge 290 ] && [ $took -lt "$(($(slowly 5) * 1000))" ] || fail "it took $took ms"
	has_status "$TAG" "exited (137)"
}

@test "what has just ended can be started at once, and removed" {
	need root
	app '"command": ["true"]'
	for _ in {1..8}; do
		box run -d app.json
		box wait "$TAG"
		box start "$TAG" # its supervisor is about to leave
		box wait "$TAG"
		box start -a "$TAG"
		box rm "$TAG"
	done
}

@test "a paused app can be stopped" {
	need root
	need cgroup:freezer
	app "$forever, \"stop_grace_period\": \"200ms\""
	box run -d app.json
	box pause "$TAG"
	timeout "$(slowly 5)" box stop "$TAG"
	has_status "$TAG" "exited (137)"
}

@test "an app that cannot start is an error with its line, and nothing is left" {
	need root
	app '"command": ["/no/such/program"]'
	run box run -d app.json
	expect_status 127
	expect_has "/no/such/program"
	[ -z "$(box ps -aq)" ] || fail "something is left"
	app '"command": ["true"],
	"user": "nobody-at-all"'
	run box run -d app.json
	expect_status 125
	expect_has "app.json:5: user: "
	[ ! -e "$STATE/$TAG" ] && [ ! -e "$BOX_STORE/apps/$TAG" ] || fail "something is left"
}

@test "the frozen spec needs neither file, variable, command line nor folder" {
	need root
	mkdir -m 700 data
	echo from-file >data/file
	echo A=1 >env
	printf '{"name": "%s", "rootfs": "./root.tar", "env_file": ["env"], "environment": {"B": "${BEE}", "C": "$$x"}, "volumes": ["./data:/data"],
		"command": ["false"]}\n' "$TAG" >app.json
	cp "$ROOTFS" root.tar
	BEE=two box run -d -e D=4 -v "$PWD/data:/more:ro" app.json -- sh -c 'while :; do sleep 0.1; done'
	box stop "$TAG"
	rm app.json env root.tar
	(cd / && box start "$TAG")
	run box exec "$TAG" sh -c 'echo $A $B "$C" $D; cat /data/file /more/file; touch /more/x'
	expect_line '1 two $x 4' from-file
	expect_has "Read-only"
}

@test "restart: on-failure:2 starts an app that fails twice more, no and success never" {
	need root
	app '"command": ["sh", "-c", "echo run >>/data/runs; exit 7"], "restart": "on-failure:2", "volumes": ["./data:/data"]'
	mkdir -m 700 data
	box run -d app.json
	wait_until 10 has_status "$TAG" "exited (7)"
	[ "$(wc -l <data/runs)" -eq 3 ] || fail "it ran $(wc -l <data/runs) times"
	[ "$(cat "$BOX_STORE/apps/$TAG/wanted")" = stopped ] || fail "it is wanted still"
	box start "$TAG" # counts anew
	wait_until 10 sh -c "[ \$(wc -l <data/runs) -eq 6 ]"
	box rm -f "$TAG"
	app '"command": ["sh", "-c", "echo run >>/data/more"], "restart": "on-failure", "volumes": ["./data:/data"]'
	box run -d app.json
	wait_until 10 has_status "$TAG" "exited (0)"
	[ "$(wc -l <data/more)" -eq 1 ] || fail "it ran again"
}

@test "restart: always backs off, can be stopped while it waits, and start ends the wait" {
	need root
	mkdir -m 700 data
	app '"command": ["sh", "-c", "cut -d\" \" -f1 /proc/uptime | tr -d . >>/data/times"], "restart": "always", "volumes": ["./data:/data"]'
	box run -d app.json
	wait_until 20 sh -c "[ \$(wc -l <data/times) -ge 5 ]"
	mapfile -t times <data/times
	# 100, 200, 400, 800 ms and what a start takes
	for i in 1 2 3 4; do
		gap=$(((times[i] - times[i - 1]) * 10 + 10)) # uptime has hundredths
		[ $gap -ge $((100 * 2 ** (i - 1))) ] && [ $gap -lt $((100 * 2 ** (i - 1) + $(slowly 5) * 1000)) ] || fail "start $i came after $gap ms"
	done
	wait_until 10 has_status "$TAG" restarting
	count=$(wc -l <data/times)
	starts=$(sed -n 's/^starts //p' "$STATE/$TAG/supervisor")
	box start "$TAG"
	[ "$(sed -n 's/^starts //p' "$STATE/$TAG/supervisor")" -gt "$starts" ] || fail "start did not start it"
	wait_until 40 sh -c "[ \$(wc -l <data/times) -ge $((count + 6)) ]" # the pause is seconds long again
	wait_until 10 waits_to_start "$TAG" # one that still runs would be killed
	count=$(wc -l <data/times)
	timeout "$(slowly 15)" box stop "$TAG"
	[ "$(wc -l <data/times)" -eq "$count" ] || fail "it has waited for the next start"
	has_status "$TAG" "exited (0)" || fail "it is $(status_of "$TAG")"
}

@test "kill -9 of the supervisor while it waits for the next start: no run ends twice" {
	need root
	app '"command": ["sh", "-c", "exit 5"], "restart": "always"'
	box run -d app.json
	wait_until 20 [ -e "$BOX_STORE/apps/$TAG/exits/6.json" ]
	wait_until 10 waits_to_start "$TAG" # the next start comes 3.2 s after the end
	ended=$(stat -c "%i %y" "$BOX_STORE/apps/$TAG/exits/6.json")
	kill -KILL "$(supervisor_of "$TAG")"
	wait_until 20 [ -e "$BOX_STORE/apps/$TAG/exits/7.json" ]
	[ "$(stat -c "%i %y" "$BOX_STORE/apps/$TAG/exits/6.json")" = "$ended" ] || fail "a run that had ended has ended again"
	timeout "$(slowly 15)" box stop "$TAG"
}

@test "who was given an app's stdout keeps it from no end, and does not speak in its next run's log" {
	need root
	app "$forever"
	box run -d app.json
	exec 8<>"$STATE/$TAG/stdout" # as another container to which the app sent the descriptor
	local floods=() i
	for i in 1 2 3 4; do
		yes flood >&8 2>/dev/null &
		floods+=($!)
	done
	timeout "$(slowly 15)" box restart "$TAG" 8>&- || fail "it does not end"
	kill "${floods[@]}"
	wait "${floods[@]}" || true
	timeout 1 sh -c 'echo forged >&8' || true
	timeout "$(slowly 15)" box stop "$TAG" 8>&- || fail "it does not end"
	exec 8>&-
	! box logs "$TAG" | grep -q forged || fail "it has a line of somebody else's"
}

@test "an ordinary user's app that shuts its streams to everybody is adopted, started again and stopped all the same" {
	need user
	user_app '"command": ["sh", "-c", "chmod 0 /proc/self/fd/1 /proc/self/fd/2; trap \"exit 3\" TERM; while :; do echo said; sleep 0.1; done"]'
	run as_user bin/box run -d app.json
	expect_status 0
	folder=$WORK/home/run/box/$TAG
	wait_until 10 eval '[ "$(stat -c %a "$folder/stdout")" = 0 ]'
	pid=$(sed -n 's/^pid //p' "$folder/supervisor")
	kill -KILL "$pid"
	wait_until 5 sh -c "! grep -qx 'pid $pid' '$folder/supervisor'"
	as_user timeout "$(slowly 10)" bin/box restart "$TAG"
	run as_user timeout "$(slowly 10)" bin/box stop "$TAG"
	expect_status 0
	as_user bin/box rm "$TAG"
}

@test "kill -9 of the app: its policy decides; of the supervisor: it is adopted within a second, and ends as if nothing had been" {
	need root
	app '"command": ["sh", "-c", "trap \"exit 4\" TERM; while :; do sleep 0.1; done"], "restart": "unless-stopped"'
	box run -d app.json
	pid=$(pid_of "$TAG")
	kill -KILL "$pid"
	wait_until 5 has_other_pid "$TAG" "$pid"
	pid=$(pid_of "$TAG")
	old=$(supervisor_of "$TAG")
	begun=${EPOCHREALTIME/./}
	box exec "$TAG" true
	alone=$(((${EPOCHREALTIME/./} - begun) / 1000)) # on a machine that has other things to do
	begun=${EPOCHREALTIME/./}
	kill -KILL "$old"
	until [ "$(supervisor_of "$TAG")" != "$old" ]; do sleep 0.01; done
	took=$(((${EPOCHREALTIME/./} - begun) / 1000))
	[ $took -lt "$(($(slowly 1) * 1000 + 5 * alone))" ] || fail "adopted after $took ms, and a command takes $alone"
	[ "$(pid_of "$TAG")" = "$pid" ] || fail "the app is another one"
	wait_until 10 minds "$pid" TERM
	timeout "$(slowly 20)" box stop "$TAG"
	has_status "$TAG" "exited (4)"
}

@test "an app with a volume that it writes starts again after its end, and nobody has the volume in between" {
	need root
	app '"command": ["sleep", "1000"], "restart": "always", "volumes": ["'"$TAG"'-data:/data"]'
	box run -d app.json
	for _ in 1 2; do
		pid=$(pid_of "$TAG")
		kill -KILL "$pid"
		wait_until 5 has_other_pid "$TAG" "$pid"
	done
	box rm -f "$TAG"
	app '"command": ["sleep", "0.2"], "schedule": "@yearly", "volumes": ["'"$TAG"'-data:/data"]'
	box run -d app.json
	for _ in 1 2; do
		box start "$TAG"
		wait_until 5 has_status "$TAG" scheduled
	done
	app '"command": ["true"], "volumes": ["'"$TAG"'-data:/data"]' other.json
	box run --name "$TAG-2" other.json
}

@test "kill -9 of app and supervisor at once: what ended is told by the watcher's pidfd, and it starts again" {
	need root
	need kernel:6.15
	app "$forever"', "restart": "on-failure"'
	box run -d app.json
	pid=$(pid_of "$TAG")
	kill -KILL "$(supervisor_of "$TAG")" "$pid"
	wait_until 5 has_other_pid "$TAG" "$pid"
	grep -qx 'signal 9' "$BOX_STORE/apps/$TAG/last" || fail "$(cat "$BOX_STORE/apps/$TAG/last")"
	box stop "$TAG"
}

@test "kill -9 of the watcher: another one comes; of watcher and supervisor: the next command that looks adopts the app" {
	need root
	app "$forever"
	app "$forever, \"hostname\": \"two\"" two.json
	box run -d app.json
	box run -d --name "$TAG-2" two.json
	watcher=$(watcher_pid)
	kill -KILL "$watcher"
	wait_until 5 new_watcher "$watcher"
	watcher=$(watcher_pid)
	pids="$(pid_of "$TAG") $(pid_of "$TAG-2")"
	one=$(supervisor_of "$TAG") two=$(supervisor_of "$TAG-2")
	# One supervisor is left: it begins the next watcher, which finds the other's death by its notes.
	kill -KILL "$watcher" "$one"
	wait_until 5 sh -c "! grep -qx 'pid $one' '$STATE/$TAG/supervisor'"
	wait_until 5 new_watcher "$watcher"
	watcher=$(watcher_pid)
	kill -KILL "$watcher" "$(supervisor_of "$TAG")" "$two"
	sleep 0.3
	[ "$(pid_of "$TAG") $(pid_of "$TAG-2")" = "$pids" ] || fail "they are other ones"
	for pid in $pids; do wait_until 10 minds "$pid" TERM; done
	timeout "$(slowly 20)" box stop "$TAG" "$TAG-2"
	has_status "$TAG" "exited (3)"
	has_status "$TAG-2" "exited (3)"
}

# The watcher has no word of the test on its command line, but its folder as a descriptor.
watcher_pid() {
	local fd
	for fd in /proc/[0-9]*/fd/3; do
		[ "$(readlink "$fd" 2>/dev/null)" != "$STATE/.watch" ] || { fd=${fd#/proc/} && echo "${fd%%/*}"; }
	done
}
new_watcher() {
	local pid
	pid=$(watcher_pid)
	[ -n "$pid" ] && [ "$pid" != "$1" ]
}

# Everything ends at once, and a tmpfs and the cgroups are gone afterwards.
power_off() {
	local boxes apps group
	boxes="$(watcher_pid) $(sed -n 's/^pid //p' "$STATE"/*/supervisor | tr '\n' ' ')"
	apps=$(box ps --format json | jq '.[].pid | select(. > 0)')
	kill -STOP $boxes # so that none sees another one's end
	kill -KILL $boxes $apps
	rm -rf "$STATE"
	for group in $(find /sys/fs/cgroup -depth -path "*/box/$TAG*" -type d); do
		wait_until 5 rmdir "$group" || return
	done
}

@test "the caller's cgroup is killed, its session and streams end: the app stays" {
	need root
	app "$forever"
	groups=()
	for tree in /sys/fs/cgroup/unified /sys/fs/cgroup/pids /sys/fs/cgroup/systemd /sys/fs/cgroup; do
		[ -e "$tree/cgroup.procs" ] && mkdir "$tree/$TAG-caller" && groups+=("$tree/$TAG-caller") || true
	done
	[ ${#groups[@]} -gt 0 ] || skip "needs a cgroup tree that can be written"
	setsid bash -c 'for group; do echo $$ >"$group/cgroup.procs"; done; shift $#; box run -d app.json; exec sleep 1000' bash "${groups[@]}" >out 2>&1 &
	wait_until 10 has_status "$TAG" running
	for group in "${groups[@]}"; do
		while read -r pid; do kill -KILL "$pid" || true; done <"$group/cgroup.procs"
		[ ! -e "$group/cgroup.kill" ] || echo 1 >"$group/cgroup.kill"
	done
	wait_until 5 rmdir "${groups[@]}"
	run box exec "$TAG" echo still here
	expect_line "still here"
	for fd in 0 1 2; do
		[ "$(readlink "/proc/$(supervisor_of "$TAG")/fd/$fd")" = /dev/null ] || fail "it has its caller's stream $fd"
	done
}

@test "an app in the background keeps its image and its name: prune, rmi and run leave them" {
	need root
	printf '{"name": "%s", "rootfs": "%s", "command": ["true"]}\n' "$TAG" "$ROOTFS" >app.json
	box run -d app.json
	wait_until 5 has_status "$TAG" "exited (0)"
	box prune --all
	run box run --name "$TAG" app.json
	expect_status 125
	expect_has "an app in the background has it"
	box start "$TAG"
	box rm -f "$TAG"
	run box prune --all
	expect_has "1 images"
}

@test "a reboot: what the state folder had is gone, the app starts with its ids and what it wrote" {
	need root
	app '"command": ["sh", "-c", "echo run >>/runs; while :; do sleep 0.1; done"], "restart": "unless-stopped"'
	box run -d app.json
	wait_until 5 box exec "$TAG" cat /runs
	ids=$(cat "$BOX_STORE/apps/$TAG/ids")
	owner=$(stat -c %u "$BOX_STORE/containers/$TAG/upper/runs")
	power_off
	# It ran, and nobody saw its end: ps, explain, wait and inspect say that, before and behind a boot.
	has_status "$TAG" lost
	run box ps -a
	expect_not "created"
	run box explain "$TAG"
	expect_has "$TAG, run 1: began, and nobody saw its end: all of box's processes were killed, or its state folder was removed"
	[ "$(box wait "$TAG")" = 255 ] || fail "$(box wait "$TAG")"
	sed -i 's/^boot .*/boot another/' "$BOX_STORE/apps/$TAG/run"
	has_status "$TAG" "exited (?)"
	run box explain "$TAG"
	expect_has "$TAG, run 1: ended with the host"
	[ "$(box inspect "$TAG" | jq -c '.[0] | [.status, .ended]')" = '["exited (?)",null]' ] || fail "$(box inspect "$TAG")"
	app '"command": ["true"]' other.json
	box run --name "$TAG-other" other.json # sweeps
	box start "$TAG"
	wait_until 10 eval '[ "$(box exec "$TAG" cat /runs)" = $'"'run\nrun'"' ]' || fail "what it wrote is gone"
	run box explain "$TAG"
	expect_has "$TAG, run 1: ended with the host" "noted 20"
	[ "$(cat "$BOX_STORE/apps/$TAG/ids")" = "$ids" ] || fail "it has other ids"
	[ "$(stat -c %u "$BOX_STORE/containers/$TAG/upper/runs")" = "$owner" ] || fail "it is another owner's"
	box stop -t 0 "$TAG"
}

# A box of the test's own, whose files it may replace.
own_box() {
	mkdir -p own/bin own/libexec
	cp "$BOX_BUILD/bin/box" own/bin/
	cp -r "$BOX_BUILD/libexec/box" own/libexec/
	printf '#!/bin/sh\nexec "%s" --root "%s" "$@"\n' "$WORK/own/bin/box" "$STATE" >"$WORK/bin/box"
}

@test "an upgrade: supervisors and watcher become the new program, with the same pid, the app and its volume's lock" {
	need root
	own_box
	app "$forever"', "volumes": ["data:/data"]'
	box run -d app.json
	app '"command": ["true"], "volumes": ["data:/data"]' other.json
	pid=$(pid_of "$TAG") supervisor=$(supervisor_of "$TAG") watcher=$(watcher_pid)
	# What package managers do: another file under the name, with another content.
	cp own/libexec/box/box-supervise new
	echo "another version" >>new
	mv new own/libexec/box/box-supervise
	run box renew
	expect_line "$TAG"
	[ "$(tail -c 16 "/proc/$supervisor/exe")" = "another version" ] || fail "the supervisor is still the old program"
	wait_until 5 new_watcher "$watcher"
	[ "$(tail -c 16 "/proc/$(watcher_pid)/exe")" = "another version" ] || fail "the watcher is still the old program"
	[ "$(supervisor_of "$TAG")" = "$supervisor" ] && [ "$(pid_of "$TAG")" = "$pid" ] || fail "other processes"
	run box run --name "$TAG-other" other.json
	expect_status 125
	expect_has "volume"
	wait_until 10 minds "$pid" TERM
	box stop "$TAG"
	has_status "$TAG" "exited (3)"
}

@test "notes of a supervisor of another version are read: what is not known is passed over, what is missing has a default" {
	need root
	app "$forever"
	box run -d app.json
	pid=$(pid_of "$TAG") old=$(supervisor_of "$TAG")
	kill -STOP "$(watcher_pid)"
	kill -KILL "$old"
	sed -i -e '/^in_a_row\|^failures\|^next_start_ms/d' -e '1i colour red' "$STATE/$TAG/supervisor"
	kill -CONT "$(watcher_pid)"
	wait_until 5 sh -c "! grep -qx 'pid $old' '$STATE/$TAG/supervisor'"
	[ "$(pid_of "$TAG")" = "$pid" ] || fail "it is another one"
	wait_until 10 minds "$pid" TERM
	box stop "$TAG"
	has_status "$TAG" "exited (3)"
}

@test "boot brings back what restart says, and nothing else" {
	need root
	for policy in no always unless-stopped on-failure; do
		app "$forever, \"restart\": \"$policy\"" $policy.json
		for wanted in running stopped; do
			box run -d --name "$TAG-$policy-$wanted" $policy.json
		done
		box stop "$TAG-$policy-stopped"
	done
	power_off
	run box boot
	[ "$(sort <<<"$output")" = "$(printf '%s\n' "$TAG-always-running" "$TAG-always-stopped" "$TAG-on-failure-running" "$TAG-unless-stopped-running")" ] ||
		fail "others were started"
	[ "$(box ps -q | sort)" = "$(sort <<<"$output")" ] || fail "others run: $(box ps)"
	run box boot
	[ -z "$output" ] || fail "started again"
}

@test "an ordinary user: run -d, exec, kill -9 of the supervisor, stop, start, rm" {
	need user
	user_app "$forever"
	run as_user bin/box run -d app.json
	expect_status 0
	folder=$WORK/home/run/box/$TAG
	pid=$(sed -n 's/^pid //p' "$folder/supervisor")
	kill -KILL "$pid"
	wait_until 5 sh -c "! grep -qx 'pid $pid' '$folder/supervisor'"
	run as_user bin/box exec "$TAG" id -u
	expect_line 0
	as_user bin/box restart "$TAG"
	wait_until 10 minds "$(container_pid "$TAG" as_user bin/box)" TERM
	as_user bin/box stop "$TAG"
	run as_user bin/box ps -a
	expect_has "exited (3)"
	as_user bin/box start "$TAG"
	as_user bin/box rm -f "$TAG"
	[ -z "$(as_user bin/box ps -aq)" ] || fail "something is left"
}
