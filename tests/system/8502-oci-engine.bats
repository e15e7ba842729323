#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What engines rely on beside the life itself: pid files, descriptors, terminals, logs, lists.

load lib
load oci
setup() { setup_oci; }
teardown() { teardown_oci; }

@test "pid file: of create, run and exec; the number of the host" {
	CREATE=(--pid-file "$WORK/pid")
	start_container . sleep 1000
	[ "$(cat pid)" = "$(oci_pid)" ]
	[ "$(wc -c <pid)" = "$(printf %s "$(oci_pid)" | wc -c)" ]
	timeout 10 box exec --detach --pid-file "$WORK/pid2" "$TAG" sleep 1001 </dev/null >out2 2>&1
	grep -qa "sleep.1001" "/proc/$(cat pid2)/cmdline"
	# A path that cannot be written is an error, and then nothing is left.
	run timeout 10 box create --pid-file "$WORK/none/pid" -b "$BUNDLE" "$TAG-2" </dev/null
	expect_status 1
	[ -z "$(find "$STATE" -name "$TAG-2")" ]
}

# with_fds COMMAND…: with the descriptors 3 to 6 open, of which bats itself has the first.
with_fds() { "$@" 3<"$ROOTFS" 4<"$PROBE" 5</etc/passwd 6</etc </dev/null; }

# activated COUNT WORDS…: box with so many descriptors of a service manager, which names the process that they are for.
activated() { timeout 10 sh -c 'LISTEN_FDS=$1 LISTEN_PID=$$; export LISTEN_FDS LISTEN_PID; shift; exec box "$@"' sh "$@"; }

@test "preserve-fds and LISTEN_FDS: those descriptors and no others" {
	bundle . probe fds
	run with_fds timeout 10 box run -b "$BUNDLE" "$TAG"
	expect_has fd.0
	expect_not fd.3 fd.4 fd.5 fd.6
	run with_fds timeout 10 box run --preserve-fds 2 -b "$BUNDLE" "$TAG"
	expect_has "fd.3 " "fd.4 "
	expect_not fd.5 fd.6
	run with_fds activated 1 run -b "$BUNDLE" "$TAG"
	expect_has "fd.3 "
	expect_not fd.4 fd.5
	run with_fds activated 1 run --preserve-fds 2 -b "$BUNDLE" "$TAG"
	expect_has fd.3 fd.4 fd.5
	expect_not fd.6
	# Variables that were meant for somebody else.
	LISTEN_FDS=1 LISTEN_PID=1 run with_fds timeout 10 box run -b "$BUNDLE" "$TAG"
	expect_not fd.3 fd.4
	run timeout 10 box run --preserve-fds -1 -b "$BUNDLE" "$TAG" </dev/null
	[ "$status" -ne 0 ]
	# Of descriptors that are not there none is promised: runc refuses.
	run timeout 10 box run --preserve-fds 40 -b "$BUNDLE" "$TAG" </dev/null
	[ "$status" -ne 0 ] || expect_not fd.40
}

@test "socket activation: the program learns LISTEN_FDS and LISTEN_PID" {
	bundle . sh -c 'echo "listen=$LISTEN_FDS pid=$LISTEN_PID names=$LISTEN_FDNAMES self=$$"'
	LISTEN_FDNAMES=web run with_fds activated 1 run -b "$BUNDLE" "$TAG"
	expect_line "listen=1 pid=1 names=web self=1"
}

@test "console-socket: an engine gets the terminal" {
	need python3
	python3 "$BATS_TEST_DIRNAME/console.py" "$WORK/console" "$WORK/tty" &
	HELPERS=$!
	wait_until 5 test -S "$WORK/console"
	CREATE=(--console-socket "$WORK/console")
	start_container '.process.terminal = true | .process.consoleSize = { "height": 33, "width": 111 }' \
		sh -c 'probe terminal; ls -l /dev/console; probe fds; readlink /proc/self/fd/0'
	wait_stopped
	wait_until 5 grep -q "^size" tty
	output=$(tr -d '\r' <tty)
	expect_fact size 111x33
	expect_has "tty.0 /dev/"
	expect_not "tty.0 no" "tty.1 no" "tty.2 no" fd.3
	grep -q '^c.*/dev/console' <<<"$output"
	[ "$(sed -n 2p tty.name)" = 1 ]
}

