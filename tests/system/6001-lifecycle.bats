#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# From start to end, and every way to get there: exit codes, signals, kill -9, failing steps; nothing is ever left behind.

load lib
setup() { setup_world; }
teardown() { teardown_world; }

# Starts app.json in the background and waits until it is listed as running.
start_app() {
	app "$1"
	"$BOX" --root "$STATE" run --name "$TAG" app.json </dev/null >out 2>&1 &
	BOX_PID=$!
	wait_until 10 is_up
}

store_leftovers() { find "$BOX_STORE/ids" "$BOX_STORE/containers" -mindepth 1; }

# The names of the steps of a container's first process, from the table itself.
step_names() { sed -n '/start_steps\[\]/,/^};/s/^\t{ "\([^"]*\)".*/\1/p' "$TOP/runtime/child/child.c"; }

@test "the app's exit code is box's" {
	need root
	for code in 0 1 42 124 255; do
		run_app "\"command\": [\"sh\", \"-c\", \"exit $code\"]"
		expect_status $code
		[ -z "$output" ] || fail "it said something"
	done
}

@test "an app that a signal ends gives 128 + n" {
	need root
	run_app '"init": true, "command": ["sh", "-c", "kill -9 $$$$"]'
	expect_status 137
	run_app '"init": true, "command": ["sh", "-c", "kill -TERM $$$$"]'
	expect_status 143
}

@test "a program that does not exist is 127, one that cannot be executed 126, a broken spec 125" {
	need root
	run_app '"command": ["no-such-program"]'
	expect_status 127
	expect_has no-such-program
	run_app '"command": ["/etc/passwd"]'
	expect_status 126
	run_app '"comand": ["true"]'
	expect_status 125
	expect_has command
}

@test "SIGTERM and SIGINT to box reach the app" {
	need root
	for signal in TERM INT USR1; do
		start_app "\"command\": [\"sh\", \"-c\", \"trap 'echo got $signal; exit 7' $signal; echo ready; while :; do sleep 0.1; done\"]"
		wait_until 10 grep -q ready out
		kill -$signal $BOX_PID
		status=0
		wait $BOX_PID || status=$?
		expect_status 7
		grep -q "got $signal" out
	done
}

@test "kill -9 of box ends its app at once, and the next command sweeps" {
	need root
	start_app '"command": ["sleep", "1000"]'
	pid=$(container_pid)
	[ -n "$pid" ]
	kill -9 $BOX_PID
	wait $BOX_PID || true
	wait_until 5 is_gone "$pid"
	run_app '"command": ["true"]'
	expect_status 0
	[ -z "$(left_state)$(left_cgroups)" ]
}

@test "a taken name is refused, and free again after the end" {
	need root
	start_app '"command": ["sleep", "1000"]'
	run box run --name "$TAG" app.json
	expect_status 125
	expect_has "$TAG" "exists"
	run box kill "$TAG" KILL
	expect_status 0
	wait $BOX_PID || true
	app '"command": ["true"]'
	run box run --name "$TAG" app.json
	expect_status 0
}

@test "of 16 boxes that take one name at the same moment one wins" {
	need root
	app '"command": ["sleep", "1"]'
	pids=
	for i in $(seq 16); do
		"$BOX" --root "$STATE" run --name "$TAG" app.json </dev/null >"out.$i" 2>&1 &
		pids="$pids $!"
	done
	won=0 lost=0
	for pid in $pids; do
		status=0
		wait "$pid" || status=$?
		case $status in 0) won=$((won + 1)) ;; 125) lost=$((lost + 1)) ;; *) fail "exit code $status" ;; esac
	done
	[ $won -eq 1 ] || fail "$won won: $(cat out.*)"
	[ $lost -eq 15 ]
}

@test "ps lists, kill signals, rm refuses what runs and -f ends it" {
	need root
	start_app '"command": ["sleep", "1000"]'
	run box ps
	expect_status 0
	expect_has NAME "$TAG" "Up " "sleep 1000"
	run box rm "$TAG"
	[ "$status" -ne 0 ]
	expect_has running
	run box rm -f "$TAG"
	expect_status 0
	status=0
	wait $BOX_PID || status=$?
	expect_status 137
	run box ps -q
	[ -z "$output" ]
	run box kill "$TAG"
	[ "$status" -ne 0 ]
	expect_has "$TAG"
}

is_still() { # out does not grow any more
	local before
	before=$(wc -l <out)
	sleep 0.5
	[ "$(wc -l <out)" -eq "$before" ]
}

@test "pause stops the app and unpause lets it go on" {
	need root cgroup:freezer
	start_app '"command": ["sh", "-c", "while :; do echo tick; sleep 0.05; done"]'
	wait_until 5 grep -q tick out
	run box pause "$TAG"
	expect_status 0
	run box ps
	expect_has paused
	# What it had said is on its way yet.
	wait_until 10 is_still
	before=$(wc -l <out)
	run box unpause "$TAG"
	expect_status 0
	wait_until 5 eval '[ $(wc -l <out) -gt '"$before"' ]'
	box kill "$TAG" KILL
	wait $BOX_PID || true
}

@test "a paused app is killed by one SIGKILL, and by rm -f" {
	need root cgroup:freezer
	for end in "kill $TAG KILL" "rm -f $TAG"; do
		start_app '"command": ["sleep", "1000"]'
		run box pause "$TAG"
		expect_status 0
		run timeout 10 box $end
		expect_status 0
		status=0
		wait $BOX_PID || status=$?
		expect_status 137
	done
}

