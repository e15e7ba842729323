#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The life of an OCI container: create, start, state, kill, delete, list, run; what each answers where it cannot be done.

load lib
load oci
setup() { setup_oci; }
teardown() { teardown_oci; }

# Says "started" in a file of the root, and waits.
WAITS=(sh -c 'echo started >/ran; exec sleep 1000')

has_run() { [ -e "$BUNDLE/rootfs/ran" ]; }

@test "created, running, stopped, gone; the program runs at start and not before" {
	create . "${WAITS[@]}"
	is_in_state created
	sleep 0.3
	not has_run
	box start "$TAG"
	is_in_state running
	wait_until 5 has_run
	box kill "$TAG" KILL
	wait_stopped
	box delete "$TAG"
	run box state "$TAG"
	expect_status 1
	expect_has "container does not exist"
	[ -z "$(left_state)$(left_cgroups)" ]
}

@test "the state: every property, as the schema says" {
	create '.ociVersion = "1.0.2" | .annotations = { "my.key": "my value", "other": "" }' sleep 1000
	box state "$TAG" >state.json
	jq -e --arg id "$TAG" --arg bundle "$BUNDLE" '
		.ociVersion == "1.0.2" and .id == $id and .status == "created" and (.pid | type) == "number" and .pid > 1 and
		.bundle == $bundle and .annotations == { "my.key": "my value", "other": "" }' state.json
	is_sealed "$(oci_pid)"
	box start "$TAG"
	wait_until 5 grep -q sleep "/proc/$(oci_pid)/cmdline"
	box kill "$TAG" KILL
	wait_stopped
	# runc and the specification: no pid, or 0, of what has stopped.
	box state "$TAG" | jq -e '(.pid // 0) == 0'
	box state "$TAG" | jq -e '.created | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T")'
}

@test "a verb without an id, and with two, is an error" {
	for verb in create start state kill delete pause resume update events; do
		[ $verb = events ] || run box $verb # without one it tells what happens, to all
		[ "$status" -ne 0 ] || fail "$verb without an id succeeded"
		case $verb in kill) run box $verb a b c ;; *) run box $verb a b ;; esac
		[ "$status" -ne 0 ] || fail "$verb with too many words succeeded"
	done
	[ -z "$(ls -A "$STATE" 2>/dev/null)" ]
}

@test "every verb on a container that does not exist says so, in the words that engines know" {
	for verb in start state "kill" "delete" pause resume "update --memory 64m" "events --stats" ps; do
		run box $verb "$TAG"
		expect_status 1
		expect_has "container does not exist" || fail "verb $verb"
	done
	run box exec "$TAG" true
	[ "$status" -ne 0 ]
	expect_has "container does not exist"
	run box delete --force "$TAG"
	expect_status 0
	[ -z "$output" ]
}

@test "start of what runs, or has stopped, is an error without effect" {
	start_container . sleep 1000
	pid=$(oci_pid)
	run box start "$TAG"
	expect_status 1
	expect_has "cannot start a container that has stopped or runs already"
	[ "$(oci_pid)" = "$pid" ]
	is_in_state running
	box kill "$TAG" KILL
	wait_stopped
	run box start "$TAG"
	expect_status 1
	is_in_state stopped
}

@test "delete of what runs is an error without effect; --force kills" {
	start_container . sleep 1000
	run box delete "$TAG"
	expect_status 1
	expect_has "cannot delete container" "not stopped"
	is_in_state running
	box delete --force "$TAG"
	[ -z "$(left_state)$(left_cgroups)" ]
}

@test "a created container can be deleted, as runc does" {
	create . "${WAITS[@]}"
	pid=$(oci_pid)
	box delete "$TAG"
	is_gone "$pid"
	not has_run
	[ -z "$(left_state)$(left_cgroups)" ]
}

@test "kill: names and numbers, TERM by default; what has stopped cannot be killed" {
	start_container . probe wait 100
	wait_until 5 grep -q ready out
	box kill "$TAG" HUP
	box kill "$TAG" SIGUSR1
	box kill "$TAG" 12
	box kill --signal WINCH "$TAG"
	wait_until 5 grep -qx "signal 28" out
	for n in 1 10 12 28; do grep -qx "signal $n" out; done
	box kill "$TAG"
	wait_stopped
	grep -qx "signal 15" out
	run box kill "$TAG" KILL
	expect_status 1
	expect_has "container not running"
	run box kill --all "$TAG" KILL
	[ "$status" -eq 0 ] || expect_has "container not running"
	run box kill "$TAG" NOSUCH
	[ "$status" -ne 0 ]
}