@test "console-socket: two are told apart from none" {
	bundle '.process.terminal = true' true
	try_create
	[ "$status" -ne 0 ]
	expect_has console-socket
	bundle . true
	try_create --console-socket "$WORK/none"
	[ "$status" -ne 0 ]
	bundle '.process.terminal = true' true
	try_create --console-socket "$WORK/none"
	[ "$status" -ne 0 ]
	expect_has "$WORK/none"
	[ -z "$(left_state)$(left_cgroups)" ]
	# A size without a terminal is ignored.
	oci '.process.consoleSize = { "height": 33, "width": 111 }' probe terminal
	expect_status 0
	expect_line "tty.0 no"
}

@test "the log: one JSON object a line, with level, msg and time; text; debug" {
	run box --log "$WORK/log" --log-format json start "$TAG"
	expect_status 1
	jq -e -s 'length >= 1 and all(.[]; (.level | type) == "string" and (.msg | type) == "string" and (.time | type) == "string")' log
	jq -e -s '.[-1] | .level == "error" and (.msg | contains("container does not exist"))' log
	# containerd reads only those lines, and stderr besides.
	expect_has "container does not exist"
	run box --log "$WORK/log2" start "$TAG"
	grep -q "container does not exist" log2
	not jq . log2 >/dev/null 2>&1
	bundle '.process.args = ["/no\"such\\program\u001b[31m"]'
	run timeout 10 box --log "$WORK/log3" --log-format json create -b "$BUNDLE" "$TAG"
	expect_status 1
	jq -e -s '.[-1].msg | contains("no\"such")' log3
	not grep -q "$(printf '\033')" log3
	run box --debug --log "$WORK/log4" --log-format json state "$TAG"
	jq -e -s 'length >= 1' log4
	run box --log-format xml state "$TAG"
	[ "$status" -ne 0 ]
}

@test "ps: pids as a table and as the JSON list that engines read" {
	start_container . sh -c 'sleep 1000 & sleep 1000; true'
	wait_until 5 eval '[ "$(box ps --format json $TAG | jq length)" = 3 ]'
	box ps --format json "$TAG" | jq -e 'all(.[]; type == "number")'
	box ps --format json "$TAG" | jq -e --argjson pid "$(oci_pid)" 'index($pid) != null'
	run box ps "$TAG"
	expect_status 0
	expect_has sleep
}

@test "list: table, JSON, quiet" {
	run box list --format json
	expect_status 0
	[ "$(jq length <<<"$output")" = 0 ]
	create . sleep 1000
	create_again "$TAG-2"
	box start "$TAG-2"
	box list --format json | jq -e --arg id "$TAG" '
		length == 2 and (map(select(.id == $id)) | .[0].status == "created") and (map(select(.id != $id)) | .[0].status == "running") and
		all(.[]; (.pid > 1) and (.bundle | type) == "string" and (.created | type) == "string" and (.owner | type) == "string")'
	[ "$(box list -q | sort | xargs)" = "$TAG $TAG-2" ]
	run box list
	expect_has ID PID STATUS BUNDLE CREATED OWNER "$TAG" created running
	# A list of no containers is an empty array, not null.
	run box --root "$WORK/nothing" list -f json
	[ "$(jq -c . <<<"$output")" = "[]" ]
}

@test "runc's global options are taken" {
	bundle . true
	for option in "--systemd-cgroup=false" "--rootless true" "--rootless=auto" --debug; do
		run timeout 10 box $option state "$TAG"
		expect_has "container does not exist" || fail "$option"
	done
	run box --version
	expect_status 0
}