@test "one name in two state folders: the sweep of one leaves the other's app alone" {
	need root
	start_app '"command": ["sleep", "1000"]'
	mine=$BOX_PID
	app '"command": ["sleep", "1000"]'
	BOX_STORE=$WORK/other-store "$BOX" --root "$WORK/other" run --name "$TAG" app.json </dev/null >out.other 2>&1 &
	other=$!
	wait_until 10 eval '"$BOX" --root "$WORK/other" ps | grep -q "^$TAG "'
	pid=$(container_pid)
	kill -9 $mine
	wait $mine || true
	wait_until 5 is_gone "$pid"
	# Any command of a state folder clears what a killed box left in it.
	run box rm "$TAG"
	expect_status 0
	sleep 0.3
	"$BOX" --root "$WORK/other" ps | grep -q "^$TAG .*Up "
	# And the other way round: the usual path is not the other's either.
	run "$BOX" --root "$WORK/other" kill "$TAG" KILL
	expect_status 0
	status=0
	wait $other || status=$?
	expect_status 137
}

@test "every step of a start that fails leaves nothing behind and names itself" {
	need root hooks
	mkdir -m 700 data
	app '"command": ["true"], "init": true, "volumes": ["./data:/data", "vol:/vol"], "resources": {"limits": {"memory": "64m", "pids": 20}}'
	count=0
	while read -r step; do
		BOX_FAIL_STEP=$step run box run --name "$TAG-$count" app.json
		expect_status 125
		expect_has "$step" "failed on purpose"
		[ -z "$(left_state)$(left_cgroups)$(left_mounts)" ] || fail "step \"$step\" left something: $(left_state) $(left_cgroups) $(left_mounts)"
		count=$((count + 1))
	done < <(step_names)
	[ $count -ge 25 ] || fail "only $count steps found"
	[ -z "$(store_leftovers)" ]
}

@test "kill -9 of box at every step: the child dies, and the next command sweeps" {
	need root hooks
	app '"command": ["sleep", "1000"], "resources": {"limits": {"memory": "64m", "pids": 20}}'
	count=0
	while read -r step; do
		BOX_PAUSE_STEP=$step "$BOX" --root "$STATE" run --name "$TAG-$count" app.json </dev/null >out 2>&1 &
		pid=$!
		wait_until 10 eval '[ -n "$(stopped_child '$pid')" ]' || fail "never stopped at $step: $(cat out)"
		child=$(stopped_child $pid)
		kill -9 $pid
		wait $pid 2>/dev/null || true
		wait_until 5 is_gone "$child"
		count=$((count + 1))
	done < <(step_names | tail -n +2) # before the first one there is no death signal yet: only what waits would stay
	[ $count -ge 25 ]
	run_app '"command": ["true"]'
	expect_status 0
	[ -z "$(left_state)$(left_cgroups)" ] || fail "left: $(left_state) $(left_cgroups)"
	[ -z "$(store_leftovers)" ]
}

# The child of box that waits before its step.
stopped_child() {
	local file line parent
	for file in $(grep -lsF 'box:[paused]' /proc/[0-9]*/stat); do
		{ read -r line <"$file"; } 2>/dev/null || continue
		read -r _ parent _ <<<"${line##*) }"
		[ "$parent" != "$1" ] || { file=${file#/proc/} && echo "${file%/stat}"; }
	done
}

@test "200 runs in a loop leave no mount, cgroup, process, namespace or state (BOX_LOOP=1000 for the long form)" {
	need root
	app '"command": ["true"]'
	box run app.json
	before=$(namespaces)
	for _ in $(seq "${BOX_LOOP:-200}"); do
		box run app.json </dev/null || fail "a run failed"
	done
	[ -z "$(left_processes)$(left_state)$(left_cgroups)$(left_mounts)" ]
	[ -z "$(store_leftovers)" ]
	# Namespaces without a process or descriptor are gone; what processes have is what they had.
	wait_until 20 eval '[ "$(namespaces)" -le '"$before"' ]'
}

# Every namespace that some process of this host is in.
namespaces() { find /proc/[0-9]*/ns -maxdepth 1 -type l \( -name net -o -name user -o -name mnt \) -printf '%l\n' 2>/dev/null | sort -u | wc -l; }

@test "50 at once all run, and leave nothing" {
	need root
	app '"command": ["sh", "-c", "sleep 1; hostname"]'
	pids=
	for i in $(seq "${BOX_TOGETHER:-50}"); do
		"$BOX" --root "$STATE" run --name "$TAG-$i" app.json </dev/null >"out.$i" 2>&1 &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid" || fail "one failed: $(cat out.*)"
	done
	for i in $(seq "${BOX_TOGETHER:-50}"); do
		grep -qx "$TAG.*" "out.$i" || fail "no hostname in out.$i: $(cat "out.$i")"
	done
	[ -z "$(left_processes)$(left_state)$(left_cgroups)$(left_mounts)" ]
	[ -z "$(store_leftovers)" ]
}

@test "an ordinary user: runs, ps, kill, and nothing left" {
	need root user subids
	user_app '"command": ["sh", "-c", "id -u; cat /proc/self/uid_map; touch /new; chown 33 /new; mkdir /sub; chown 33:33 /sub; exit 5"]'
	run as_user bin/box run app.json
	expect_status 5
	expect_line 0
	[ -z "$(left_state)" ] || fail "left: $(left_state)"
	user_app '"command": ["sleep", "1000"]'
	as_user bin/box run --name "$TAG" app.json </dev/null >out 2>&1 &
	pid=$!
	wait_until 10 is_up "$TAG" as_user bin/box
	run as_user bin/box kill "$TAG" KILL
	expect_status 0
	status=0
	wait $pid || status=$?
	expect_status 137
}