@test "kill of a created container ends it before its program ever runs" {
	create . "${WAITS[@]}"
	box kill "$TAG" KILL
	wait_stopped
	not has_run
	box delete "$TAG"
}

@test "kill --all reaches every process, also where the pid namespace is the host's" {
	start_container '.linux.namespaces |= map(select(.type != "pid"))' sh -c 'sleep 1001 & sleep 1002 & wait'
	wait_until 5 eval '[ "$(box ps --format json $TAG | jq length)" = 3 ]'
	pids=$(cat /sys/fs/cgroup/pids/box/"$TAG"/cgroup.procs 2>/dev/null || group_file none cgroup.procs)
	box kill --all "$TAG" KILL
	for pid in $pids; do wait_until 5 is_gone "$pid"; done
	wait_stopped
	box delete "$TAG"
}

@test "delete takes what is left of a stopped container without a pid namespace" {
	start_container '.linux.namespaces |= map(select(.type != "pid"))' sh -c 'sleep 1001 & exit 0'
	wait_stopped
	box delete "$TAG"
	[ -z "$(left_processes)$(left_cgroups)" ]
}

@test "an id that is taken is refused, and what has it is not touched" {
	start_container . sleep 1000
	pid=$(oci_pid)
	try_create
	expect_status 1
	expect_has "$TAG" exist
	[ "$(oci_pid)" = "$pid" ]
	is_in_state running
}

@test "ids that are no names are refused, and nothing is made" {
	bundle
	for id in "" . .. ../x /x a/b "a b" "-x" "$(printf 'a\nb')" "$(printf 'x%.0s' {1..300})" "ü"; do
		run box create -b "$BUNDLE" "$id"
		[ "$status" -ne 0 ] || fail "id \"$id\" was taken"
		[ -z "$(ls -A "$STATE" 2>/dev/null)" ] || fail "id \"$id\" left something: $(ls -A "$STATE")"
	done
	[ ! -e "$WORK/x" ]
	# An engine's: 64 digits and letters; and 128 of all kinds.
	for id in "$TAG$(printf 'a%.0s' {1..57})" "${TAG}_.-A$(printf '9%.0s' {1..110})"; do
		create_again "$id"
		box delete "$id"
	done
}

@test "no bundle, no config.json, no root: errors, and nothing is made" {
	run box create -b "$WORK/none" "$TAG"
	expect_status 1
	expect_has "$WORK/none"
	mkdir empty
	run box create -b "$WORK/empty" "$TAG"
	expect_status 1
	expect_has config.json
	bundle '.root.path = "nothing"'
	try_create
	expect_status 1
	expect_has root "nothing"
	[ -z "$(left_state)$(left_cgroups)" ]
	# The bundle is the current folder where nobody says another.
	bundle
	cd "$BUNDLE"
	timeout 10 box create "$TAG" </dev/null >"$WORK/out" 2>&1
	[ "$(box state "$TAG" | jq -r .bundle)" = "$BUNDLE" ]
}

@test "config.json may change, or go, after create" {
	create '.hooks.poststop = [{ "path": "/bin/sh", "args": ["sh", "-c", "echo gone >>'"$WORK"'/hook"] }]' sh -c 'echo first; sleep 1000'
	echo broken >"$BUNDLE/config.json"
	box start "$TAG"
	wait_until 5 grep -qx first out
	rm "$BUNDLE/config.json"
	run timeout 10 box exec "$TAG" echo inside
	expect_status 0
	expect_line inside
	box delete --force "$TAG"
	grep -qx gone hook
}

@test "a configuration without a process can be refused at create or at start" {
	bundle 'del(.process)'
	try_create
	if [ "$status" -eq 0 ]; then
		run box start "$TAG"
	fi
	[ "$status" -ne 0 ]
	expect_has process
}

@test "a program that is missing, or may not be executed, is an error of create, in the words that engines know" {
	bundle . no-such-program
	try_create
	expect_status 1
	grep -qiE "executable file not found in|no such file or directory" <<<"$output"
	[ -z "$(left_state)$(left_cgroups)" ]
	bundle . /etc/passwd
	try_create
	[ "$status" -ne 0 ]
	grep -qiE "permission denied" <<<"$output"
	[ -z "$(left_state)$(left_cgroups)" ]
	# What only the kernel finds out is an error of start, or of the program: never silence.
	printf '#!/no/such/interpreter\n' >"$BUNDLE/rootfs/script"
	chmod 755 "$BUNDLE/rootfs/script"
	bundle . /script
	try_create
	if [ "$status" -eq 0 ]; then
		run timeout 10 box start "$TAG"
	fi
	[ "$status" -ne 0 ]
	expect_has /script
}

@test "run: the exit code is the program's, and nothing is left" {
	for code in 0 1 42 127 255; do
		oci . sh -c "exit $code"
		expect_status $code
	done
	# In a pid namespace of its own the first process is immune to its own signals.
	oci '.linux.namespaces |= map(select(.type != "pid"))' sh -c 'kill -9 $$'
	[ "$status" -eq 137 ] || fail "a signal gave $status"
	oci . sh -c 'echo out; echo err >&2; cat'
	expect_line out err
	[ -z "$(left_state)$(left_cgroups)" ]
	oci . no-such-program
	[ "$status" -ne 0 ]
	[ -z "$(left_state)$(left_cgroups)" ]
}

@test "run passes its stdin and signals on" {
	bundle . cat
	[ "$(echo through | timeout 10 box run -b "$BUNDLE" "$TAG")" = through ]
	bundle . probe wait 100
	"$BOX" --root "$STATE" run -b "$BUNDLE" "$TAG" </dev/null >out 2>&1 &
	pid=$!
	wait_until 5 grep -q ready out
	kill -USR1 $pid
	wait_until 5 grep -qx "signal 10" out
	kill $pid
	wait $pid
	grep -qx "signal 15" out
}

@test "run --detach returns when it runs; --keep leaves it stopped" {
	bundle . "${WAITS[@]}"
	timeout 10 box run --detach -b "$BUNDLE" "$TAG" </dev/null >out 2>&1
	is_in_state running
	wait_until 5 has_run
	box delete --force "$TAG"
	bundle . sh -c 'exit 3'
	run timeout 10 box run --keep -b "$BUNDLE" "$TAG"
	expect_status 3
	is_in_state stopped
	box delete "$TAG"
}

is_still() { # out does not grow any more
	local before
	before=$(wc -l <out)
	sleep 0.5
	[ "$(wc -l <out)" -eq "$before" ]
}

@test "pause and resume; what a paused container answers" {
	start_container . sh -c 'while :; do echo tick; sleep 0.1; done'
	wait_until 5 grep -q tick out
	box pause "$TAG"
	is_in_state paused
	wait_until 10 is_still # what it had said is on its way yet
	before=$(wc -l <out)
	run timeout 5 box exec "$TAG" true
	[ "$status" -ne 0 ]
	expect_has paused
	run box delete "$TAG"
	expect_status 1
	is_in_state paused
	box resume "$TAG"
	is_in_state running
	wait_until 5 eval '[ "$(wc -l <out)" -gt '"$before"' ]'
	box pause "$TAG"
	box kill "$TAG" KILL
	wait_stopped
	box delete "$TAG"
	run box pause "$TAG"
	expect_status 1
}

@test "delete --force of a paused container" {
	start_container . sleep 1000
	box pause "$TAG"
	timeout 15 box delete --force "$TAG"
	[ -z "$(left_state)$(left_cgroups)" ]
}

@test "box stop, rm and ps are for OCI containers too: stop leaves it stopped, rm removes it" {
	create . sh -c 'trap "" TERM; while :; do sleep 0.1; done'
	[ "$(box ps --format json | jq -r '.[].status')" = created ]
	run box rm "$TAG"
	expect_status 0
	create . sh -c 'trap "exit 0" TERM; echo ready; while :; do sleep 0.1; done'
	box start "$TAG"
	wait_until 10 grep -q ready out
	[ "$(box ps --format json | jq -r '.[].status')" = running ]
	run box rm "$TAG"
	expect_status 1
	expect_has "not stopped: running"
	run box stop -t "$(slowly 20)" "$TAG"
	expect_status 0
	is_in_state stopped
	run box stop "$TAG"
	expect_status 0
	run box rm "$TAG"
	expect_status 0
	create . sh -c 'trap "" TERM; echo ready; while :; do sleep 0.1; done'
	box start "$TAG"
	wait_until 10 grep -q ready out
	run box stop -t 1 "$TAG"
	expect_status 0
	is_in_state stopped
	run box rm -f "$TAG"
	expect_status 0
	start_container . sleep 1000
	run try_again
	[[ $output == *"a container of this name exists"*"box rm -f $TAG"* ]]
	run box rm -f "$TAG"
	expect_status 0
	[ -z "$(left_state)$(left_cgroups)" ]
}
try_again() { box create -b "$BUNDLE" "$TAG"; }

@test "run: a name with a slash, a colon or an at sign is an image's, also where a bundle lies in the folder" {
	bundle . true
	cd "$BUNDLE"
	run box run --pull never acme/web:1
	expect_status 125
	expect_has "docker.io/acme/web:1 is not in the store"
}
